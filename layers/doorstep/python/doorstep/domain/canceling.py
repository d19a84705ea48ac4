"""What of an order can still be canceled, and how it leaves the locations that have it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from doorstep.domain import events, stock
from doorstep.domain.capacity import reduced
from doorstep.domain.fulfillment import (
    ENDED,
    FulfillmentLine,
    FulfillmentOrder,
    FulfillmentStatus,
)
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.record import Record


class TooLate(StrEnum):
    """Why units are not canceled any more."""

    IN_PRODUCTION = "in_production"
    """The workshop has begun to make them."""
    PACKED = "packed"


class Settled(Record):
    """Units of a line that a cancellation leaves as they are, and why."""

    line_id: str
    quantity: int
    reason: TooLate


class Part(NamedTuple):
    """Lines of one fulfillment order that can be canceled."""

    one: FulfillmentOrder
    lines: tuple[FulfillmentLine, ...]


def too_late(order: Order) -> tuple[Settled, ...]:
    """The units of a placed order that are made or packed already, and have not left."""
    if order.status is not OrderStatus.PLACED:
        return ()
    found = []
    for one in order.fulfillment_orders:
        if one.status in ENDED or one.status is FulfillmentStatus.SHIPPED:
            continue
        packed = bool(order.parcels_of(one.fulfillment_order_id))
        for line in one.lines:
            if packed or line.begun:
                reason = TooLate.PACKED if packed else TooLate.IN_PRODUCTION
                found.append(Settled(line_id=line.line_id, quantity=line.quantity, reason=reason))
    return tuple(found)


def cancelable_parts(order: Order, *, force: bool) -> list[Part]:
    """What nobody has packed, or begun to make; with `force` also what is being made."""
    unpacked = (
        one
        for one in order.fulfillment_orders
        if one.status not in ENDED and not order.parcels_of(one.fulfillment_order_id)
    )
    parts = [
        Part(one, tuple(line for line in one.lines if force or not line.begun)) for one in unpacked
    ]
    return [part for part in parts if part.lines]


def withdraw(order: Order, part: Part) -> Order:
    """Take lines back from a location: their units are held by the network again, but what was
    begun is scrapped, and backordered like anything that is not there.
    """
    one, gone = part.one, {line.line_id for line in part.lines}
    left = tuple(line for line in one.lines if line.line_id not in gone)
    lines, movements = [], []
    for taken in part.lines:
        line = order.line(taken.line_id)
        spoiled = taken.quantity if taken.begun and taken.tracked else 0
        lines.append(
            line.changed(
                allocated=line.allocated - taken.quantity, backordered=line.backordered + spoiled
            )
        )
        if taken.tracked and taken.sku:
            kind = stock.MovementKind.SPOILED if spoiled else stock.MovementKind.DEALLOCATED
            movements.append(
                stock.Movement(
                    kind=kind,
                    sku=taken.sku,
                    quantity=taken.quantity,
                    location_id=one.location_id,
                    cause=f"{one.fulfillment_order_id}-canceled-{taken.line_id}",
                    shard=line.stock_shard,
                )
            )
    place = {
        "fulfillment_order_id": one.fulfillment_order_id,
        "location_id": one.location_id,
    }
    if left:
        units = tuple(order.line(x.line_id).units(x.quantity) for x in part.lines)
        fewer = reduced(one.bookings, sum(x.quantity for x in part.lines))
        after = one.model_copy(update={"lines": left, "bookings": fewer})
        order = order.raising(events.FulfillmentReduced(**place, units=units))
    else:
        after = one.to(FulfillmentStatus.CANCELED)
        order = order.raising(events.FulfillmentCanceled(**place))
    return order.with_fulfillment_order(after).with_lines(lines).moving(*movements)
