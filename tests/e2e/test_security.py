"""Who may see and do what: customers their own orders, a place its own work, and nobody else's."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from doorstep.runtime.views import OrderView
from local.access import sign_in
from local.client import Doorstep, Refused
from tests.e2e.world import World


@pytest.fixture(scope="module")
def customer(world: World) -> Doorstep:
    """Somebody who has signed in, by their Cognito access token."""
    return world.caller(sign_in(world.outputs, f"buyer{world.number()}@example.org"))


@pytest.fixture(scope="module")
def leipzig(world: World) -> Iterator[Doorstep]:
    """The key of one warehouse, in force while a module's tests run."""
    client, secret = world.aws.client("secretsmanager"), world.outputs.api_keys_secret
    before = client.get_secret_value(SecretId=secret)["SecretString"]
    key = f"dsk_leipzig_{world.number()}"
    entry = {"name": "leipzig", "role": "warehouse", "scope": "leipzig"}
    digest = hashlib.sha256(key.encode()).hexdigest()
    client.put_secret_value(
        SecretId=secret, SecretString=json.dumps({**json.loads(before), digest: entry})
    )
    with world.configured("api-authorize", AWS_SDK_UA_APP_ID="reads-the-secret-anew"):
        yield world.caller(key)
    client.put_secret_value(SecretId=secret, SecretString=before)


@pytest.fixture(scope="module")
def order(world: World) -> OrderView:
    """Of somebody else, to be packed in Rotterdam."""
    placed = world.checks_out({world.sells({"rotterdam": 5}): 1})
    world.to_pack(placed.order_id)
    return world.order(placed.order_id)


def test_a_customer_buys_and_sees_only_what_is_theirs(
    world: World, customer: Doorstep, order: OrderView
) -> None:
    sku = world.sells({"leipzig": 5})
    mine = customer.place(world.cart({sku: 1}), world.key())
    assert mine.customer.customer_id != "c-4711", "a customer cannot buy as somebody else"
    assert customer.order(mine.order_id).order_id == mine.order_id
    assert customer.order(mine.order_id).work_items == ()

    for forbidden in (
        lambda: customer.order(order.order_id),
        lambda: customer.cancel(order.order_id, "not mine"),
        lambda: customer.request_return(
            order.order_id, [{"line_id": "1", "quantity": 1, "reason": "other"}], world.key()
        ),
    ):
        with pytest.raises(Refused, match="404"):
            forbidden()
    assert world.order(order.order_id).status == "placed"


def test_a_role_does_only_what_it_is_for(
    world: World, customer: Doorstep, order: OrderView
) -> None:
    (one,) = order.fulfillment_orders
    sku = order.lines[0].sku or ""
    for caller, forbidden in (
        (customer, lambda who: who.work_items()),
        (customer, lambda who: who.work("rotterdam")),
        (customer, lambda who: who.accept(one.fulfillment_order_id)),
        (customer, lambda who: who.receive("rotterdam", "mine", {sku: 1})),
        (world.webshop, lambda who: who.work_items()),
        (world.webshop, lambda who: who.pack(one.fulfillment_order_id, [])),
        (world.webshop, lambda who: who.receive("rotterdam", "mine", {sku: 1})),
        (world.warehouse, lambda who: who.order(order.order_id)),
        (world.warehouse, lambda who: who.cancel(order.order_id, "no")),
        (world.warehouse, lambda who: who.place(world.cart({sku: 1}), world.key())),
        (world.warehouse, lambda who: who.retry(one.fulfillment_order_id)),
        (world.service, lambda who: who.receive("rotterdam", "mine", {sku: 1})),
    ):
        with pytest.raises(Refused, match=r"403|422"):
            forbidden(caller)
    assert world.order(order.order_id).version == order.version
    assert world.service.stock(sku).available == 4


def test_a_warehouse_key_opens_one_warehouse(leipzig: Doorstep, order: OrderView) -> None:
    (one,) = order.fulfillment_orders
    assert leipzig.work("leipzig")
    for forbidden in (
        lambda: leipzig.work("rotterdam"),
        lambda: leipzig.accept(one.fulfillment_order_id),
        lambda: leipzig.reject(one.fulfillment_order_id, "not ours"),
        lambda: leipzig.receive("rotterdam", "not-ours", {order.lines[0].sku or "": 1}),
    ):
        with pytest.raises(Refused, match="404"):
            forbidden()


def test_a_storefront_sells_in_its_own_channel(world: World, order: OrderView) -> None:
    with pytest.raises(Refused, match="404"):
        world.webshop.place(world.cart({order.lines[0].sku or "": 1}, channel="b2b"), world.key())


@pytest.mark.parametrize(
    "credential",
    ["", "nobody", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "x" * 6_000],
)
def test_whoever_is_not_known_gets_nothing(world: World, order: OrderView, credential: str) -> None:
    with pytest.raises(Refused, match=r"401|403"):
        world.caller(credential).order(order.order_id)


def test_payment_methods_are_shown_to_nobody(world: World, order: OrderView) -> None:
    answer = world.sends("GET", f"/orders/{order.order_id}", None, {})
    assert "tok_approve" not in answer.text
