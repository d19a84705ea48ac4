"""allocate/remedy_api: what cannot be filled, and the way out, by an agent, a login or a link."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from doorstep.adapters.links import SignedLinks
from doorstep.domain.storefront import OrderNews
from doorstep.runtime import wiring
from doorstep.usecases.ingest import follow_storefront
from functions.allocate import allocate, remedies, remedy_api, stock_api
from functions.checkout import api as checkout_api
from functions.events import notify
from tests import builders as a
from tests.handlers.cloud import LINKS_SECRET, Answer, Cloud, call, consume

AGENT = {"role": "agent", "name": "ann"}
BOB = {"role": "customer", "name": "7"}


@pytest.fixture
def order_id(shop: Cloud) -> str:
    """Two cups that the storefront has sold to Bob, and that nobody has; mugs would do instead."""
    cup = a.product("CUP").model_copy(update={"substitutes": ("MUG",)})
    body = cup.model_dump(mode="json")
    assert call(stock_api, "PUT", "/products/CUP", body).status == 200
    order = follow_storefront(
        "shopify",
        OrderNews(order=a.storefront_order(a.sold("1", "CUP", 2))),
        orders=wiring.orders(),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        clock=wiring.clock,
    )
    assert order
    allocated(shop, order.order_id)
    return order.order_id


def allocated(shop: Cloud, order_id: str) -> None:
    names = ("order.placed", "order.allocation_requested")
    assert consume(allocate, *shop.on_the_bus(order_id, *names)) == []


def offered(order_id: str, **wanted: object) -> str:
    answer = call(remedy_api, "POST", f"/orders/{order_id}/remedies", wanted, **AGENT)
    assert answer.status == 201
    return str(answer.body["remedy_id"])


def by_link(remedy_id: str, token: str, **choice: object) -> Answer:
    body = {"token": token, "kind": "substitute", **choice}
    return call(remedy_api, "POST", f"/remedy-offers/{remedy_id}", body, role="", name="")


def token_for(remedy_id: str, until: datetime, secret: str = LINKS_SECRET) -> str:
    return SignedLinks("", (secret,), wiring.clock).to(remedy_id, until).partition("=")[2]


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def mailed(shop: Cloud, order_id: str, name: str) -> str:
    """The mail about an event of an order."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.ses.models import ses_backends

    assert consume(notify, *shop.on_the_bus(order_id, name)) == []
    return str(ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages[-1].body)


def test_what_cannot_be_filled_is_listed_with_all_that_is_known_of_it(order_id: str) -> None:
    offered(order_id)
    listed = call(remedy_api, "GET", "/unfillable", **AGENT)
    assert (listed.status, listed.body["after"]) == (200, None)
    (one,) = listed.body["orders"]
    assert (one["order_id"], one["since"] is not None) == (order_id, True)
    (line,) = one["lines"]
    assert (line["sku"], line["quantity"], line["backordered"]) == ("CUP", 2, 2)
    assert one["remedy"]["status"] == "offered"
    assert call(remedy_api, "GET", "/unfillable", role="customer").status == 403


def test_the_list_comes_in_pages(shop: Cloud, order_id: str) -> None:
    sold = a.storefront_order(a.sold("1", "CUP"), external_id="8")
    ports = {"orders": wiring.orders(), "catalog": wiring.catalog(), "stock": wiring.stock()}
    other = follow_storefront("shopify", OrderNews(order=sold), clock=wiring.clock, **ports)  # type: ignore[arg-type]
    assert other
    allocated(shop, other.order_id)
    first = call(remedy_api, "GET", "/unfillable", query={"limit": "1"}, **AGENT).body
    query = {"limit": "1", "after": first["after"]}
    second = call(remedy_api, "GET", "/unfillable", query=query, **AGENT).body
    found = {one["order_id"] for page in (first, second) for one in page["orders"]}
    assert (found, second["after"]) == ({order_id, other.order_id}, None)
    bad = call(remedy_api, "GET", "/unfillable", query={"after": "x"}, **AGENT)
    assert (bad.status, bad.faults) == (422, {"after": "not a cursor of this list"})


def test_the_customer_gets_a_link_and_picks_something_else_with_it(
    shop: Cloud, order_id: str
) -> None:
    remedy_id = offered(order_id)
    mail = mailed(shop, order_id, "remedy.offered")
    assert "2 × Mug instead of CUP for 24.00 EUR" in mail
    link = next(line for line in mail.splitlines() if line.startswith("https://"))
    assert link.startswith(f"https://shop.example/remedies/{remedy_id}?token=")
    token = link.partition("token=")[2]
    path = f"/remedy-offers/{remedy_id}"
    shown = call(remedy_api, "GET", path, query={"token": token}, role="", name="")
    assert (shown.status, shown.body["status"]) == (200, "offered")
    assert "bob@example.org" not in json.dumps(shown.body)
    done = by_link(remedy_id, token, substitutes={"1": "MUG"})
    assert (done.status, done.body["status"]) == (200, "carried_out")
    again = by_link(remedy_id, token, substitutes={"1": "MUG"})
    assert again.body == done.body
    other = by_link(remedy_id, token, kind="refund")
    assert (other.status, other.body["type"]) == (409, "urn:doorstep:problem:illegal-transition")
    allocated(shop, order_id)
    order = call(checkout_api, "GET", f"/orders/{order_id}", **AGENT).body
    assert [one["lines"][0]["sku"] for one in order["fulfillment_orders"]] == ["MUG"]
    assert "something else" in mailed(shop, order_id, "remedy.carried_out")
    assert call(remedy_api, "GET", "/unfillable", **AGENT).body["orders"] == []


@pytest.mark.parametrize("forge", ["", "x", "1.x", "nobody", "expired", "another"])
def test_a_link_that_is_forged_expired_or_for_another_one_is_refused(
    order_id: str, forge: str
) -> None:
    remedy_id = offered(order_id)
    made_up = {
        "nobody": token_for(remedy_id, soon(), "the secret of somebody else, of the same length"),
        "expired": token_for(remedy_id, datetime.now(UTC) - timedelta(seconds=2)),
        "another": token_for(f"{order_id}-M2", soon()),
    }
    token = made_up.get(forge, forge)
    answer = by_link(remedy_id, token)
    assert answer.status == (422 if not token else 401)
    shown = call(
        remedy_api, "GET", f"/remedy-offers/{remedy_id}", query={"token": token}, role="", name=""
    )
    assert shown.status == 401
    assert wiring.orders().get(order_id).offered


def test_customers_choose_with_their_login_and_only_for_themselves(order_id: str) -> None:
    remedy_id = offered(order_id)
    path = f"/remedies/{remedy_id}"
    eve = {"role": "customer", "name": "eve"}
    assert call(remedy_api, "GET", path, **eve).status == 404
    assert call(remedy_api, "POST", f"{path}/choose", {"kind": "refund"}, **eve).status == 404
    assert call(remedy_api, "POST", f"{path}/withdraw", **BOB).status == 403
    assert call(remedy_api, "POST", f"/orders/{order_id}/remedies", {}, **BOB).status == 403
    chosen = call(remedy_api, "POST", f"{path}/choose", {"kind": "refund"}, **BOB)
    assert (chosen.status, chosen.body["refund"]["minor"]) == (200, 2890)
    shown = call(checkout_api, "GET", f"/orders/{order_id}", **BOB).body
    assert (shown["status"], shown["remedies"][0]["choice"]) == ("canceled", "refund")


def test_an_offer_is_taken_back_by_an_agent(order_id: str) -> None:
    path = f"/remedies/{offered(order_id)}"
    gone = call(remedy_api, "POST", f"{path}/withdraw", **AGENT)
    assert (gone.status, gone.body["status"]) == (200, "withdrawn")
    assert call(remedy_api, "POST", f"{path}/withdraw", **AGENT).body == gone.body
    assert call(remedy_api, "POST", f"{path}/choose", {"kind": "wait"}, **AGENT).status == 409


def test_bad_wishes_get_their_reasons_and_change_nothing(order_id: str) -> None:
    past = {"deadline": "2020-01-01T00:00:00Z"}
    answer = call(remedy_api, "POST", f"/orders/{order_id}/remedies", past, **AGENT)
    assert (answer.status, answer.faults) == (422, {"deadline": "has passed already"})
    remedy_id = offered(order_id)
    for choice in ({"kind": "gift"}, {"kind": "substitute", "substitutes": {"9": "MUG"}}, {}):
        path = f"/remedies/{remedy_id}/choose"
        assert call(remedy_api, "POST", path, choice, **AGENT).status == 422
    assert wiring.orders().get(order_id).offered


@pytest.mark.usefixtures("shop")
def test_the_policy_of_a_channel_is_kept_by_an_admin() -> None:
    path = "/remedy-policies/web"
    usual = call(remedy_api, "GET", path, **AGENT).body
    assert (usual["automatic"], usual["at_deadline"]) == (True, "partial")
    own = usual | {"answer_within_hours": 5, "at_deadline": "wait"}
    assert call(remedy_api, "PUT", path, own, **AGENT).status == 403
    assert call(remedy_api, "PUT", path, own).body == own
    assert call(remedy_api, "GET", path, **AGENT).body == own
    assert call(remedy_api, "GET", "/remedy-policies/Web", **AGENT).status == 422
    for absurd in (
        {"answer_within_hours": 0},
        {"offer_after_minutes": 10**9},
        {"at_deadline": "substitute"},
        {"channel": "shopify"},
    ):
        assert call(remedy_api, "PUT", path, own | absurd).status == 422
    assert call(remedy_api, "GET", path, **AGENT).body == own


def test_the_clock_decides_what_nobody_chose(shop: Cloud, order_id: str) -> None:
    remedy_id = offered(order_id)
    remedies.handler({}, None)
    order = wiring.orders().get(order_id)
    late = order.remedy(remedy_id).model_copy(
        update={"deadline": datetime.now(UTC) - timedelta(seconds=2)}
    )
    wiring.orders().commit(order.with_remedy(late))
    assert order.offered
    remedies.handler({}, None)
    assert "canceled" in mailed(shop, order_id, "remedy.carried_out")
    assert wiring.orders().get(order_id).status == "canceled"
