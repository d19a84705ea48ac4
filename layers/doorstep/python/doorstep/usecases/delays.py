"""Delay alerts: find promises that are being broken, warn once per cause, ask a person to look."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import placing, shipping
from doorstep.domain.errors import Conflict, NotFound
from doorstep.domain.fulfillment import OPEN, FulfillmentStatus
from doorstep.domain.order import Order, order_of
from doorstep.ports import Clock, Orders, Queues

LATE_HANDOVER = "late_handover"
LATE_DELIVERY = "late_delivery"


def raise_delays(
    *, orders: Orders, queues: Queues, clock: Clock, limit: int = 200
) -> tuple[str, ...]:
    """Raise an alert for every parcel that is past its date, or was not handed over in time for it.

    Reads only what is due: both lists come from a time index, and an alerted record leaves it.
    Answers the ids alerted.
    """
    now = clock()
    raised = []
    for queue, cause in (("handover", LATE_HANDOVER), ("delivery", LATE_DELIVERY)):
        for subject in queues.due(queue, now, limit):
            try:
                order = orders.get(order_of(subject))
                alerted = _alert(order, subject, cause, now)
                if alerted is not order:
                    orders.commit(alerted)
                    raised.append(subject)
            except (Conflict, NotFound):
                continue
    return tuple(raised)


def _alert(order: Order, subject: str, cause: str, now: datetime) -> Order:
    """The order with the alert, where the record itself (not only the index) says it is late."""
    if cause == LATE_HANDOVER:
        one = order.fulfillment_order(subject)
        late = one.status in OPEN | {FulfillmentStatus.ALLOCATED}
        deadline, deliver_by = one.ship_by, one.deliver_by
        text = f"{one.location_id} has not handed {subject} over; it was due {deadline}."
    else:
        shipment = order.shipment(subject)
        late = shipment.delivered_at is None
        deadline = deliver_by = shipment.deliver_by
        text = f"{shipment.carrier} has not delivered {shipment.tracking_number}; due {deadline}."
    if not late or deadline is None or deliver_by is None or deadline > now:
        return order
    alerted = shipping.alert(order, subject, cause=cause, deliver_by=deliver_by)
    if alerted is order:
        return order
    return placing.open_work_item(alerted, cause, subject=subject, text=text, at=now)
