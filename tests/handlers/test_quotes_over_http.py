"""checkout/quote: availability for everybody, quotes for callers, and no write at all."""

import json
from datetime import UTC, datetime
from http import HTTPStatus

import pytest

from functions.allocate import stock_api
from functions.checkout import api, quote
from tests import builders as a
from tests.handlers.cloud import Answer, Cloud, call

pytestmark = pytest.mark.usefixtures("shop")


def available(**query: str) -> Answer:
    asked = {"sku": "MUG", "country": "DE"} | query
    return call(quote, "GET", "/availability", query=asked, role="", name="")


def quoted(role: str = "storefront", **more: object) -> Answer:
    lines = [{"sku": "MUG", "quantity": 2}]
    body = {"currency": "EUR", "lines": lines, "country": "DE", "postal_code": "10119"} | more
    return call(quote, "POST", "/quotes", body, role=role)


def test_a_product_page_asks_without_a_login_and_may_keep_the_answer() -> None:
    answer = available(quantity="2", postal_code="10119")
    assert answer.status == HTTPStatus.OK
    (line,) = answer.body["lines"]
    assert (line["state"], line["left"]) == ("low_stock", 5)
    assert line["places"][0]["name"] == "BERLIN"
    (option,) = answer.body["options"]
    assert option["total"] == {"minor": 2890, "currency": "EUR"}
    assert option["order_within_seconds"] > 0
    kept, _, seconds = answer.headers["cache-control"].partition("max-age=")
    assert (kept, answer.headers["access-control-allow-origin"]) == ("public, ", "*")
    assert 0 <= int(seconds) <= quote.KEPT_SECONDS


def test_what_is_quoted_is_what_is_promised() -> None:
    (option,) = quoted().body["options"]
    cart = a.cart(("MUG", 2)).model_dump(mode="json", exclude_none=True)
    order = call(api, "POST", "/orders", cart, headers={"Idempotency-Key": "cart-1"}).body
    assert order["totals"]["total"] == option["total"]
    assert order["promise"]["deliver_by"] == option["deliver_by"]


def test_the_last_slot_is_sold_once_and_the_next_caller_is_told_what_there_is() -> None:
    near = {"latitude": 52.53, "longitude": 13.40, "capabilities": ["ship", "same_day"]}
    store = a.location("BERLIN", kind="store", calendar=a.early_morning(datetime.now(UTC)), **near)
    option = a.same_day(windows=[a.NOON])
    saved = ("locations/BERLIN", store), ("delivery-options/same-day", option)
    for path, record in saved:
        call(stock_api, "PUT", f"/{path}", record.model_dump(mode="json"))
    shown = next(one for one in quoted().body["options"] if one["code"] == "same-day")
    (window,) = shown["windows"]
    assert 0 < window["order_within_seconds"] == shown["order_within_seconds"] < 6 * 3600

    def buys(key: str) -> Answer:
        cart = a.cart(("MUG", 1), delivery_option="same-day", delivery_window=window["starts"])
        body = cart.model_dump(mode="json", exclude_none=True)
        return call(api, "POST", "/orders", body, headers={"Idempotency-Key": key})

    first, again, second = buys("1"), buys("1"), buys("2")
    assert (first.status, again.status, second.status) == (201, 200, 409)
    assert first.body["promise"]["deliver_by"] == shown["deliver_by"]
    assert second.body["type"] == "urn:doorstep:problem:fully-booked"
    assert [one["delivery_option"] for one in second.body["instead"]] == ["standard"]
    assert [one["code"] for one in quoted().body["options"]] == ["standard"]


def test_a_quote_writes_nothing(shop: Cloud) -> None:
    before = shop.rows()
    assert available().status == quoted().status == HTTPStatus.OK
    assert shop.rows() == before


@pytest.mark.parametrize(
    ("query", "status", "path"),
    [
        ({"sku": "NOPE"}, 404, None),
        ({"country": "XX"}, 422, "query.country"),
        ({"country": "Germany"}, 422, "query.country"),
        ({"quantity": "0"}, 422, "query.quantity"),
        ({"quantity": "101"}, 422, "query.quantity"),
        ({"quantity": "many"}, 422, "query.quantity"),
        ({"currency": "XXX"}, 422, "query.currency"),
        ({"currency": "USD"}, 422, "currency"),
        ({"sku": "A#B"}, 422, "query.sku"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(
    query: dict[str, str], status: int, path: str | None
) -> None:
    answer = available(**query)
    assert answer.status == status
    if path:
        assert path in answer.faults


def test_a_cart_with_what_is_not_sold_is_refused() -> None:
    answer = quoted(lines=[{"sku": "NOPE", "quantity": 1}])
    assert (answer.status, set(answer.faults)) == (422, {"lines.0.sku"})


def test_quotes_are_for_those_who_may_buy() -> None:
    assert quoted("warehouse").status == HTTPStatus.FORBIDDEN
    assert {quoted(role).status for role in ("customer", "agent", "storefront")} == {200}


def test_nothing_is_shown_that_is_not_for_everybody() -> None:
    text = json.dumps(available().body)
    for word in ("on_hand", "allocated", "safety", "priority", "line1", "phone"):
        assert word not in text
