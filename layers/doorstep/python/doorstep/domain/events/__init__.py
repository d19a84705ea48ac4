"""Everything that can happen to an order, or to the stock of a SKU, as others hear of it.

An event is a timeline item first: written in the transaction that changed the state, numbered
within its order (or its SKU), and only then published. The names and the JSON Schemas of
`docs/events.md` come from these classes. A field is only ever added; a change of meaning is a new
`version`. No event carries personal data: who needs it reads the order.
"""

from __future__ import annotations

from doorstep.domain.events.event import Event, Units
from doorstep.domain.events.fulfillment import (
    FulfillmentAccepted,
    FulfillmentAllocated,
    FulfillmentCanceled,
    FulfillmentDelivered,
    FulfillmentHeld,
    FulfillmentOrderEvent,
    FulfillmentPacked,
    FulfillmentReadyForPickup,
    FulfillmentReduced,
    FulfillmentRejected,
    FulfillmentReleased,
    FulfillmentResumed,
    FulfillmentSetAside,
    FulfillmentShipped,
    FulfillmentShort,
    FulfillmentUncollected,
    FulfillmentUnpacked,
    FulfillmentWithdrawn,
    PickupReminded,
)
from doorstep.domain.events.order import (
    AllocationRequested,
    HoldReleased,
    InstructionsChanged,
    LineSubstituted,
    OrderBackordered,
    OrderCanceled,
    OrderClosed,
    OrderHeld,
    OrderPlaced,
    OrderReceived,
    OrderRouted,
    OrderShort,
    OrderUpdated,
    UnitsCanceled,
)
from doorstep.domain.events.payment import (
    AuthorizationEnded,
    CaptureDeclined,
    CaptureRequested,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentChargedBack,
    PaymentDeclined,
    PaymentGiven,
    PaymentGivenUp,
    PaymentRecorded,
    PaymentVoided,
    PaymentWanted,
    RenewalRequested,
    VoidRefused,
    VoidRequested,
)
from doorstep.domain.events.refund import (
    PaymentRefunded,
    RefundFailed,
    RefundGranted,
    RefundRequested,
    RefundSettled,
)
from doorstep.domain.events.remedy import (
    RemedyCarriedOut,
    RemedyChosen,
    RemedyEvent,
    RemedyExpired,
    RemedyOffered,
    RemedyWithdrawn,
)
from doorstep.domain.events.returns import (
    ReturnApproved,
    ReturnCanceled,
    ReturnClosed,
    ReturnLabeled,
    ReturnReceived,
    ReturnRefunded,
)
from doorstep.domain.events.shipment import LabelBought, ShipmentDelayed, ShipmentUpdated
from doorstep.domain.events.stock import (
    StockBackInStock,
    StockChanged,
    StockDrift,
    StockLow,
    StockNormal,
    StockOut,
    StockOverstock,
)
from doorstep.domain.events.timeline import Numbered, StockItem, TimelineItem
from doorstep.domain.events.work_item import WorkItemClosed, WorkItemOpened
from doorstep.domain.events.work_order import (
    WorkFailed,
    WorkFinished,
    WorkOrderEvent,
    WorkPassed,
    WorkPrinted,
    WorkScrapped,
    WorkStarted,
)

__all__ = [
    "CATALOG",
    "INTERNAL",
    "AllocationRequested",
    "AuthorizationEnded",
    "CaptureDeclined",
    "CaptureRequested",
    "Event",
    "FulfillmentAccepted",
    "FulfillmentAllocated",
    "FulfillmentCanceled",
    "FulfillmentDelivered",
    "FulfillmentHeld",
    "FulfillmentOrderEvent",
    "FulfillmentPacked",
    "FulfillmentReadyForPickup",
    "FulfillmentReduced",
    "FulfillmentRejected",
    "FulfillmentReleased",
    "FulfillmentResumed",
    "FulfillmentSetAside",
    "FulfillmentShipped",
    "FulfillmentShort",
    "FulfillmentUncollected",
    "FulfillmentUnpacked",
    "FulfillmentWithdrawn",
    "HoldReleased",
    "InstructionsChanged",
    "LabelBought",
    "LineSubstituted",
    "Numbered",
    "OrderBackordered",
    "OrderCanceled",
    "OrderClosed",
    "OrderHeld",
    "OrderPlaced",
    "OrderReceived",
    "OrderRouted",
    "OrderShort",
    "OrderUpdated",
    "PaymentAuthorized",
    "PaymentCaptured",
    "PaymentChargedBack",
    "PaymentDeclined",
    "PaymentGiven",
    "PaymentGivenUp",
    "PaymentRecorded",
    "PaymentRefunded",
    "PaymentVoided",
    "PaymentWanted",
    "PickupReminded",
    "RefundFailed",
    "RefundGranted",
    "RefundRequested",
    "RefundSettled",
    "RemedyCarriedOut",
    "RemedyChosen",
    "RemedyEvent",
    "RemedyExpired",
    "RemedyOffered",
    "RemedyWithdrawn",
    "RenewalRequested",
    "ReturnApproved",
    "ReturnCanceled",
    "ReturnClosed",
    "ReturnLabeled",
    "ReturnReceived",
    "ReturnRefunded",
    "ShipmentDelayed",
    "ShipmentUpdated",
    "StockBackInStock",
    "StockChanged",
    "StockDrift",
    "StockItem",
    "StockLow",
    "StockNormal",
    "StockOut",
    "StockOverstock",
    "TimelineItem",
    "Units",
    "UnitsCanceled",
    "VoidRefused",
    "VoidRequested",
    "WorkFailed",
    "WorkFinished",
    "WorkItemClosed",
    "WorkItemOpened",
    "WorkOrderEvent",
    "WorkPassed",
    "WorkPrinted",
    "WorkScrapped",
    "WorkStarted",
]

CATALOG: dict[str, type[Event]] = {
    event.name: event
    for event in globals().values()
    if isinstance(event, type) and issubclass(event, Event) and "name" in vars(event)
}
"""Every event by its name."""

INTERNAL = frozenset(
    event.name
    for event in (
        OrderRouted,
        OrderHeld,
        HoldReleased,
        FulfillmentRejected,
        FulfillmentShort,
        FulfillmentWithdrawn,
        FulfillmentHeld,
        WorkPrinted,
        WorkFailed,
        WorkScrapped,
        FulfillmentSetAside,
        FulfillmentResumed,
        FulfillmentUnpacked,
        AllocationRequested,
        WorkItemOpened,
        WorkItemClosed,
    )
)
"""Events that no customer is shown: what things cost the merchant, and its own troubles."""
