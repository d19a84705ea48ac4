"""What is collected: ready on a shelf, handed over to who has its code, or given back."""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.domain import events, refunding, stock
from doorstep.domain.capturing import paid_at_storefront
from doorstep.domain.catalog import UncollectedRule
from doorstep.domain.errors import IllegalTransition
from doorstep.domain.fulfillment import (
    FulfillmentLine,
    FulfillmentMethod,
    FulfillmentOrder,
    FulfillmentStatus,
    Pickup,
)
from doorstep.domain.money import Money
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.placing import close_if_done
from doorstep.domain.refunding import WantedRefund
from doorstep.domain.refunds import RefundReason
from doorstep.domain.shipment import ShipmentStatus
from doorstep.domain.work_items import open_work_item


def make_ready(order: Order, key: str, *, at: datetime) -> Order:
    """It waits for its customer: packed where it is collected, or arrived there."""
    one = order.fulfillment_order(key)
    waits = _pickup(one)
    ready = one.to(FulfillmentStatus.READY_FOR_PICKUP).model_copy(
        update={
            "remind_at": at + timedelta(days=min(waits.remind_days, waits.keep_days)),
            "collect_by": at + timedelta(days=waits.keep_days),
        }
    )
    for parcel in order.parcels_of(key):
        status = ShipmentStatus.READY_FOR_PICKUP
        update = {"status": status, "status_at": at, "ready_at": at, "at_risk_from": None}
        order = order.with_shipment(parcel.model_copy(update=update))
    return order.with_fulfillment_order(ready).raising(
        events.FulfillmentReadyForPickup(
            fulfillment_order_id=key,
            location_id=waits.location_id,
            collect_by=at + timedelta(days=waits.keep_days),
        )
    )


def arrive(order: Order, key: str, *, at: datetime) -> Order:
    """What was shipped to the store is there. Raises IllegalTransition for anything else."""
    one = order.fulfillment_order(key)
    if one.method is not FulfillmentMethod.SHIP_TO_STORE:
        raise IllegalTransition(f"fulfillment order {key}", f"to {one.method}", "arrived")
    if one.status is not FulfillmentStatus.SHIPPED:
        raise IllegalTransition(f"fulfillment order {key}", one.status, "arrived")
    return make_ready(order, key, at=at)


def collect(order: Order, key: str, *, known_by: str, at: datetime) -> Order:
    """Its customer has it: what was on the shelf until now leaves the stock."""
    one = order.fulfillment_order(key)
    waits, done = _pickup(one), one.to(FulfillmentStatus.DELIVERED)
    lines = []
    for part in one.lines:
        line = order.line(part.line_id)
        shipped = 0 if one.has_left else part.quantity
        lines.append(
            line.changed(shipped=line.shipped + shipped, delivered=line.delivered + part.quantity)
        )
    for parcel in order.parcels_of(key):
        update = {
            "status": ShipmentStatus.DELIVERED,
            "status_at": at,
            "shipped_at": parcel.shipped_at or at,
            "delivered_at": at,
        }
        order = order.with_shipment(parcel.model_copy(update=update))
    left = () if one.has_left else one.lines
    collected = (
        order.with_lines(lines)
        .with_fulfillment_order(done)
        .moving(*(_moved(one, part, stock.MovementKind.SHIPPED, "shipped") for part in _kept(left)))
        .raising(
            events.FulfillmentDelivered(
                fulfillment_order_id=key, location_id=waits.location_id, collected_with=known_by
            )
        )
    )
    return close_if_done(collected)


def remind(order: Order, key: str) -> Order:
    """Its customer is told once more that it waits."""
    one = order.fulfillment_order(key)
    if one.remind_at is None or one.collect_by is None:
        return order
    reminded = one.model_copy(update={"remind_at": None})
    return order.with_fulfillment_order(reminded).raising(
        events.PickupReminded(
            fulfillment_order_id=key,
            location_id=_pickup(one).location_id,
            collect_by=one.collect_by,
        )
    )


def give_back(order: Order, key: str, *, at: datetime) -> Order:
    """Nobody came: back in stock where it lies, canceled, and paid back by the rule of the place.

    What was shipped to the store is the store's from now on. The refund is granted here, in the
    same transaction, and carried out by whoever settles money.
    """
    one = order.fulfillment_order(key)
    waits, ended = _pickup(one), one.to(FulfillmentStatus.UNCOLLECTED, reason="nobody came")
    lines = []
    for part in one.lines:
        line = order.line(part.line_id)
        shipped = part.quantity if one.has_left else 0
        lines.append(
            line.changed(
                allocated=line.allocated - part.quantity,
                shipped=line.shipped - shipped,
                canceled=line.canceled + part.quantity,
            )
        )
    units = tuple(order.line(part.line_id).units(part.quantity) for part in one.lines)
    parcels = order.parcels_of(key)
    for parcel in parcels:
        update = {"status": ShipmentStatus.RETURN_TO_SENDER, "status_at": at}
        order = order.with_shipment(parcel.model_copy(update=update))
    order = (
        order.with_lines(lines)
        .with_fulfillment_order(ended)
        .moving(*_restocked(order, one, waits))
        .raising(
            events.FulfillmentUncollected(
                fulfillment_order_id=key, location_id=waits.location_id, units=units
            ),
            events.OrderCanceled(reason="not collected", units=units),
        )
    )
    if all(line.open == 0 for line in order.lines):
        order = order.to(OrderStatus.CANCELED).changed(cancel_reason="not collected")
    for parcel in parcels:
        order = _paid_back(order, parcel.shipment_id, waits, at=at)
    return close_if_done(order)


def _paid_back(order: Order, shipment_id: str, waits: Pickup, *, at: datetime) -> Order:
    """What a parcel captured, granted to be given back; or a person is asked, by the rule."""
    wanted = WantedRefund(reason=RefundReason.UNCOLLECTED, shipment_id=shipment_id)
    if waits.uncollected is UncollectedRule.ASK or paid_at_storefront(order):
        text = f"{shipment_id} was not collected; its goods are in stock again. Refund it, or not."
        return open_work_item(order, "uncollected", subject=shipment_id, text=text, at=at)
    if refunding.room(order, shipment_id) <= Money.zero(order.currency):
        return order
    order, _ = refunding.grant(order, wanted, f"{shipment_id}-uncollected", by="system", at=at)
    return order


def _restocked(order: Order, one: FulfillmentOrder, waits: Pickup) -> list[stock.Movement]:
    kinds = stock.MovementKind
    movements = []
    for part in _kept(one.lines):
        shard = order.line(part.line_id).stock_shard
        if one.has_left:
            back = _moved(one, part, kinds.RETURNED, "uncollected")
            movements.append(
                back.model_copy(update={"location_id": waits.location_id, "shard": shard})
            )
        else:
            freed = _moved(one, part, kinds.DEALLOCATED, "uncollected")
            movements.append(freed.model_copy(update={"shard": shard}))
            released = _moved(one, part, kinds.RELEASED, "uncollected")
            movements.append(released.model_copy(update={"location_id": None, "shard": shard}))
    return movements


def _kept(parts: tuple[FulfillmentLine, ...]) -> list[FulfillmentLine]:
    """Those of which stock is kept."""
    return [part for part in parts if part.tracked and part.sku]


def _moved(
    one: FulfillmentOrder, part: FulfillmentLine, kind: stock.MovementKind, why: str
) -> stock.Movement:
    return stock.Movement(
        kind=kind,
        sku=part.sku or "",
        quantity=part.quantity,
        location_id=one.location_id,
        cause=f"{one.fulfillment_order_id}-{why}-{part.line_id}",
    )


def _pickup(one: FulfillmentOrder) -> Pickup:
    if one.pickup is None:
        key = f"fulfillment order {one.fulfillment_order_id}"
        raise IllegalTransition(key, "to be delivered", "collected")
    return one.pickup
