"""Delay alerts: find promises at risk before they break, warn once per cause, ask a person."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import shipping
from doorstep.domain.errors import Conflict, NotFound
from doorstep.domain.fulfillment import OPEN, FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus, order_of
from doorstep.domain.shipment import DelayCause
from doorstep.domain.work_items import open_work_item
from doorstep.ports import Clock, Orders, Queues


def raise_delays(
    *, orders: Orders, queues: Queues, clock: Clock, limit: int = 200
) -> tuple[str, ...]:
    """Raise an alert for every parcel that is past its date, that cannot be there in time, or that
    was not handed over in time, and for every order that should have left and has no location.

    Reads only what is due: all lists come from a time index, and an alerted record leaves it, or
    waits there for its next date. Answers the ids alerted.
    """
    now = clock()
    raised = []
    for queue, alert in (
        ("unallocated", _waiting_too_long),
        ("handover", _late_handover),
        ("delivery", _late_parcel),
    ):
        for subject in queues.due(queue, now, limit):
            try:
                order = orders.get(order_of(subject))
                alerted = alert(order, subject, now)
                if alerted is not order:
                    orders.commit(alerted)
                    raised.append(subject)
            except (Conflict, NotFound):
                continue
    return tuple(raised)


def _waiting_too_long(order: Order, key: str, now: datetime) -> Order:
    """The order with an alert, where units that should have left have no location."""
    if not order.waiting or order.promise is None or order.promise.ship_by >= now:
        return order
    why = "is on hold" if order.on_hold else "has units that no location can ship"
    text = f"{key} {why}; it was to be handed over by {order.promise.ship_by}."
    cause = DelayCause.WAITING_TOO_LONG
    return _alert(order, key, cause, order.promise.deliver_by, text, now)


def _late_handover(order: Order, key: str, now: datetime) -> Order:
    """The order with an alert, where a location has not handed over what was due."""
    one = order.fulfillment_order(key)
    if order.status is not OrderStatus.PLACED:
        return order
    waiting = one.status in OPEN | {FulfillmentStatus.ALLOCATED}
    if not waiting or one.ship_by is None or one.deliver_by is None or one.ship_by > now:
        return order
    text = f"{one.location_id} has not handed {key} over; it was due {one.ship_by}."
    return _alert(order, key, DelayCause.LATE_HANDOVER, one.deliver_by, text, now)


def _late_parcel(order: Order, key: str, now: datetime) -> Order:
    """The order with an alert, where a parcel is late, or its promise at risk."""
    parcel = order.shipment(key)
    if parcel.look_at is None or parcel.deliver_by is None or parcel.look_at > now:
        return order
    name = f"{parcel.carrier} {parcel.tracking_number}"
    if parcel.deliver_by <= now:
        text = f"{name} has not been delivered; it was due {parcel.deliver_by}."
        return _alert(order, key, DelayCause.LATE_DELIVERY, parcel.deliver_by, text, now)
    text = f"{name} will hardly be there by {parcel.deliver_by}: it left late, or does not move."
    return _alert(order, key, DelayCause.AT_RISK, parcel.deliver_by, text, now)


def _alert(
    order: Order, subject: str, cause: DelayCause, deliver_by: datetime, text: str, now: datetime
) -> Order:
    alerted = shipping.alert(order, subject, cause=cause, deliver_by=deliver_by)
    if alerted is order:
        return order
    return open_work_item(alerted, cause, subject=subject, text=text, at=now)
