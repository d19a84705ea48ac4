"""Money: authorized once, captured per parcel, given back once; what nobody finished is settled."""

from collections.abc import Iterator

import pytest

from doorstep.domain.order import order_id
from doorstep.runtime.views import OrderView
from local.client import Refused
from tests.e2e.world import World


def causes(order: OrderView) -> list[str]:
    return [item.cause for item in order.work_items]


@pytest.fixture
def impatient(world: World) -> Iterator[None]:
    """Checkouts expire as soon as they begin."""
    with world.configured("checkout-api", CHECKOUT_TTL_SECONDS="1"):
        yield


def test_a_declined_payment_charges_nothing_and_frees_the_stock(world: World) -> None:
    sku, key = world.sells({"leipzig": 1}), world.key()
    for _ in range(2):
        with pytest.raises(Refused, match=r"402 .*insufficient_funds"):
            world.webshop.place(world.cart({sku: 1}, payment_token="tok_decline"), key)
    assert world.service.stock(sku).available == 1
    assert world.order(order_id("web", key)).status == "canceled"
    world.ships(world.checks_out({sku: 1}).order_id)


@pytest.mark.parametrize("token", ["tok_timeout_before", "tok_timeout_after", "tok_slow"])
def test_a_provider_that_answers_late_or_never_is_asked_not_guessed(
    world: World, token: str
) -> None:
    sku = world.sells({"leipzig": 1})
    order = world.checks_out({sku: 1}, payment_token=token)
    assert order.payment == "authorized"
    assert len(world.charges(order)) == 1


def test_a_checkout_while_the_provider_is_down_is_repeated_with_its_key(world: World) -> None:
    """The stock stays with the customer meanwhile."""
    sku, key = world.sells({"leipzig": 1}), world.key()
    cart = world.cart({sku: 1}, payment_token="tok_down")
    for _ in range(2):
        with pytest.raises(Refused, match="503"):
            world.webshop.place(cart, key)
    order = world.order(order_id("web", key))
    assert (order.status, order.version) == ("pending", 1)
    assert (world.service.stock(sku).available, world.service.stock(sku).held) == (0, 1)


@pytest.mark.usefixtures("impatient")
def test_a_checkout_that_was_never_paid_is_undone(world: World) -> None:
    sku, key = world.sells({"leipzig": 1}), world.key()
    with pytest.raises(Refused, match="503"):
        world.webshop.place(world.cart({sku: 1}, payment_token="tok_down"), key)

    undone = world.settled(order_id("web", key))
    assert (undone.status, undone.cancel_reason) == ("canceled", "payment_declined")
    assert world.service.stock(sku).available == 1
    with pytest.raises(Refused, match=r"402 .*expired"):
        world.webshop.place(world.cart({sku: 1}, payment_token="tok_down"), key)


def test_a_parcel_waits_for_money_that_is_declined_and_somebody_is_told(world: World) -> None:
    """A declined capture at pack time: hold, say why, let an agent retry."""
    sku = world.sells({"leipzig": 1})
    order = world.checks_out({sku: 1}, payment_token="tok_capture_decline")
    (one,) = world.to_pack(order.order_id)
    world.packs(one)

    def held(found: OrderView) -> bool:
        return found.fulfillment_orders[0].status == "on_hold"

    order = world.becomes(order.order_id, "held", held)
    assert order.fulfillment_orders[0].reason == "do_not_honor"
    assert causes(order) == ["capture_declined"]
    assert order.shipments[0].tracking_number == "", "no label is bought for what is not paid"

    again = world.retries(one)
    order = world.becomes(
        order.order_id, "held again", lambda o: held(o) and len(o.payments[0].events) == 3
    )
    assert order.fulfillment_orders[0].attempt == again.attempt == 2
    assert causes(order) == ["capture_declined"]
    assert [charge["refundable"] for charge in world.charges(order)] == [0]
    world.becomes_true(
        "the workflow has ended", lambda: world.execution(again)["status"] == "SUCCEEDED"
    )


def test_a_parcel_leaves_once_the_storefront_has_its_money(world: World) -> None:
    sold = world.sold_elsewhere({world.sells({"leipzig": 2}): 2}, paid=False)
    order = world.arrives(sold)
    assert [hold.hold_id for hold in order.holds if hold.active] == ["awaiting_payment"]
    world.service.release_hold(order.order_id, "awaiting_payment")
    (one,) = world.to_pack(order.order_id)
    world.packs(one)
    world.becomes(order.order_id, "held", lambda o: o.fulfillment_orders[0].status == "on_hold")

    world.arrives({**sold, "paid": sold["total"]}, "order.paid")
    world.becomes(order.order_id, "paid", lambda o: o.payment == "captured")
    world.retries(one)
    world.shipped(order.order_id)


def test_a_capture_that_was_not_answered_takes_the_money_once(world: World) -> None:
    sku = world.sells({"leipzig": 1}, price=700)
    order = world.checks_out({sku: 1}, payment_token="tok_capture_timeout_after")
    order = world.ships(order.order_id)
    (charge,) = world.charges(order)
    assert (charge["refundable"], charge["capturable"]) == (700 + 495, 0)


def test_several_tenders_are_drawn_on_and_paid_back_to_the_last_cent(world: World) -> None:
    sku = world.sells({"leipzig": 1}, price=700)
    gift = {"method": "gift_card", "token": "tok_approve", "amount": euros(500)}
    card = {"token": "tok_single_capture"}
    order = world.checks_out({sku: 1}, payment_token="", payments=[gift, card])
    order = world.ships(order.order_id)
    assert [one.captured.minor for one in order.payments] == [500, 695]

    wanted, key = {"reason": "goodwill", "amount": euros(800)}, world.key()
    first, again = (world.service.refund(order.order_id, wanted, key) for _ in range(2))
    assert first == again
    assert first.given.minor == 800
    order = world.order(order.order_id)
    assert [one.refunded.minor for one in order.payments] == [105, 695]
    with pytest.raises(Refused, match=r"422 .*3\.95 EUR at the most"):
        world.service.refund(order.order_id, wanted, world.key())


def test_the_customer_pays_in_another_way_by_the_link_of_a_mail(world: World) -> None:
    order = world.checks_out({world.sells({"leipzig": 1}): 1}, payment_token="tok_capture_decline")
    (one,) = world.to_pack(order.order_id)
    world.packs(one)
    (mail,) = world.mailed(f"Please pay for your order {order.order_id} in another way")
    link = next(x for x in mail["BodyText"].split() if x.startswith("http"))
    key, token = one.fulfillment_order_id, link.partition("token=")[2]
    assert f"/payment-links/{key}?token=" in link

    assert world.anybody.payment_due(key, token).amount == order.totals.total
    with pytest.raises(Refused, match=r"402 .*insufficient_funds"):
        world.anybody.pay_by_link(key, token, "tok_decline", world.key())
    world.anybody.pay_by_link(key, token, "tok_approve", world.key())
    order = world.shipped(order.order_id)
    assert [one.captured.minor for one in order.payments] == [0, 0, order.totals.total.minor]
    assert order.payments[0].authorized.minor == 0, "the first card is free again"


def euros(cents: int) -> dict[str, object]:
    return {"minor": cents, "currency": "EUR"}
