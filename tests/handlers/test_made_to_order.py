"""ship/workshop_api: a piece made to order, from the paper to the parcel, over HTTP."""

from typing import Any

import pytest

from functions.allocate import allocate, stock_api, stockkeeping_api
from functions.checkout import api as checkout_api
from functions.ship import release, warehouse_api, workshop_api
from tests import builders as a
from tests.handlers.cloud import Answer, Cloud, Context, call, consume

ATELIER = {"role": "warehouse", "name": "maria", "scope": "ATELIER"}
BERLIN = {"role": "warehouse", "name": "berlin", "scope": "BERLIN"}
AGENT = {"role": "agent", "name": "ann"}
ADA = {"role": "customer", "name": "ada"}

PEN = {
    "sku": "PEN",
    "name": "Pen",
    "kind": "made_to_order",
    "prices": {"EUR": 5000},
    "returnable": False,
    "options": [
        {"kind": "text", "name": "engraving", "max_length": 20},
        {"kind": "number", "name": "length", "minimum": 10, "maximum": 20, "required": False},
    ],
    "steps": [{"name": "Engrave", "skill": "engraving", "minutes": 12}],
}


@pytest.fixture
def workshop(shop: Cloud) -> Cloud:
    """The shop, with a workshop that engraves pens."""
    assert call(stock_api, "PUT", "/products/PEN", PEN).status == 200
    place = a.location("ATELIER", kind="workshop", capabilities=("ship", "engraving"))
    body = place.model_dump(mode="json")
    assert call(stock_api, "PUT", "/locations/ATELIER", body).status == 200
    goods = {"receipt_id": "R2", "goods": [{"sku": "PEN", "quantity": 5}]}
    assert call(stockkeeping_api, "POST", "/locations/ATELIER/receipts", goods).status == 201
    return shop


def buy(**instructions: str) -> Answer:
    cart = a.cart(("PEN", 2)).model_dump(mode="json", exclude_none=True)
    cart["lines"] = [{"sku": "PEN", "quantity": 2, "instructions": instructions}]
    headers = {"Idempotency-Key": "1"}
    return call(checkout_api, "POST", "/orders", cart, headers=headers, **ADA)


@pytest.fixture
def order(workshop: Cloud) -> str:
    """Bought, and on the workshop's list."""
    key = str(buy(engraving="For Ada").body["order_id"])
    assert consume(allocate, *workshop.on_the_bus(key, "order.placed")) == []
    release.handler({"fulfillment_order_id": f"{key}-F1", "task_token": "t"}, Context())
    return key


def does(order: str, what: str, body: object = None, **who: Any) -> Answer:
    path = f"/work-orders/{order}-F1-M1/{what}"
    return call(workshop_api, "POST", path, body, **(who or ATELIER))


def state(answer: Answer) -> str:
    assert answer.status == 200
    return str(answer.body["lines"][0]["work_order"]["state"])


@pytest.mark.usefixtures("workshop")
def test_every_fault_of_a_personalization_comes_at_once() -> None:
    refused = buy(engraving="x" * 21, length="9", nib="M")
    assert refused.status == 422
    assert refused.faults == {
        "lines.0.instructions.engraving": "20 characters at the most",
        "lines.0.instructions.length": "from 10 to 20",
        "lines.0.instructions.nib": "'PEN' has no such option",
    }


def test_from_the_paper_to_the_parcel(workshop: Cloud, order: str) -> None:
    (listed,) = call(warehouse_api, "GET", "/locations/ATELIER/fulfillment-orders", **ATELIER).body[
        "fulfillment_orders"
    ]
    line = listed["lines"][0]
    assert line["instructions"] == {"engraving": "For Ada"}
    assert (line["work_order"]["state"], line["work_order"]["steps"]) == ("queued", PEN["steps"])

    for _ in range(2):
        path = f"/work-orders/{order}-F1-M1/document"
        link = call(workshop_api, "GET", path, **ATELIER)
        assert link.status == 200
        assert f"work-orders/{order}-F1-M1-v1.pdf" in link.body["url"]
    found = workshop.client("s3").list_objects_v2(Bucket="documents")["Contents"]
    assert [item["Key"] for item in found] == [f"work-orders/{order}-F1-M1-v1.pdf"]

    packing = {"parcels": [{"lines": {"1": 2}, "weight_grams": 100}]}
    path = f"/fulfillment-orders/{order}-F1/pack"
    early = call(warehouse_api, "POST", path, packing, **ATELIER)
    assert early.status == 409
    assert f"{order}-F1-M1 is queued" in early.body["detail"]

    assert state(does(order, "start")) == "in_production"
    assert does(order, "start").status == 409
    assert state(does(order, "finish")) == "quality_check"
    assert state(does(order, "fail", {"reason": "crooked"})) == "in_production"
    for _ in range(2):
        spoiled = {"scrapped": 1, "again": True, "reason": "split"}
        assert state(does(order, "scrap", spoiled)) == "in_production"
    assert state(does(order, "finish")) == "quality_check"
    assert state(does(order, "pass")) == "done"
    assert call(warehouse_api, "POST", path, packing, **ATELIER).status == 200
    stock = call(stock_api, "GET", "/stock/PEN").body
    assert (stock["available"], stock["held"]) == (2, 0)


@pytest.mark.usefixtures("workshop")
def test_who_may_do_what(order: str) -> None:
    for who, status in ((BERLIN, 404), (AGENT, 403), (ADA, 403)):
        assert does(order, "start", **who).status == status
    path = f"/work-orders/{order}-F1-M1/document"
    for who, status in ((BERLIN, 404), (AGENT, 200), (ADA, 403)):
        assert call(workshop_api, "GET", path, **who).status == status
    said = {"lines": {"1": {"engraving": "For Bob"}}}
    for who, status in ((ATELIER, 403), (ADA, 403), (AGENT, 200)):
        path = f"/orders/{order}/instructions"
        assert call(workshop_api, "PUT", path, said, **who).status == status


@pytest.mark.usefixtures("workshop")
def test_a_correction_is_refused_with_every_fault(order: str) -> None:
    path = f"/orders/{order}/instructions"
    said = {"lines": {"1": {"engraving": "a\tb", "length": "x"}, "2": {"engraving": "c"}}}
    refused = call(workshop_api, "PUT", path, said, **AGENT)
    assert set(refused.faults) == {"lines.1.engraving", "lines.1.length", "lines.2"}
    for bad in ({}, {"lines": {}}, {"lines": {"1": {"engraving": 7}}}, {"lines": {"1": "x"}}):
        assert call(workshop_api, "PUT", path, bad, **AGENT).status == 422


@pytest.mark.usefixtures("workshop")
def test_what_is_begun_only_an_agent_cancels(order: str) -> None:
    does(order, "start")
    path = f"/orders/{order}/cancel"
    refused = call(checkout_api, "POST", path, {"reason": "no"}, **ADA)
    assert (refused.status, refused.body["type"]) == (
        409,
        "urn:doorstep:problem:illegal-transition",
    )
    assert "in production already" in refused.body["detail"]
    forced = {"reason": "no", "force": True}
    assert call(checkout_api, "POST", path, forced, **ADA).status == 403
    shown = call(checkout_api, "GET", f"/orders/{order}", **ADA).body
    assert shown["not_cancelable"] == [{"line_id": "1", "quantity": 2, "reason": "in_production"}]
    assert shown["lines"][0]["final_sale"] is True
    work = shown["fulfillment_orders"][0]["lines"][0]["work_order"]
    assert (work["state"], work["steps"]) == ("in_production", [])
    canceled = call(checkout_api, "POST", path, forced, **AGENT)
    assert (canceled.status, canceled.body["status"]) == (200, "canceled")
    stock = call(stock_api, "GET", "/stock/PEN").body
    assert (stock["available"], stock["held"]) == (3, 0)
