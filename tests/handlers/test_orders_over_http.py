"""checkout/api: orders over HTTP, for those who may, and clear answers to everybody else."""

import json
from io import StringIO

import pytest

from doorstep.runtime import wiring
from functions.checkout import api
from tests import builders as a
from tests.handlers.cloud import Answer, Cloud, call

KEY = {"Idempotency-Key": "cart-1"}


pytestmark = pytest.mark.usefixtures("shop")


def cart(**more: object) -> dict[str, object]:
    return a.cart(("MUG", 2)).model_dump(mode="json", exclude_none=True) | more


def buy(body: object = None, **more: object) -> Answer:
    return call(api, "POST", "/orders", body or cart(), **{"headers": KEY} | more)


def test_an_order_is_placed_and_a_repeat_answers_the_same() -> None:
    first, again = buy(), buy()
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    assert first.body["status"] == "placed"
    assert first.body["totals"]["total"] == {"minor": 2890, "currency": "EUR"}
    assert first.body["promise"]["deliver_by"]


def test_an_order_is_shown_with_its_timeline() -> None:
    key = buy().body["order_id"]
    shown = call(api, "GET", f"/orders/{key}")
    assert shown.status == 200
    assert [item["name"] for item in shown.body["timeline"]] == [
        "order.received",
        "payment.authorized",
        "order.placed",
    ]
    assert {item["actor"] for item in shown.body["timeline"]} == {"ann"}
    assert "tok_approve" not in json.dumps(shown.body)


def test_an_order_is_canceled() -> None:
    key = buy().body["order_id"]
    canceled = call(api, "POST", f"/orders/{key}/cancel", {"reason": "changed my mind"})
    assert (canceled.status, canceled.body["status"]) == (200, "canceled")
    assert canceled.body["payment"] == "voided"
    again = call(api, "POST", f"/orders/{key}/cancel", {"reason": "changed my mind"})
    assert (again.status, again.body["version"]) == (200, canceled.body["version"])


def test_a_held_order_is_released_by_an_agent() -> None:
    risky = cart(customer={"email": "x@mailinator.com", "name": "X"}, lines=[_line("MUG", 5)])
    order = buy(risky | {"billing_address": cart()["shipping_address"] | {"country": "FR"}}).body
    assert [hold["hold_id"] for hold in order["holds"]] == ["review"]
    path = f"/orders/{order['order_id']}/holds/review/release"
    assert call(api, "POST", path, role="storefront").status == 403
    assert call(api, "POST", path, role="agent").body["holds"][0]["released_by"] == "ann"
    assert call(api, "POST", path, role="agent").status == 404


# --- refusals -------------------------------------------------------------------------------------


def test_out_of_stock_names_the_short_lines_and_what_is_left() -> None:
    answer = buy(cart(lines=[_line("MUG", 6)]))
    assert answer.status == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["short"] == [{"sku": "MUG", "asked": 6, "left": 5}]


def test_a_declined_payment_is_402_and_its_stock_is_free() -> None:
    assert buy(cart(payment_token="tok_decline")).status == 402
    assert buy(cart(lines=[_line("MUG", 5)]), headers={"Idempotency-Key": "2"}).status == 201


def test_several_tenders_add_up_or_are_refused() -> None:
    gift = {
        "method": "gift_card",
        "token": "tok_approve",
        "amount": {"minor": 500, "currency": "EUR"},
    }
    card = {"token": "tok_approve"}
    order = buy(cart(payment_token="", payments=[gift, card])).body
    assert [(p["method"], p["amount"]["minor"]) for p in order["payments"]] == [
        ("gift_card", 500),
        ("card", 2390),
    ]
    short = buy(cart(payment_token="", payments=[gift]), headers={"Idempotency-Key": "2"})
    assert (short.status, short.body["faults"][0]["path"]) == (422, "payments")


def test_a_provider_that_is_down_is_503_with_a_time_to_come_back() -> None:
    answer = buy(cart(payment_token="tok_down"))
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


def test_a_reused_key_is_409() -> None:
    buy()
    answer = buy(cart(lines=[_line("MUG", 1)]))
    assert (answer.status, answer.body["type"]) == (
        409,
        "urn:doorstep:problem:idempotency-key-reused",
    )


def test_every_fault_is_listed_at_its_path() -> None:
    body = cart(
        lines=[_line("MUG", 0), _line("MUG", "two"), _line("x#y", 1)],
        currency="EURO",
        surprise=True,
        customer={"email": "nobody", "name": ""},
    )
    answer = buy(body)
    assert answer.status == 422
    assert set(answer.faults) == {
        "lines.0.quantity",
        "lines.1.quantity",
        "lines.2.sku",
        "currency",
        "surprise",
        "customer.email",
        "customer.name",
    }


def test_faults_that_only_the_catalog_shows_are_listed_alike() -> None:
    answer = buy(cart(lines=[_line("NOPE", 1)], delivery_option="drone"))
    assert answer.status == 422
    assert set(answer.faults) == {"lines.0.sku", "delivery_option"}


@pytest.mark.parametrize(
    ("quantity", "status"), [(-1, 422), (10_001, 422), (10**30, 422), (1.5, 422), (None, 422)]
)
def test_odd_quantities_are_refused(quantity: object, status: int) -> None:
    assert buy(cart(lines=[_line("MUG", quantity)])).status == status


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        ("{", {}, 400),
        ("", {}, 422),
        ("[]", {}, 422),
        ("null", {}, 422),
        ('"text"', {}, 422),
        ("{}", {"content-type": "text/plain"}, 415),
        ("{}", {"content-type": "application/x-www-form-urlencoded"}, 415),
        ('{"lines": "' + "x" * 1_000_000 + '"}', {}, 413),
        ("{" * 100_000, {}, 400),
        ('{"a": ' * 5_000 + "1" + "}" * 5_000, {}, 400),
        ("\ud800", {}, 400),
    ],
)
def test_bad_bodies_get_a_clear_answer_and_nothing_is_stored(
    shop: Cloud, raw: str, headers: dict[str, str], status: int
) -> None:
    before = shop.rows()
    answer = call(api, "POST", "/orders", raw=raw, headers=KEY | headers)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["type"].startswith("urn:doorstep:problem:")
    assert shop.rows() == before


@pytest.mark.parametrize("key", [None, "", "x" * 201, "söme", "a b"])
def test_an_idempotency_key_is_required(key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = call(api, "POST", "/orders", cart(), headers=headers)
    assert answer.status == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("DELETE", "/orders/O-A"),
        ("GET", "/orders/../secrets"),
        ("GET", "/orders/O-A/B"),
        ("GET", "/"),
    ],
)
def test_an_unknown_route_is_404(method: str, path: str) -> None:
    answer = call(api, method, path)
    assert answer.status in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["O-NOWHERE", "O-A#B", "%2e%2e", "o-a", "O-" + "A" * 200, "O"])
def test_an_order_that_is_not_there_is_404_or_422(key: str) -> None:
    assert call(api, "GET", f"/orders/{key}").status in (404, 422)


# --- who may what ---------------------------------------------------------------------------------


def test_a_customer_buys_in_their_own_name_and_sees_only_their_own() -> None:
    order = buy(role="customer", name="ada").body
    assert order["customer"]["customer_id"] == "ada"
    path = f"/orders/{order['order_id']}"
    assert call(api, "GET", path, role="customer", name="ada").status == 200
    stranger = call(api, "GET", path, role="customer", name="eve")
    missing = call(api, "GET", "/orders/O-NOWHERE", role="customer", name="eve")
    assert stranger.status == missing.status == 404
    assert stranger.body["title"] == missing.body["title"]
    reason = {"reason": "x"}
    assert call(api, "POST", f"{path}/cancel", reason, role="customer", name="eve").status == 404


def test_the_same_key_of_two_customers_makes_two_orders() -> None:
    """And nobody learns from an answer that somebody else used it."""
    one, two = (buy(role="customer", name=name) for name in ("ada", "eve"))
    assert (one.status, two.status) == (201, 201)
    assert one.body["order_id"] != two.body["order_id"]


def test_a_storefront_sees_only_its_channels() -> None:
    own = {"role": "storefront", "scope": "web app"}
    other = {"role": "storefront", "scope": "b2b"}
    assert buy(**other).status == 404
    path = f"/orders/{buy(**own).body['order_id']}"
    assert call(api, "GET", path, **own).status == 200
    assert call(api, "GET", path, **other).status == 404


@pytest.mark.parametrize("role", ["warehouse", "", "nobody"])
def test_others_may_not(role: str) -> None:
    key = buy().body["order_id"]
    assert buy(role=role).status == 403
    assert call(api, "GET", f"/orders/{key}", role=role).status == 403
    assert call(api, "GET", "/work-items", role=role).status == 403


def test_work_items_are_listed_and_closed_by_agents() -> None:
    listed = call(api, "GET", "/work-items", role="agent", query={"limit": "5"})
    assert (listed.status, listed.body) == (200, {"work_items": [], "after": None})
    assert call(api, "GET", "/work-items", query={"limit": "0"}).status == 422
    assert call(api, "GET", "/work-items", query={"after": "nonsense"}).status == 422
    assert call(api, "POST", "/work-items/O-A-W-x/close", role="agent").status == 404


def test_what_is_unforeseen_is_500_and_gives_nothing_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: str = "") -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(wiring, "orders", broken)
    answer = call(api, "GET", "/orders/O-A")
    assert answer.status == 500
    assert "42" not in json.dumps(answer.body)


def test_nothing_personal_is_logged(logged: StringIO) -> None:
    buy()
    buy(cart(customer={"email": "not an address", "name": "Ada"}))
    call(api, "GET", "/orders/O-A")
    assert "http" in logged.getvalue()
    for secret in ("ada@example.org", "Lovelace", "Torstra", "tok_approve", "not an address"):
        assert secret not in logged.getvalue()


def _line(sku: str, quantity: object) -> dict[str, object]:
    return {"sku": sku, "quantity": quantity}


def test_a_customer_is_not_shown_what_the_merchant_suspects() -> None:
    risky = cart(customer={"email": "x@mailinator.com", "name": "X"}, lines=[_line("MUG", 5)])
    placed = buy(risky, role="customer", name="ada")
    assert placed.body["holds"][0]["reasons"] == []
    shown = call(api, "GET", f"/orders/{placed.body['order_id']}", role="customer", name="ada").body
    assert {item["actor"] for item in shown["timeline"]} == {""}
    assert "order.held" not in {item["name"] for item in shown["timeline"]}
    agent = call(api, "GET", f"/orders/{placed.body['order_id']}", role="agent").body
    assert agent["holds"][0]["reasons"]
    assert "order.held" in {item["name"] for item in agent["timeline"]}
