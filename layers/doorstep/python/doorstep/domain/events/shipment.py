"""What happens to a parcel."""

from __future__ import annotations

from doorstep.domain.events.event import Event
from doorstep.domain.record import Moment
from doorstep.domain.shipment import ShipmentStatus


class LabelBought(Event):
    """A parcel has a label and a tracking number."""

    name = "shipment.label_bought"
    shipment_id: str
    carrier: str
    tracking_number: str


class ShipmentUpdated(Event):
    """The carrier reported a change."""

    name = "shipment.updated"
    shipment_id: str
    status: ShipmentStatus
    carrier_time: Moment


class ShipmentDelayed(Event):
    """A parcel will be, or is, later than promised; once per cause."""

    name = "shipment.delayed"
    subject: str
    """The shipment, or the fulfillment order that should have become one."""
    cause: str
    deliver_by: Moment
