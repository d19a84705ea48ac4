"""One order through every function, each called as AWS calls it, most of them twice."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from doorstep.domain.catalog import DeliveryKind, Terms
from doorstep.domain.errors import CaptureDeclined
from doorstep.runtime import wiring
from functions.allocate import allocate, reconcile, retry, stock_api, stockkeeping_api
from functions.checkout import api as checkout_api
from functions.checkout import expire, ingest
from functions.events import notify, publish, republish
from functions.pay import api as pay_api
from functions.pay import reconcile as reconcile_payments
from functions.returns import api as returns_api
from functions.returns import refund
from functions.ship import (
    buy_label,
    capture,
    carrier_webhook,
    delays,
    dispatch,
    handover_api,
    release,
    resume,
    set_aside,
    take_back,
    track,
    warehouse_api,
)
from tests import builders as a
from tests.handlers.cloud import Cloud, Context, bus_message, call, callback, consume

BERLIN = {"role": "warehouse", "name": "berlin", "scope": "BERLIN"}


@pytest.fixture
def order(shop: Cloud) -> str:  # noqa: ARG001
    """Bought: two mugs."""
    cart = a.cart(("MUG", 2)).model_dump(mode="json", exclude_none=True)
    placed = call(checkout_api, "POST", "/orders", cart, headers={"Idempotency-Key": "1"})
    assert placed.status == 201
    return str(placed.body["order_id"])


def run(task: Any, key: str, **more: object) -> object:
    """A task of the workflow, run twice."""
    for _ in range(2):
        answer = task.handler({"fulfillment_order_id": key, **more}, Context())
    return answer


def show(key: str) -> dict[str, Any]:
    return dict(call(checkout_api, "GET", f"/orders/{key}").body)


def allocated(shop: Cloud, order: str) -> str:
    """Allocated and released to its location."""
    for _ in range(2):
        assert consume(allocate, *shop.on_the_bus(order, "order.placed")) == []
    key = f"{order}-F1"
    assert list(shop.workflow.started) == [key]
    run(release, key, task_token="token")
    return key


def shipped(shop: Cloud, order: str) -> str:
    key = allocated(shop, order)
    packing = {"parcels": [{"lines": {"1": 2}, "weight_grams": 700}]}
    for _ in range(2):
        path = f"/fulfillment-orders/{key}/pack"
        assert call(warehouse_api, "POST", path, packing, **BERLIN).status == 200
    for task in (capture, buy_label, dispatch):
        run(task, key)
    return key


def delivered(shop: Cloud, order: str) -> str:
    key = shipped(shop, order)
    number = show(order)["shipments"][0]["tracking_number"]
    news = {
        "events": [
            {
                "event_id": f"news-{code}",
                "tracking_number": number,
                "code": code,
                "at": (wiring.clock() + timedelta(hours=hours)).isoformat(),
            }
            for hours, code in enumerate(("in_transit", "delivered"))
        ]
    }
    body = json.dumps(news).encode()
    for _ in range(2):
        assert callback(carrier_webhook, "carrier", "sandbox", body).status == 202
    messages = shop.messages("carrier")
    assert len(messages) == 2
    assert consume(track, *(json.dumps(message) for message in messages)) == []
    return key


def test_from_checkout_to_the_doorstep(shop: Cloud, order: str) -> None:
    key = delivered(shop, order)
    shown = show(order)
    assert (shown["status"], shown["fulfillment"], shown["payment"]) == (
        "closed",
        "delivered",
        "captured",
    )
    assert shown["payments"][0]["captured"] == {"minor": 2890, "currency": "EUR"}
    assert shown["fulfillment_orders"][0]["status"] == "delivered"
    stock = call(stock_api, "GET", "/stock/MUG").body
    assert (stock["available"], stock["held"]) == (3, 0)
    assert shop.workflow.waiting == {key: "token"}
    numbers = [item["sequence"] for item in shown["timeline"]]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_answer_of_the_location_wakes_the_workflow(shop: Cloud, order: str) -> None:
    shipped(shop, order)
    packed = shop.on_the_bus(order, "fulfillment_order.packed")
    for _ in range(2):
        assert consume(resume, *packed) == []
    assert shop.workflow.woken == {"token": ""}


def test_an_answer_before_the_token_is_there_goes_back_to_the_queue(
    shop: Cloud, order: str
) -> None:
    shipped(shop, order)
    shop.workflow.waiting.clear()
    assert consume(resume, *shop.on_the_bus(order, "fulfillment_order.packed")) == ["m0"]


def test_a_rejected_order_goes_elsewhere(shop: Cloud, order: str) -> None:
    goods = {"receipt_id": "R2", "goods": [{"sku": "MUG", "quantity": 5}]}
    call(stockkeeping_api, "POST", "/locations/HAMBURG/receipts", goods)
    key = allocated(shop, order)
    path = f"/fulfillment-orders/{key}/reject"
    for _ in range(2):
        rejected = call(warehouse_api, "POST", path, {"reason": "broken"}, **BERLIN)
        assert (rejected.status, rejected.body["status"]) == (200, "rejected")
    events = shop.on_the_bus(order, "fulfillment_order.rejected")
    assert consume(resume, *events) == []
    assert shop.workflow.woken == {"token": "Rejected"}
    assert consume(allocate, *events) == []
    assert [one["location_id"] for one in show(order)["fulfillment_orders"]] == [
        "BERLIN",
        "HAMBURG",
    ]


def test_a_location_that_lets_its_time_pass_loses_it_and_is_told_so(
    shop: Cloud, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a.location("BERLIN", terms=Terms(accept_hours=1)).model_dump(mode="json")
    assert call(stock_api, "PUT", "/locations/BERLIN", place).status == 200
    goods = {"receipt_id": "R2", "goods": [{"sku": "MUG", "quantity": 5}]}
    call(stockkeeping_api, "POST", "/locations/HAMBURG/receipts", goods)
    key = allocated(shop, order)
    now = wiring.clock()
    monkeypatch.setattr(wiring, "clock", lambda: now + timedelta(days=4))
    for _ in range(2):
        take_back.handler({}, Context())
    late = call(warehouse_api, "POST", f"/fulfillment-orders/{key}/accept", **BERLIN)
    assert (late.status, "is withdrawn" in late.body["detail"]) == (409, True)
    events = shop.on_the_bus(order, "fulfillment_order.withdrawn")
    assert len(events) == 1
    assert consume(resume, *events) == []
    assert shop.workflow.woken == {"token": "Withdrawn"}
    assert consume(allocate, *events) == []
    assert show(order)["fulfillment_orders"][1]["location_id"] == "HAMBURG"


def test_a_location_that_is_switched_off_is_emptied_and_not_sold_from(
    shop: Cloud, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    goods = {"receipt_id": "R2", "goods": [{"sku": "MUG", "quantity": 5}]}
    call(stockkeeping_api, "POST", "/locations/HAMBURG/receipts", goods)
    allocated(shop, order)
    path, reason = "/locations/BERLIN/outage", {"reason": "flooded"}
    assert call(stock_api, "POST", path, reason, **BERLIN).status == 403
    assert call(stock_api, "POST", "/locations/ROME/outage", reason).status == 404
    assert call(stock_api, "POST", path, {"reason": ""}).status == 422
    off = call(stock_api, "POST", path, reason, role="agent")
    assert (off.body["active"], off.body["outage"]) == (False, "flooded")
    now = wiring.clock()
    monkeypatch.setattr(wiring, "clock", lambda: now + timedelta(seconds=2))
    for _ in range(2):
        take_back.handler({}, Context())
    assert call(stock_api, "GET", "/stock/MUG").body["available"] == 5
    events = shop.on_the_bus(order, "fulfillment_order.withdrawn")
    assert consume(resume, *events) == []
    assert consume(allocate, *events) == []
    assert show(order)["fulfillment_orders"][1]["location_id"] == "HAMBURG"
    assert call(stock_api, "DELETE", path).body["active"] is True
    monkeypatch.setattr(wiring, "clock", lambda: now + timedelta(minutes=3))
    take_back.handler({}, Context())
    reconcile.handler({}, Context())
    assert call(stock_api, "GET", "/stock/MUG").body["available"] == 8


def test_an_order_is_collected_with_its_code(shop: Cloud) -> None:
    option = a.delivery("0.00", code="pickup", kind=DeliveryKind.PICKUP)
    store = a.location("BERLIN", capabilities=("ship", "pickup"))
    call(stock_api, "PUT", "/delivery-options/pickup", option.model_dump(mode="json"))
    call(stock_api, "PUT", "/locations/BERLIN", store.model_dump(mode="json"))
    wiring.catalog.cache_clear()
    here = {"shipping_address": None, "delivery_option": "pickup", "pickup_location_id": "BERLIN"}
    cart = a.cart(("MUG", 2), **here).model_dump(mode="json", exclude_none=True)
    placed = call(checkout_api, "POST", "/orders", cart, headers={"Idempotency-Key": "7"})
    assert placed.status == 201
    order, code = str(placed.body["order_id"]), placed.body["pickup_code"]
    key = allocated(shop, order)
    packing = {"parcels": [{"lines": {"1": 2}, "weight_grams": 700}]}
    path = f"/fulfillment-orders/{key}"
    assert call(warehouse_api, "POST", f"{path}/pack", packing, **BERLIN).status == 200
    for task in (capture, buy_label, dispatch):
        run(task, key)
    listed = call(warehouse_api, "GET", "/locations/BERLIN/fulfillment-orders", **BERLIN)
    assert [one["status"] for one in listed.body["fulfillment_orders"]] == ["ready_for_pickup"]
    assert code not in json.dumps(listed.body)
    elsewhere = BERLIN | {"scope": "HAMBURG"}
    wrong, right, known = {"code": "AAAAAAAA"}, {"code": code}, {"identity": "passport"}
    assert call(handover_api, "POST", f"{path}/collect", right, **elsewhere).status == 404
    assert call(handover_api, "POST", f"{path}/collect", known, **BERLIN).status == 403
    assert call(handover_api, "POST", f"{path}/collect", right, role="customer").status == 403
    assert set(call(handover_api, "POST", f"{path}/collect", wrong, **BERLIN).faults) == {"code"}
    for _ in range(2):
        collected = call(handover_api, "POST", f"{path}/collect", right, **BERLIN)
        assert (collected.status, collected.body["status"]) == (200, "delivered")
    assert call(handover_api, "POST", f"{path}/arrive", role="agent").status == 409
    assert show(order)["status"] == "closed"
    for name, sees in (("ada", 200), ("bob", 404)):
        asked = call(checkout_api, "GET", f"/orders/{order}", role="customer", name=name)
        assert (asked.status, asked.body.get("pickup_code")) == (
            sees,
            code if sees == 200 else None,
        )


def test_an_agent_moves_a_fulfillment_order_to_where_it_can_be_shipped(
    shop: Cloud, order: str
) -> None:
    path = f"/fulfillment-orders/{allocated(shop, order)}/move"
    move = {"location_id": "HAMBURG", "reason": "closer to the customer"}
    assert call(warehouse_api, "POST", path, move, **BERLIN).status == 403
    short = call(warehouse_api, "POST", path, move, role="agent")
    assert (short.status, short.body["short"]) == (409, [{"sku": "MUG", "asked": 2, "left": 0}])
    goods = {"receipt_id": "R2", "goods": [{"sku": "MUG", "quantity": 5}]}
    call(stockkeeping_api, "POST", "/locations/HAMBURG/receipts", goods)
    for _ in range(2):
        moved = call(warehouse_api, "POST", path, move, role="agent")
        assert (moved.status, moved.body["status"]) == (200, "withdrawn")
    assert [f["location_id"] for f in show(order)["fulfillment_orders"]] == ["BERLIN", "HAMBURG"]
    nowhere = call(warehouse_api, "POST", path, {"location_id": "ROME", "reason": "?"})
    assert set(nowhere.faults) == {"location_id"}


def test_an_order_that_cannot_be_read_fails_alone_and_is_logged(
    shop: Cloud, order: str, logged: StringIO
) -> None:
    cart = a.cart(("MUG", 1)).model_dump(mode="json", exclude_none=True)
    placed = call(checkout_api, "POST", "/orders", cart, headers={"Idempotency-Key": "2"})
    odd = str(placed.body["order_id"])
    messages = shop.on_the_bus(odd, "order.placed") + shop.on_the_bus(order, "order.placed")
    shop.client("dynamodb").update_item(
        TableName="doorstep",
        Key={"pk": {"S": f"ORDER#{odd}"}, "sk": {"S": "ORDER"}},
        UpdateExpression="SET #json = :odd",
        ExpressionAttributeNames={"#json": "json"},
        ExpressionAttributeValues={":odd": {"S": "{}"}},
    )
    assert consume(allocate, *messages) == ["m0"]
    assert list(shop.workflow.started) == [f"{order}-F1"]
    assert f'"order_id":"{odd}"' in logged.getvalue().replace(" ", "")


def test_an_agent_has_locations_looked_for_again(shop: Cloud, order: str) -> None:
    path = f"/orders/{order}/allocate"
    assert call(checkout_api, "POST", path, **BERLIN).status == 403
    for _ in range(2):
        assert call(checkout_api, "POST", path, role="agent").status == 200
    requested = shop.on_the_bus(order, "order.allocation_requested")
    assert len(requested) == 2
    assert consume(allocate, *requested) == []
    assert len(show(order)["fulfillment_orders"]) == 1
    assert call(checkout_api, "POST", path, role="agent").status == 409


def test_the_schedule_finds_what_waits_for_a_location(
    shop: Cloud, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    retry.handler({}, Context())
    assert not shop.workflow.started
    later = wiring.clock() + timedelta(minutes=20)
    monkeypatch.setattr(wiring, "clock", lambda: later)
    for _ in range(2):
        retry.handler({}, Context())
    assert list(shop.workflow.started) == [f"{order}-F1"]


def test_a_short_pick_is_reported_in_full_each_time(shop: Cloud, order: str) -> None:
    key = allocated(shop, order)
    path = f"/fulfillment-orders/{key}/short"
    for _ in range(2):
        short = call(warehouse_api, "POST", path, {"missing": {"1": 1}}, **BERLIN)
        assert short.status == 200
        assert short.body["lines"][0]["quantity"] == 1
    assert call(warehouse_api, "POST", path, {"missing": {"1": 9}}, **BERLIN).status == 422
    assert call(warehouse_api, "POST", path, {"missing": {}}, **BERLIN).status == 422


def test_a_step_that_failed_is_set_aside_and_retried_by_an_agent(shop: Cloud, order: str) -> None:
    key = allocated(shop, order)
    run(set_aside, key, error={"Error": "Boom", "Cause": "it broke"})
    one = show(order)["fulfillment_orders"][0]
    assert (one["status"], one["reason"]) == ("exception", "Boom: it broke")
    path = f"/fulfillment-orders/{key}/retry"
    assert call(warehouse_api, "POST", path, **BERLIN).status == 403
    assert call(warehouse_api, "POST", path, role="agent").body["attempt"] == 2
    assert consume(resume, *shop.on_the_bus(order, "fulfillment_order.resumed")) == []
    assert list(shop.workflow.started) == [key, f"{key}-try2"]


def test_the_schedule_finds_nothing_to_do(shop: Cloud, order: str) -> None:
    shipped(shop, order)
    before = show(order)
    expire.handler({}, Context())
    delays.handler({}, Context())
    assert show(order) == before


def test_late_parcels_are_alerted_and_the_customer_hears_of_it(
    shop: Cloud, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(shop, order)
    later = wiring.clock() + timedelta(days=30)
    monkeypatch.setattr(wiring, "clock", lambda: later)
    delays.handler({}, Context())
    assert [item["cause"] for item in show(order)["work_items"]] == ["late_delivery"]
    delayed = shop.on_the_bus(order, "shipment.delayed")
    assert len(delayed) == 1
    assert consume(notify, *delayed) == []
    listed = call(checkout_api, "GET", "/work-items", role="agent").body["work_items"]
    path = f"/work-items/{listed[0]['work_item_id']}/close"
    assert call(checkout_api, "POST", path, role="agent").status == 200
    assert call(checkout_api, "GET", "/work-items").body["work_items"] == []


def test_a_return_from_request_to_refund(shop: Cloud, order: str) -> None:
    delivered(shop, order)
    wanted = {"lines": [{"line_id": "1", "quantity": 2, "reason": "unwanted"}]}
    ada = {"role": "customer", "name": "ada"}
    for _ in range(2):
        back = call(
            returns_api,
            "POST",
            f"/orders/{order}/returns",
            wanted,
            headers={"Idempotency-Key": "r1"},
            **ada,
        )
        assert back.status == 201
    key = back.body["return_id"]
    label = call(returns_api, "GET", f"/returns/{key}/label", **ada)
    assert label.body["url"].startswith("https://")
    for _ in range(2):
        counted = call(
            returns_api,
            "POST",
            f"/returns/{key}/receive",
            {"lines": {"1": {"received": 1}}},
            **BERLIN,
        )
        assert counted.status == 200
    received = shop.on_the_bus(order, "return.received")
    for _ in range(2):
        assert consume(refund, *received) == []
    assert call(returns_api, "GET", f"/returns/{key}", **ada).body["status"] == "refunded"
    shown = show(order)
    assert shown["payments"][0]["refunded"] == {"minor": 1200, "currency": "EUR"}
    told = shop.on_the_bus(order, "return.approved", "payment.refunded")
    assert consume(notify, *told) == []


def test_returns_have_faults_at_their_paths(shop: Cloud, order: str) -> None:
    delivered(shop, order)
    path, headers = f"/orders/{order}/returns", {"Idempotency-Key": "r1"}
    faulty = {"lines": [{"line_id": "1", "quantity": 0, "reason": "because"}]}
    answer = call(returns_api, "POST", path, faulty, headers=headers)
    assert set(answer.faults) == {"lines.0.quantity", "lines.0.reason"}
    unknown = {"lines": [{"line_id": "9", "quantity": 1, "reason": "other"}]}
    answer = call(returns_api, "POST", path, unknown, headers=headers)
    assert set(answer.faults) == {"lines.0.line_id"}
    many = {"lines": [{"line_id": "1", "quantity": 3, "reason": "other"}]}
    assert call(returns_api, "POST", path, many, headers=headers).status == 422


def test_a_return_is_canceled_by_its_customer(shop: Cloud, order: str) -> None:
    delivered(shop, order)
    wanted = {"lines": [{"line_id": "1", "quantity": 2, "reason": "unwanted"}]}
    ada, eve = ({"role": "customer", "name": name} for name in ("ada", "eve"))
    headers = {"Idempotency-Key": "r1"}
    path = f"/orders/{order}/returns"
    key = call(returns_api, "POST", path, wanted, headers=headers, **ada).body["return_id"]
    assert call(returns_api, "POST", f"/returns/{key}/cancel", **eve).status == 404
    for _ in range(2):
        answer = call(returns_api, "POST", f"/returns/{key}/cancel", **ada)
        assert (answer.status, answer.body["status"]) == (200, "canceled")
    assert call(returns_api, "POST", f"/returns/{key}/cancel", **BERLIN).status == 403


def test_an_agent_unpacks_and_cancels_what_was_set_aside(shop: Cloud, order: str) -> None:
    key = allocated(shop, order)
    packing = {"parcels": [{"lines": {"1": 2}, "weight_grams": 700}]}
    unpack = f"/fulfillment-orders/{key}/unpack"
    call(warehouse_api, "POST", f"/fulfillment-orders/{key}/pack", packing, **BERLIN)
    assert call(warehouse_api, "POST", unpack, **BERLIN).status == 403
    assert call(warehouse_api, "POST", unpack, role="agent").status == 409
    run(set_aside, key, error={"Error": "Boom", "Cause": "odd"})
    for _ in range(2):
        assert call(warehouse_api, "POST", unpack, role="agent").body["status"] == "exception"
    reason = {"reason": "never paid"}
    canceled = call(checkout_api, "POST", f"/orders/{order}/cancel", reason, role="agent")
    assert canceled.body["status"] == "canceled"
    stock = call(stock_api, "GET", "/stock/MUG", role="agent").body
    assert stock["held"] == 0


# --- who may what ---------------------------------------------------------------------------------


def test_a_warehouse_sees_and_touches_only_its_own(shop: Cloud, order: str) -> None:
    key = shipped(shop, order)
    hamburg = {"role": "warehouse", "name": "hamburg", "scope": "HAMBURG"}
    for method, path in (
        ("GET", "/locations/BERLIN/fulfillment-orders"),
        ("POST", f"/fulfillment-orders/{key}/accept"),
        ("GET", f"/shipments/{key}-P1/label"),
    ):
        assert call(warehouse_api, method, path, **hamburg).status == 404
    goods = {"receipt_id": "R3", "goods": [{"sku": "MUG", "quantity": 5}]}
    assert (
        call(stockkeeping_api, "POST", "/locations/BERLIN/receipts", goods, **hamburg).status == 404
    )
    label = call(warehouse_api, "GET", f"/shipments/{key}-P1/label", **BERLIN)
    assert label.body["url"].startswith("https://")


def test_a_warehouse_sees_only_returns_to_itself(shop: Cloud, order: str) -> None:
    delivered(shop, order)
    wanted = {"lines": [{"line_id": "1", "quantity": 1, "reason": "other"}]}
    headers = {"Idempotency-Key": "r1"}
    hamburg = {"role": "warehouse", "name": "hamburg", "scope": "HAMBURG"}
    path = f"/orders/{order}/returns"
    assert call(returns_api, "POST", path, wanted, headers=headers, **BERLIN).status == 403
    asked = call(returns_api, "POST", path, wanted, headers=headers, role="agent")
    key = asked.body["return_id"]
    for method, path in (
        ("GET", f"/returns/{key}"),
        ("GET", f"/returns/{key}/label"),
        ("POST", f"/returns/{key}/receive"),
    ):
        body = {"lines": {}} if method == "POST" else None
        assert call(returns_api, method, path, body, **hamburg).status == 404
    assert call(returns_api, "GET", f"/returns/{key}", **BERLIN).status == 200


def test_a_customer_sees_only_their_own_returns(shop: Cloud, order: str) -> None:
    delivered(shop, order)
    wanted = {"lines": [{"line_id": "1", "quantity": 1, "reason": "other"}]}
    eve = {"role": "customer", "name": "eve", "headers": {"Idempotency-Key": "r1"}}
    assert call(returns_api, "POST", f"/orders/{order}/returns", wanted, **eve).status == 404
    ada = eve | {"name": "ada"}
    key = call(returns_api, "POST", f"/orders/{order}/returns", wanted, **ada).body["return_id"]
    assert call(returns_api, "GET", f"/returns/{key}", **eve).status == 404
    assert call(returns_api, "POST", f"/returns/{key}/receive", {"lines": {}}, **ada).status == 403


@pytest.mark.parametrize("role", ["customer", "storefront", ""])
def test_others_may_not_touch_a_location(shop: Cloud, order: str, role: str) -> None:
    key = allocated(shop, order)
    for method, path in (
        ("GET", "/locations/BERLIN/fulfillment-orders"),
        ("POST", f"/fulfillment-orders/{key}/accept"),
    ):
        assert call(warehouse_api, method, path, role=role).status == 403
    assert call(stock_api, "PUT", "/products/MUG", {}, role=role).status in (403, 422)


def test_a_location_lists_its_work_and_starts(shop: Cloud, order: str) -> None:
    key = allocated(shop, order)
    listed = call(warehouse_api, "GET", "/locations/BERLIN/fulfillment-orders", **BERLIN).body
    assert [one["fulfillment_order_id"] for one in listed["fulfillment_orders"]] == [key]
    path = f"/fulfillment-orders/{key}/accept"
    assert call(warehouse_api, "POST", path, **BERLIN).body["status"] == "accepted"
    missing = call(warehouse_api, "POST", "/fulfillment-orders/O-A-F1/accept", **BERLIN)
    assert missing.status == 404


@pytest.mark.parametrize(
    "packing",
    [
        {},
        {"parcels": []},
        {"parcels": [{"lines": {}, "weight_grams": 1}]},
        {"parcels": [{"lines": {"1": 2}, "weight_grams": 0}]},
        {"parcels": [{"lines": {"1": "x"}, "weight_grams": 1}]},
        {"parcels": [{"lines": {"1": -2}, "weight_grams": 1}]},
        {"parcels": [{"lines": {"1": 10**30}, "weight_grams": 1}]},
        {"parcels": [{"lines": {"9": 1}, "weight_grams": 1}]},
        {"parcels": [{"lines": {"1": 2}, "weight_grams": 1, "color": "red"}]},
    ],
)
def test_a_packing_that_makes_no_sense_is_422(
    shop: Cloud, order: str, packing: dict[str, object]
) -> None:
    key = allocated(shop, order)
    path = f"/fulfillment-orders/{key}/pack"
    answer = call(warehouse_api, "POST", path, packing, **BERLIN)
    assert answer.status == 422
    assert answer.faults


# --- batches --------------------------------------------------------------------------------------


def test_one_bad_message_does_not_fail_its_batch(shop: Cloud, order: str) -> None:
    placed = shop.on_the_bus(order, "order.placed")
    nowhere = bus_message(json.loads(placed[0])["detail"] | {"order_id": "O-NOWHERE"})
    for function in (allocate, notify, track, refund, resume):
        assert consume(function, "{", "[]", '{"detail": 1}') == ["m0", "m1", "m2"]
    assert consume(allocate, "not json", *placed, nowhere) == ["m0", "m2"]
    assert show(order)["fulfillment_orders"]


@pytest.mark.usefixtures("cloud")
def test_a_message_that_is_not_understood_is_not_repeated_in_the_log(logged: StringIO) -> None:
    for function in (allocate, ingest, track):
        assert consume(function, '{"detail": "Ada Lovelace", "body": ["Ada Lovelace"]}') == ["m0"]
    assert "message not understood" in logged.getvalue()
    assert "Lovelace" not in logged.getvalue()


def test_every_new_event_is_put_on_the_bus(
    shop: Cloud, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = shop.stream(order)
    assert publish.handler(stream, Context()) == {"batchItemFailures": []}
    seen = []

    def refuse_the_second(entries: list[dict[str, str]]) -> list[int]:
        seen.extend(entries)
        return [1, 2]

    monkeypatch.setattr(wiring, "publish", refuse_the_second)
    failures = publish.handler(stream, Context())["batchItemFailures"]
    assert failures == [{"itemIdentifier": "000000000000000000001"}]
    assert [entry["name"] for entry in seen] == [
        "order.received",
        "payment.authorized",
        "order.placed",
    ]
    assert json.loads(seen[0]["detail"])["sequence"] == 1


def test_an_event_that_was_lost_is_published_again_by_an_admin(
    shop: Cloud,  # noqa: ARG001
    order: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[dict[str, str]] = []
    monkeypatch.setattr(wiring, "publish", lambda entries: seen.extend(entries) or [])
    path, wanted = f"/orders/{order}/republish", {"sequences": [3, 1, 3]}
    assert call(republish, "POST", path, wanted, role="agent").status == 403
    answer = call(republish, "POST", path, wanted, role="admin")
    assert answer.body == {"events": {"1": "order.received", "3": "order.placed"}}
    assert [entry["name"] for entry in seen] == ["order.received", "order.placed"]
    shown = show(order)["timeline"]
    assert json.loads(seen[1]["detail"]) == shown[2]
    assert call(republish, "POST", path, {"sequences": [99]}, role="admin").status == 404
    assert call(republish, "POST", path, {"sequences": [0]}, role="admin").status == 422
    monkeypatch.setattr(wiring, "publish", lambda entries: [len(entries) - 1])
    assert call(republish, "POST", path, wanted, role="admin").status == 503


def test_a_refund_without_a_return(shop: Cloud, order: str) -> None:
    """By agents only, once per key, never more than was captured."""
    path, five = f"/orders/{order}/refunds", {"minor": 500, "currency": "EUR"}
    wanted = {"reason": "goodwill", "note": "a scratch", "amount": five}

    def asks(key: str, role: str = "agent", **more: object) -> Any:
        headers = {"Idempotency-Key": key}
        return call(pay_api, "POST", path, wanted | more, role=role, headers=headers)

    assert asks("k1").faults == {"amount": "more than nothing, and 0.00 EUR at the most"}
    shipped(shop, order)
    assert asks("k1", role="customer").status == 403
    first, again = asks("k1"), asks("k1")
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert first.body["given"] == five
    assert asks("k2", amount={"minor": 99_900, "currency": "EUR"}).status == 422
    assert asks("k1", note="another").status == 409
    shown = show(order)
    assert [refund["note"] for refund in shown["refunds"]] == ["a scratch"]
    assert shown["payments"][0]["refunded"] == five
    retried = call(pay_api, "POST", f"/refunds/{first.body['refund_id']}/retry", role="agent")
    assert retried.body == first.body
    assert consume(notify, *shop.on_the_bus(order, "payment.refunded")) == []


def declined(shop: Cloud) -> tuple[str, str]:
    """An order and its fulfillment order, packed, whose card declines the capture."""
    cart = a.cart(("MUG", 2), token="tok_capture_decline").model_dump(
        mode="json", exclude_none=True
    )
    placed = call(checkout_api, "POST", "/orders", cart, headers={"Idempotency-Key": "1"})
    order = str(placed.body["order_id"])
    key = allocated(shop, order)
    packing = {"parcels": [{"lines": {"1": 2}, "weight_grams": 700}]}
    call(warehouse_api, "POST", f"/fulfillment-orders/{key}/pack", packing, **BERLIN)
    for _ in range(2):
        with pytest.raises(CaptureDeclined):
            capture.handler({"fulfillment_order_id": key}, Context())
    return order, key


def goes_on(shop: Cloud, order: str, key: str) -> None:
    """Its workflow is started again, and takes the money."""
    assert consume(resume, *shop.on_the_bus(order, "fulfillment_order.resumed")) == []
    for task in (capture, buy_label, dispatch):
        run(task, key)
    assert show(order)["payment"] == "captured"


def test_another_card_for_what_was_declined(shop: Cloud) -> None:
    """By whoever may see the order: its customer, the storefront, an agent."""
    order, key = declined(shop)

    def pays(token: str, caller: dict[str, str]) -> Any:
        path, headers = f"/fulfillment-orders/{key}/payment", {"Idempotency-Key": token}
        return call(pay_api, "POST", path, {"token": token}, headers=headers, **caller)

    ada = {"role": "customer", "name": "ada"}
    assert pays("tok_approve", {"role": "customer", "name": "bob"}).status == 404
    assert pays("tok_decline", ada).status == 402
    for _ in range(2):
        paid = pays("tok_approve", ada)
        assert (paid.status, paid.body["amount"]["minor"]) == (201, 2890)
    assert pays("tok_slow", ada).status == 409
    goes_on(shop, order, key)


def test_another_card_by_the_link_of_a_mail(shop: Cloud) -> None:
    """Without a login; a link to choose a remedy is good for nothing else."""
    order, key = declined(shop)
    assert consume(notify, *shop.on_the_bus(order, "payment.wanted")) == []
    path, until = f"/payment-links/{key}", wiring.clock() + timedelta(days=7)
    other = wiring.links().to(key, until).partition("token=")[2]
    token = wiring.payment_links().to(key, until).partition("token=")[2]
    nobody = {"role": "", "name": ""}

    def pays(token: str) -> Any:
        body = {"token": token, "payment": {"token": "tok_approve"}}
        return call(pay_api, "POST", path, body, headers={"Idempotency-Key": "1"}, **nobody)

    assert call(pay_api, "GET", path, query={"token": other}, **nobody).status == 401
    assert pays(other).status == 401
    due = call(pay_api, "GET", path, query={"token": token}, **nobody).body
    assert (due["order"], due["amount"]["minor"]) == (order, 2890)
    assert [pays(token).status for _ in range(2)] == [201, 201]
    assert call(pay_api, "GET", path, query={"token": token}, **nobody).status == 409
    goes_on(shop, order, key)


def test_payments_are_compared_with_the_providers_report(
    shop: Cloud, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(shop, order)
    later = wiring.clock() + timedelta(hours=2)
    monkeypatch.setattr(wiring, "clock", lambda: later)
    for _ in range(2):
        reconcile_payments.handler({}, Context())
    answer = call(pay_api, "GET", "/payment-reconciliations", role="agent")
    (day,) = answer.body["reconciliations"]
    assert (day["provider"], day["bookings"], day["differing"]) == ("sandbox", 1, 0)
    assert call(pay_api, "GET", "/payment-reconciliations", role="customer").status == 403
    assert show(order)["work_items"] == []
