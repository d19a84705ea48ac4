"""allocate/stock_api: products with terms and parts, and what is wrong with them, over HTTP."""

from typing import Any

import pytest

from functions.allocate import stock_api
from functions.checkout import api, quote
from tests import builders as a
from tests.handlers.cloud import Answer, call

pytestmark = pytest.mark.usefixtures("shop")


def save(sku: str, role: str = "admin", **terms: Any) -> Answer:
    product = a.product(sku).model_dump(mode="json") | terms
    return call(stock_api, "PUT", f"/products/{sku}", product, role=role)


def stock(sku: str) -> dict[str, int]:
    body = call(stock_api, "GET", f"/stock/{sku}").body
    return {name: body[name] for name in ("available", "held", "room", "free", "owed")}


def buy(sku: str, units: int) -> Answer:
    cart = a.cart((sku, units)).model_dump(mode="json", exclude_none=True)
    return call(api, "POST", "/orders", cart, headers={"Idempotency-Key": f"cart-{sku}-{units}"})


def test_a_cap_is_granted_sold_and_given_back() -> None:
    for _ in range(2):
        assert save("MUG", backorder={"cap": 3, "lead_days": 7}).status == 200
    assert stock("MUG") == {"available": 8, "held": 0, "room": 3, "free": 5, "owed": 0}
    order = buy("MUG", 6).body
    assert order["lines"][0]["owed"] == 6
    assert order["promise"]["goods_at"]
    assert stock("MUG") == {"available": 2, "held": 6, "room": 3, "free": -1, "owed": 6}
    assert save("MUG").status == 200
    assert stock("MUG") == {"available": 0, "held": 6, "room": 1, "free": -1, "owed": 6}
    assert buy("MUG", 1).status == 409


def test_a_bundle_is_shown_and_bought() -> None:
    assert save("SET", components={"MUG": 2}).status == 200
    asked = {"sku": "SET", "country": "DE"}
    (line,) = call(quote, "GET", "/availability", query=asked, role="", name="").body["lines"]
    assert (line["state"], line["left"]) == ("low_stock", 2)
    order = buy("SET", 2).body
    assert [(x["sku"], x["ordered"]) for x in order["lines"]] == [("MUG", 4)]
    assert order["bundles"][0]["line_ids"] == ["1"]
    assert stock("MUG")["held"] == 4


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        ({"backorder": {"cap": 0, "lead_days": 7}}, "backorder.cap"),
        ({"backorder": {"cap": 10**9, "lead_days": 7}}, "backorder.cap"),
        ({"backorder": {"cap": 1}}, "backorder.lead_days"),
        ({"preorder": {"cap": -1, "release_at": "2026-05-01T00:00:00Z"}}, "preorder.cap"),
        ({"preorder": {"cap": 1, "release_at": "soon"}}, "preorder.release_at"),
        ({"components": {"NIL": 1}}, "components"),
        ({"components": {"CUP": 0}}, "components.CUP"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    terms: dict[str, Any], fault: str
) -> None:
    before = stock("MUG")
    answer = save("MUG", **terms)
    assert answer.status == 422
    assert [one["path"] for one in answer.body["faults"]] == [fault]
    assert stock("MUG") == before


def test_only_an_admin_changes_what_is_sold() -> None:
    assert save("MUG", role="agent").status == 403
