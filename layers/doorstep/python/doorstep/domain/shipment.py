"""Shipments: one parcel each, followed by what its carrier says, in whatever order it says it."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from doorstep.domain.money import Money
from doorstep.domain.record import Moment, Record


class ShipmentStatus(StrEnum):
    PENDING = "pending"
    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELAYED = "delayed"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    RETURN_TO_SENDER = "return_to_sender"
    LOST = "lost"
    CANCELED = "canceled"


class DelayCause(StrEnum):
    """Why somebody is warned about a promise."""

    WAITING_TOO_LONG = "waiting_too_long"
    """Units should have left and have no location: on hold, not in stock, or shipped by nobody."""
    LATE_HANDOVER = "late_handover"
    """A location has not handed over what should have left."""
    AT_RISK = "at_risk"
    """A parcel needs longer than there is time, or nobody has seen it move."""
    LATE_DELIVERY = "late_delivery"


#: No carrier has moved the parcel yet.
UNMOVED = frozenset({ShipmentStatus.PENDING, ShipmentStatus.PRE_TRANSIT})

#: After these nobody waits for its arrival any more.
_OVER = frozenset(
    {ShipmentStatus.DELIVERED, ShipmentStatus.RETURN_TO_SENDER, ShipmentStatus.CANCELED}
)

#: After these the carrier has nothing to add, except that a delivered parcel goes back.
_FINAL = {
    ShipmentStatus.DELIVERED: {ShipmentStatus.RETURN_TO_SENDER},
    ShipmentStatus.RETURN_TO_SENDER: set(),
    ShipmentStatus.CANCELED: set(),
}


class ParcelLine(Record):
    """Units of one order line in a parcel, and the share of the line's total that they carry."""

    line_id: str
    quantity: int = Field(gt=0)
    amount: Money


class Tracking(Record):
    """One thing a carrier said about a parcel, in Doorstep's words."""

    key: str
    """The same for the same news: a repeat is recognized by it."""
    status: ShipmentStatus | None
    """None where the carrier's code says nothing about the state of the parcel."""
    at: Moment
    code: str = ""
    text: str = ""
    place: str = ""


class Shipment(Record):
    """One parcel of one fulfillment order, its money, its label and its way."""

    shipment_id: str
    fulfillment_order_id: str
    location_id: str
    lines: tuple[ParcelLine, ...]
    weight_grams: int = Field(gt=0)
    amount: Money
    """What is captured when it is packed: the shares of its lines, and what is charged once per
    order.
    """
    order_amount: Money
    """The part of `amount` that is no line's: delivery and fees, carried by the first parcel."""
    service: str = "standard"
    carrier: str = ""
    tracking_number: str = ""
    label: str = ""
    """The key of the label among the documents."""
    status: ShipmentStatus = ShipmentStatus.PENDING
    status_at: Moment | None = None
    """The carrier's own time of the news that set the status."""
    deliver_by: Moment | None = None
    at_risk_from: Moment | None = None
    """From when on its promise is at risk; what the carrier says may move or clear it."""
    alerts: tuple[str, ...] = ()
    """The causes for which a delay alert was raised: once each."""
    packed_at: Moment
    shipped_at: Moment | None = None
    ready_at: Moment | None = None
    """Since when it waits to be collected."""
    delivered_at: Moment | None = None

    @property
    def arrived_at(self) -> Moment | None:
        """When the customer had it, or could collect it."""
        return self.ready_at or self.delivered_at

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def look_at(self) -> Moment | None:
        """When somebody has to look at its promise next; None where nobody need look any more."""
        if self.shipped_at is None or self.deliver_by is None or self.status in _OVER:
            return None
        if self.ready_at:
            return None
        if DelayCause.LATE_DELIVERY in self.alerts:
            return None
        if self.at_risk_from and DelayCause.AT_RISK not in self.alerts:
            return min(self.at_risk_from, self.deliver_by)
        return self.deliver_by

    def follows(self, news: Tracking) -> bool:
        """Whether this news changes the status: newer than what is known, and not after the end.

        A label that was only announced never takes back a scan, whatever its clock says.
        """
        if news.status is None or news.status is self.status:
            return False
        if self.status in _FINAL:
            return news.status in _FINAL[self.status]
        if news.status in _FINAL:
            return True
        if news.status in (ShipmentStatus.PENDING, ShipmentStatus.PRE_TRANSIT):
            return self.status is ShipmentStatus.PENDING
        return self.status_at is None or news.at >= self.status_at
