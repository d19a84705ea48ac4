"""What happens to a fulfillment order, at its location."""

from __future__ import annotations

from doorstep.domain.events.event import Event, Units
from doorstep.domain.record import Moment


class FulfillmentOrderEvent(Event):
    """The base of what happens to one fulfillment order."""

    fulfillment_order_id: str
    location_id: str


class FulfillmentAllocated(FulfillmentOrderEvent):
    """A location was chosen and its stock is reserved."""

    name = "fulfillment_order.allocated"
    units: tuple[Units, ...]
    why: str


class FulfillmentReleased(FulfillmentOrderEvent):
    """The location may start."""

    name = "fulfillment_order.released"


class FulfillmentAccepted(FulfillmentOrderEvent):
    """The location has started."""

    name = "fulfillment_order.accepted"


class FulfillmentPacked(FulfillmentOrderEvent):
    """Everything is in parcels, ready to be paid and labeled."""

    name = "fulfillment_order.packed"
    shipment_ids: tuple[str, ...]


class FulfillmentRejected(FulfillmentOrderEvent):
    """The location will not ship it: its lines are routed again, elsewhere."""

    name = "fulfillment_order.rejected"
    reason: str
    units: tuple[Units, ...]


class FulfillmentShort(FulfillmentOrderEvent):
    """Units were not where they should be: they are routed again, elsewhere."""

    name = "fulfillment_order.short"
    units: tuple[Units, ...]
    ended: bool
    """True where nothing was found, so that nothing is left to pack here."""


class FulfillmentWithdrawn(FulfillmentOrderEvent):
    """It was taken back from its location before it was packed: its units are routed anew."""

    name = "fulfillment_order.withdrawn"
    cause: str
    """`timeout`, `outage` or `moved`."""
    reason: str
    units: tuple[Units, ...]


class FulfillmentReduced(FulfillmentOrderEvent):
    """Units were canceled; the rest is still to be shipped from there."""

    name = "fulfillment_order.reduced"
    units: tuple[Units, ...]


class FulfillmentHeld(FulfillmentOrderEvent):
    """Packed, but must not leave."""

    name = "fulfillment_order.held"
    reason: str


class FulfillmentSetAside(FulfillmentOrderEvent):
    """Its workflow failed for a reason nobody foresaw; a work item is open."""

    name = "fulfillment_order.set_aside"
    reason: str


class FulfillmentResumed(FulfillmentOrderEvent):
    """Its workflow starts again after a hold or a failure."""

    name = "fulfillment_order.resumed"
    attempt: int


class FulfillmentUnpacked(FulfillmentOrderEvent):
    """It stays in the house: its parcels, not paid yet, were taken apart; no goods have moved."""

    name = "fulfillment_order.unpacked"
    shipment_ids: tuple[str, ...]


class FulfillmentShipped(FulfillmentOrderEvent):
    """All its parcels are with the carrier."""

    name = "fulfillment_order.shipped"
    shipment_ids: tuple[str, ...]


class FulfillmentReadyForPickup(FulfillmentOrderEvent):
    """It waits at this location for its customer, who has a code for it."""

    name = "fulfillment_order.ready_for_pickup"
    collect_by: Moment


class PickupReminded(FulfillmentOrderEvent):
    """Nobody has collected it yet: the customer is reminded."""

    name = "fulfillment_order.pickup_reminded"
    collect_by: Moment


class FulfillmentDelivered(FulfillmentOrderEvent):
    """All its parcels have arrived, or were collected."""

    name = "fulfillment_order.delivered"
    collected_with: str = ""
    """How who collected it was known: `code` or `identity`."""


class FulfillmentUncollected(FulfillmentOrderEvent):
    """Nobody collected it in time: it is in stock again, and not sold any more."""

    name = "fulfillment_order.uncollected"
    units: tuple[Units, ...]


class FulfillmentCanceled(FulfillmentOrderEvent):
    """It is not to be shipped any more."""

    name = "fulfillment_order.canceled"
