"""From checkout to the doorstep, with everything deployed as it is on AWS."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from doorstep.runtime.views import OrderView
from local.client import Refused, wait_for
from tests.e2e.world import World

DOCUMENTED = json.loads((Path(__file__).parents[2] / "docs/events.json").read_text())["events"]


def names(order: OrderView) -> list[str]:
    assert order.timeline
    return [item.name for item in order.timeline]


def test_an_order_reaches_the_doorstep(world: World) -> None:
    sku = world.sells({"leipzig": 10}, price=1250)

    order = world.checks_out({sku: 2})
    assert order.status == "placed"
    assert order.promise
    assert (order.totals.total.minor, order.payment) == (2 * 1250 + 495, "authorized")

    (one,) = world.to_pack(order.order_id)
    assert one.location_id == "leipzig"
    world.warehouse.accept(one.fulfillment_order_id)
    world.packs(one)
    order = world.shipped(order.order_id)
    (parcel,) = order.shipments
    assert order.payment == "captured"
    assert [charge["refundable"] for charge in world.charges(order)] == [2 * 1250 + 495]
    assert world.opens(world.warehouse.label(parcel.shipment_id)).startswith(b"%PDF-")

    world.carrier_says(parcel, "picked_up", "in_transit", "out_for_delivery", "delivered")
    order = world.closes(order.order_id)
    assert (order.fulfillment, order.shipments[0].status) == ("delivered", "delivered")
    assert names(order) == [
        "order.received",
        "payment.authorized",
        "order.placed",
        "order.routed",
        "fulfillment_order.allocated",
        "fulfillment_order.released",
        "fulfillment_order.accepted",
        "fulfillment_order.packed",
        "payment.capture_requested",
        "payment.captured",
        "shipment.label_bought",
        "fulfillment_order.shipped",
        "shipment.updated",
        "shipment.updated",
        "shipment.updated",
        "fulfillment_order.delivered",
        "order.closed",
    ]
    level = world.service.stock(sku).levels.locations[0]
    assert (level.on_hand, level.available, level.allocated) == (8, 8, 0)


def test_the_timeline_is_numbered_without_gaps_and_published_as_documented(world: World) -> None:
    """Invariant 6, and docs/events.json for every event that arrives at a subscriber."""
    order = world.delivered({world.sells({"leipzig": 5}): 1})
    assert order.timeline
    assert [item.sequence for item in order.timeline] == list(range(1, len(order.timeline) + 1))
    for event in world.hears(order):
        detail = event["detail"]
        assert (event["source"], event["detail-type"]) == ("doorstep", detail["name"])
        documented = DOCUMENTED[detail["name"]]
        jsonschema.validate(detail["data"], documented["data"])
        assert detail["version"] == documented["version"]
        known = order.timeline[detail["sequence"] - 1]
        assert (detail["name"], detail["data"]) == (known.name, known.data)


def test_two_places_and_three_parcels_each_capture_their_own_share(world: World) -> None:
    """The second shipment's share is captured too (spree#6339); several parcels per order."""
    near, far = world.sells({"leipzig": 5}, price=999), world.sells({"rotterdam": 5}, price=1001)
    order = world.checks_out({near: 1, far: 3})
    here, there = world.to_pack(order.order_id, places=2)
    assert {here.location_id, there.location_id} == {"leipzig", "rotterdam"}

    world.packs(here)
    order = world.becomes(order.order_id, "half paid", lambda o: o.fulfillment != "allocated")
    assert (order.fulfillment, order.payment) == ("partially_shipped", "partially_captured")
    world.packs(there, parcels=2)
    order = world.shipped(order.order_id)

    assert len({parcel.tracking_number for parcel in order.shipments}) == 3
    shares = [parcel.amount.minor for parcel in order.shipments]
    (payment,) = order.payments
    captures = [event.amount.minor for event in payment.events if event.action == "capture"]
    assert sorted(captures) == sorted(shares)
    assert sum(captures) == order.totals.total.minor == 999 + 3 * 1001 + 495
    assert [charge["capturable"] for charge in world.charges(order)] == [0]

    world.carrier_says(order.shipments[0], "delivered")
    world.becomes(order.order_id, "partly there", lambda o: o.fulfillment == "partially_delivered")
    for parcel in order.shipments[1:]:
        world.carrier_says(parcel, "delivered")
    assert world.closes(order.order_id).payment == "captured"


def test_a_piece_made_to_order_comes_from_the_workshop_as_instructed(world: World) -> None:
    sku = world.sells(
        {"florence": 3, "leipzig": 3},
        kind="made_to_order",
        production_days=4,
        options=("engraving",),
    )
    with pytest.raises(Refused, match="422"):
        world.checks_out({sku: 1})
    line = {"sku": sku, "quantity": 1, "instructions": {"engraving": "For Ada"}}
    order = world.webshop.place(world.cart({}, lines=[line]), world.key())
    assert order.promise
    assert order.promise.production_days == 4

    (one,) = world.to_pack(order.order_id)
    assert (one.location_id, one.lines[0].instructions) == ("florence", {"engraving": "For Ada"})
    listed = world.warehouse.work("florence").fulfillment_orders
    assert one.fulfillment_order_id in {each.fulfillment_order_id for each in listed}
    world.makes(one)
    world.packs(one)
    world.shipped(order.order_id)


def test_a_rejected_fulfillment_order_is_routed_elsewhere(world: World) -> None:
    sku = world.sells({"leipzig": 2, "rotterdam": 2})
    order = world.checks_out({sku: 2})
    (one,) = world.to_pack(order.order_id)
    assert one.location_id == "leipzig"

    world.warehouse.reject(one.fulfillment_order_id, "the roof leaks")
    (other,) = world.to_pack(order.order_id)
    assert other.location_id == "rotterdam"
    assert one.fulfillment_order_id != other.fulfillment_order_id
    with pytest.raises(Refused, match="409"):
        world.packs(one)
    world.packs(other)
    world.shipped(order.order_id)
    levels = {at.location_id: at.available for at in world.service.stock(sku).levels.locations}
    assert levels == {"leipzig": 2, "rotterdam": 0}
    wait_for("the workflow ends", lambda: world.execution(one)["status"] == "SUCCEEDED", seconds=30)


def test_what_a_short_pick_misses_comes_from_elsewhere(world: World) -> None:
    sku = world.sells({"leipzig": 3, "rotterdam": 1})
    order = world.checks_out({sku: 3})
    (one,) = world.to_pack(order.order_id)
    world.warehouse.report_short(one.fulfillment_order_id, {one.lines[0].line_id: 1})

    here, there = world.to_pack(order.order_id, places=2)
    assert [(f.location_id, f.quantity) for f in (here, there)] == [
        ("leipzig", 2),
        ("rotterdam", 1),
    ]
    for each in (here, there):
        world.packs(each)
    order = world.shipped(order.order_id)
    assert sum(parcel.amount.minor for parcel in order.shipments) == order.totals.total.minor
    levels = {at.location_id: at for at in world.service.stock(sku).levels.locations}
    assert (levels["leipzig"].on_hand, levels["leipzig"].unsellable) == (1, 1)


def test_a_short_pick_of_everything_ends_the_fulfillment_order(world: World) -> None:
    """Nobody else has it: it is a shortage, for a person to solve."""
    sku = world.sells({"leipzig": 1})
    order = world.checks_out({sku: 1})
    (one,) = world.to_pack(order.order_id)
    world.warehouse.report_short(one.fulfillment_order_id, {one.lines[0].line_id: 1})
    order = world.becomes(
        order.order_id, "short", lambda o: any(w.cause == "shortage" for w in o.work_items)
    )
    assert [f.status for f in order.fulfillment_orders] == ["short"]
    assert order.lines[0].backordered == 1

    world.admin.receive("rotterdam", f"late-{sku}", {sku: 1})
    canceled = world.service.cancel(order.order_id, "waited long enough")
    assert (canceled.status, canceled.payment) == ("canceled", "voided")
    assert world.service.stock(sku).available == 1, "the restock serves whoever comes next"


def test_a_risky_order_is_held_for_review_not_lost(world: World) -> None:
    sku = world.sells({"leipzig": 5}, price=260_000)
    order = world.checks_out({sku: 1})
    assert [(hold.hold_id, hold.active) for hold in order.holds] == [("review", True)]
    world.service.release_hold(order.order_id, "review")
    world.ships(order.order_id)


def test_an_order_is_canceled_before_it_is_packed(world: World) -> None:
    sku = world.sells({"leipzig": 2})
    order = world.checks_out({sku: 2})
    (one,) = world.to_pack(order.order_id)
    canceled = world.webshop.cancel(order.order_id, "changed my mind")
    assert (canceled.status, canceled.fulfillment, canceled.payment) == (
        ("canceled", "canceled", "voided")
    )
    assert world.service.stock(sku).available == 2
    assert [charge["capturable"] for charge in world.charges(canceled)] == [0]
    wait_for("the workflow ends", lambda: world.execution(one)["status"] == "SUCCEEDED", seconds=30)
    with pytest.raises(Refused, match="409"):
        world.packs(one)


# --- what the carrier says ------------------------------------------------------------------------


def test_carrier_news_comes_late_twice_and_out_of_order(world: World) -> None:
    """`delivered`, then an older `in_transit` (karrio#660, woocommerce-services#1449)."""
    order = world.ships(world.checks_out({world.sells({"leipzig": 5}): 1}).order_id)
    (parcel,) = order.shipments
    then = datetime.now(UTC) - timedelta(hours=8)
    world.carrier_says(parcel, "delivered", at=then + timedelta(hours=5))
    world.closes(order.order_id)

    late = [("in_transit", 3), ("picked_up", 1), ("delivered", 5), ("out_for_delivery", 4)]
    for code, hours in late * 2:
        world.carrier_says(parcel, code, at=then + timedelta(hours=hours))
    world.carrier_says(parcel, "returned", at=then + timedelta(hours=7))
    order = world.becomes(
        order.order_id, "goes back", lambda o: o.shipments[0].status == "return_to_sender"
    )
    assert [n for n in names(order) if n == "shipment.updated"] == ["shipment.updated"] * 2
    assert order.lines[0].delivered == 1


def test_news_that_means_nothing_to_us_keeps_nothing_back(world: World) -> None:
    order = world.ships(world.checks_out({world.sells({"leipzig": 5}): 1}).order_id)
    world.carrier_says(order.shipments[0], "nobody_knows_this_code", "delivered")
    assert world.closes(order.order_id).shipments[0].status == "delivered"
