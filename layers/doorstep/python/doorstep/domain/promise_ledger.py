"""The promise ledger: what was promised, when each step really happened, and how it stands.

Nothing of it is stored twice: the promise lies with the order, each step with the fulfillment order
or the parcel that took it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from doorstep.domain.fulfillment import ENDED, FulfillmentStatus
from doorstep.domain.order import Line, LineKind, Order
from doorstep.domain.production import ProductionState
from doorstep.domain.promise import Promise
from doorstep.domain.record import Moment, Record


class PromiseState(StrEnum):
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    KEPT = "kept"
    BROKEN = "broken"


class Steps(Record):
    """When the last unit took each step; None as long as one has not."""

    allocated_at: Moment | None = None
    begun_at: Moment | None = None
    made_at: Moment | None = None
    """When a workshop began with it, and was done; None where nothing is made to order."""
    packed_at: Moment | None = None
    handed_over_at: Moment | None = None
    delivered_at: Moment | None = None


class PromiseLedger(Record):
    """How the promise of one order stands."""

    state: PromiseState
    promise: Promise
    steps: Steps
    late: tuple[str, ...] = ()
    """The parcels and fulfillment orders that put it at risk, or broke it."""
    earlier: tuple[Promise, ...] = ()
    """What was promised before the customer agreed to a later day, the oldest first."""


def promise_ledger(order: Order, *, at: datetime) -> PromiseLedger | None:
    """How the promise stands at a moment; None where nothing was promised, or nothing is left.

    It is kept by the last arrival, broken from the promised moment on, and at risk before that
    while a location is late with its handover or a parcel needs longer than there is time.
    """
    lines = [line for line in order.lines if line.kind is not LineKind.DIGITAL and line.open]
    if order.promise is None or not lines:
        return None
    steps, deliver_by = _steps(order, lines), order.promise.deliver_by
    late: tuple[str, ...] = ()
    if steps.delivered_at:
        state = PromiseState.KEPT if steps.delivered_at <= deliver_by else PromiseState.BROKEN
        if state is PromiseState.BROKEN:
            late = _arrived_after(order, deliver_by)
    elif at > deliver_by:
        state, late = PromiseState.BROKEN, (*_missing(order), *_arrived_after(order, deliver_by))
    else:
        late = (*_not_handed_over(order, at), *_at_risk(order, at))
        left_late = steps.handed_over_at is None and at > order.promise.ship_by
        state = PromiseState.AT_RISK if late or left_late else PromiseState.ON_TRACK
    return PromiseLedger(
        state=state, promise=order.promise, steps=steps, late=late, earlier=order.earlier_promises
    )


def _steps(order: Order, lines: Iterable[Line]) -> Steps:
    given = [
        one.allocated_at
        for one in order.fulfillment_orders
        if one.status not in ENDED or one.status is FulfillmentStatus.DELIVERED
    ]
    packed: dict[str, int] = {}
    for parcel in order.parcels:
        for part in parcel.lines:
            packed[part.line_id] = packed.get(part.line_id, 0) + part.quantity
    at_store: dict[str, int] = {}
    for parcel in order.parcels:
        for part in parcel.lines if parcel.ready_at else ():
            at_store[part.line_id] = at_store.get(part.line_id, 0) + part.quantity
    lines = list(lines)
    work = [
        part.work_order
        for one in order.fulfillment_orders
        if one.status not in ENDED or one.status is FulfillmentStatus.DELIVERED
        for part in one.lines
        if part.work_order
    ]
    to_make = (line for line in lines if line.kind is LineKind.MADE_TO_ORDER)
    given_all = all(line.allocated >= line.open for line in to_make)
    return Steps(
        allocated_at=_last(given, done=all(line.allocated >= line.open for line in lines)),
        begun_at=_last(
            (one.since(ProductionState.IN_PRODUCTION) for one in work),
            done=given_all and all(one.begun for one in work),
        ),
        made_at=_last(
            (one.since(ProductionState.DONE) for one in work),
            done=given_all and all(one.done for one in work),
        ),
        packed_at=_last(
            (parcel.packed_at for parcel in order.parcels),
            done=all(packed.get(line.line_id, 0) >= line.open for line in lines),
        ),
        handed_over_at=_last(
            (parcel.shipped_at or parcel.ready_at for parcel in order.parcels),
            done=all(max(x.shipped, at_store.get(x.line_id, 0)) >= x.open for x in lines),
        ),
        delivered_at=_last(
            (parcel.arrived_at for parcel in order.parcels),
            done=all(max(x.delivered, at_store.get(x.line_id, 0)) >= x.open for x in lines),
        ),
    )


def _last(moments: Iterable[datetime | None], *, done: bool) -> datetime | None:
    return max((moment for moment in moments if moment), default=None) if done else None


def _not_handed_over(order: Order, at: datetime) -> tuple[str, ...]:
    """The fulfillment orders that are past their day and still with their location."""
    return tuple(
        one.fulfillment_order_id
        for one in order.fulfillment_orders
        if one.status not in ENDED
        and one.status not in (FulfillmentStatus.SHIPPED, FulfillmentStatus.READY_FOR_PICKUP)
        and one.ship_by
        and at > one.ship_by
    )


def _at_risk(order: Order, at: datetime) -> tuple[str, ...]:
    """The parcels that are on their way and need longer than there is time, or do not move."""
    return tuple(
        parcel.shipment_id
        for parcel in order.parcels
        if parcel.look_at and parcel.at_risk_from and parcel.at_risk_from <= at
    )


def _missing(order: Order) -> tuple[str, ...]:
    """What has not arrived: parcels, and fulfillment orders without any."""
    return tuple(
        one.fulfillment_order_id
        for one in order.fulfillment_orders
        if one.status not in ENDED and not order.parcels_of(one.fulfillment_order_id)
    ) + tuple(parcel.shipment_id for parcel in order.parcels if not parcel.arrived_at)


def _arrived_after(order: Order, deliver_by: datetime) -> tuple[str, ...]:
    return tuple(
        parcel.shipment_id
        for parcel in order.parcels
        if parcel.arrived_at and parcel.arrived_at > deliver_by
    )
