"""Everything that can happen to an order, or to the stock of a SKU, as others hear of it.

An event is a timeline item first: written in the transaction that changed the state, numbered
within its order (or its SKU), and only then published. The names and the JSON Schemas of
`docs/events.md` come from these classes. A field is only ever added; a change of meaning is a new
`version`. No event carries personal data: who needs it reads the order.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from doorstep.domain.availability import StockState
from doorstep.domain.money import Money
from doorstep.domain.record import Moment
from doorstep.domain.routing import Candidate, Seen
from doorstep.domain.shipment import ShipmentStatus


class Event(BaseModel):
    """The base of all events: `name` is its detail-type on the bus, `version` that of its shape."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    version: ClassVar[int] = 1


class Units(BaseModel):
    """A quantity of one order line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: str
    sku: str | None
    quantity: int


class OrderReceived(Event):
    """A checkout began: stock is held, payment has been asked for."""

    name = "order.received"
    channel: str
    total: Money


class OrderPlaced(Event):
    """The order is binding: to be allocated unless it is on hold."""

    name = "order.placed"
    channel: str
    total: Money
    deliver_by: Moment | None
    on_hold: bool


class OrderUpdated(Event):
    """The storefront changed what may be changed without touching goods or money, such as an
    address.
    """

    name = "order.updated"
    changed: tuple[str, ...]


class InstructionsChanged(Event):
    """The pieces of a line are to be made differently; the order says how."""

    name = "order.instructions_changed"
    line_id: str


class OrderCanceled(Event):
    """The open remainder of the order was canceled; what has left is not affected."""

    name = "order.canceled"
    reason: str
    units: tuple[Units, ...]


class OrderClosed(Event):
    """Everything that was to be delivered was."""

    name = "order.closed"


class OrderHeld(Event):
    """The order waits for somebody's decision."""

    name = "order.held"
    hold_id: str
    reasons: tuple[str, ...]


class HoldReleased(Event):
    """One hold is gone; `on_hold` says whether others remain."""

    name = "order.hold_released"
    hold_id: str
    on_hold: bool


class AllocationRequested(Event):
    """Somebody wants locations to be looked for again, now."""

    name = "order.allocation_requested"


class OrderShort(Event):
    """An order that is paid for cannot be filled from stock: these units are missing."""

    name = "order.shortage"
    units: tuple[Units, ...]


class UnitsCanceled(Event):
    """These units will not be delivered; the rest of the order is not affected."""

    name = "order.units_canceled"
    reason: str
    units: tuple[Units, ...]


class LineSubstituted(Event):
    """Something else is sent in the place of units that could not be found."""

    name = "order.line_substituted"
    units: Units
    replaces: str
    """The line whose units were canceled for it."""
    total: Money


class RemedyEvent(Event):
    """The base of what happens to one remedy."""

    remedy_id: str


class RemedyOffered(RemedyEvent):
    """The customer may choose what to do about units that are paid for and cannot be found."""

    name = "remedy.offered"
    units: tuple[Units, ...]
    kinds: tuple[str, ...]
    deadline: Moment
    at_deadline: str
    """What is done if nobody chooses."""


class RemedyChosen(RemedyEvent):
    """The customer, or an agent for them, has chosen."""

    name = "remedy.chosen"
    kind: str


class RemedyExpired(RemedyEvent):
    """Nobody chose in time."""

    name = "remedy.expired"
    kind: str
    """What is done now."""


class RemedyCarriedOut(RemedyEvent):
    """What was decided is done."""

    name = "remedy.carried_out"
    kind: str
    refund: Money
    """What is paid back, or not charged."""
    deliver_by: Moment | None
    """The new date, where the old one does not stand."""


class RemedyWithdrawn(RemedyEvent):
    """There is nothing to choose any more: the units were found, canceled, or became others."""

    name = "remedy.withdrawn"
    reason: str


class OrderBackordered(Event):
    """These units are held for the order, but no shelf has them: they wait for goods."""

    name = "order.backordered"
    units: tuple[Units, ...]


class OrderRouted(Event):
    """Locations were weighed against each other for the order's open units: who was chosen, who was
    not, and what each would have cost.
    """

    name = "order.routed"
    why: str
    rules: str
    """The rules' channel, or `default`, and their version: `web@3`."""
    cost: Money
    """Of the plan in all, for comparison only: the merchant's own cost, never the customer's."""
    split: Money
    """What of it the parcels after the first cost in trouble."""
    proven: bool
    """Whether nothing cheaper can exist."""
    candidates: tuple[Candidate, ...]
    """The chosen first, then those that could have been; at the most twenty."""
    omitted: int
    """How many more locations were looked at."""
    plan: dict[str, dict[str, int]] = Field(default_factory=dict)
    """location id → line id → units."""
    seen: Seen | None = None
    """What it was decided from."""


class PaymentAuthorized(Event):
    """The provider reserved the amount."""

    name = "payment.authorized"
    payment_id: str
    amount: Money


class RenewalRequested(Event):
    """An authorization runs out, or does not fit a parcel: it is about to be asked for anew."""

    name = "payment.renewal_requested"
    payment_id: str
    amount: Money


class AuthorizationEnded(Event):
    """The provider does not reserve the amount any more: its time was up, or one capture was all it
    gave.
    """

    name = "payment.authorization_ended"
    payment_id: str
    amount: Money
    reason: str


class PaymentDeclined(Event):
    """The provider refused to authorize."""

    name = "payment.declined"
    payment_id: str
    reason: str


class PaymentRecorded(Event):
    """The storefront told us of money that it took itself."""

    name = "payment.recorded"
    payment_id: str
    amount: Money


class CaptureRequested(Event):
    """A parcel claimed its share; the provider is about to be asked."""

    name = "payment.capture_requested"
    payment_id: str
    shipment_id: str
    amount: Money


class PaymentCaptured(Event):
    """The share of one parcel was captured."""

    name = "payment.captured"
    payment_id: str
    shipment_id: str
    amount: Money


class CaptureDeclined(Event):
    """The provider refused to capture the share of one parcel."""

    name = "payment.capture_declined"
    payment_id: str
    shipment_id: str
    amount: Money
    reason: str


class PaymentWanted(Event):
    """The money of a packed fulfillment order was refused: its customer is asked for another way to
    pay.
    """

    name = "payment.wanted"
    fulfillment_order_id: str
    amount: Money
    pay_by: Moment


class PaymentGiven(Event):
    """The customer gave another way to pay; the provider is about to be asked."""

    name = "payment.given"
    payment_id: str
    replaces: tuple[str, ...]
    amount: Money


class PaymentGivenUp(Event):
    """Nobody paid in time: the order's open remainder is canceled."""

    name = "payment.given_up"
    fulfillment_order_id: str


class PaymentChargedBack(Event):
    """The customer's bank took captured money back; a work item is open."""

    name = "payment.charged_back"
    payment_id: str
    amount: Money


class VoidRequested(Event):
    """What is authorized and not needed is about to be given free."""

    name = "payment.void_requested"
    payment_id: str
    amount: Money


class PaymentVoided(Event):
    """What was authorized and not needed is free again."""

    name = "payment.voided"
    payment_id: str
    amount: Money


class VoidRefused(Event):
    """The provider did not give free what is not needed; a work item is open."""

    name = "payment.void_refused"
    payment_id: str
    amount: Money
    reason: str


class RefundGranted(Event):
    """An agent gives money back without a return."""

    name = "refund.granted"
    refund_id: str
    reason: str
    amount: Money


class RefundSettled(Event):
    """What an agent has granted was given back, or as much of it as there was."""

    name = "refund.settled"
    refund_id: str
    given: Money


class RefundRequested(Event):
    """Money is about to be given back: for a return, or for a refund that was granted without."""

    name = "payment.refund_requested"
    payment_id: str
    return_id: str
    """Empty where it is for no return."""
    refund_id: str = ""
    """What was granted without a return."""
    shipment_id: str = ""
    """The parcel that was paid in part, and will not leave."""
    amount: Money


class PaymentRefunded(Event):
    """Money was given back."""

    name = "payment.refunded"
    payment_id: str
    return_id: str
    refund_id: str = ""
    shipment_id: str = ""
    amount: Money


class RefundFailed(Event):
    """The provider refused to give money back; a work item is open."""

    name = "payment.refund_failed"
    payment_id: str
    return_id: str
    refund_id: str = ""
    shipment_id: str = ""
    amount: Money
    reason: str


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


class WorkOrderEvent(FulfillmentOrderEvent):
    """The base of what happens to the pieces of one line in a workshop."""

    work_order_id: str


class WorkPrinted(WorkOrderEvent):
    """A work order is on paper, with this version of its instructions."""

    name = "work_order.printed"
    instructions: int


class WorkStarted(WorkOrderEvent):
    """Somebody makes it: it is not canceled any more."""

    name = "work_order.started"


class WorkFinished(WorkOrderEvent):
    """It is made, and has to pass the quality check."""

    name = "work_order.finished"


class WorkPassed(WorkOrderEvent):
    """It is as it was wanted, and can be packed."""

    name = "work_order.passed"


class WorkFailed(WorkOrderEvent):
    """It is not as it should be: back to work."""

    name = "work_order.failed"
    reason: str


class WorkScrapped(WorkOrderEvent):
    """Pieces were spoiled, for whatever reason."""

    name = "work_order.scrapped"
    quantity: int
    again: bool
    """True where they are made again there; else they are short."""
    reason: str


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


class ReturnApproved(Event):
    """A customer may send these units back."""

    name = "return.approved"
    return_id: str
    units: tuple[Units, ...]


class ReturnLabeled(Event):
    """The label for the way back is there."""

    name = "return.labeled"
    return_id: str
    carrier: str
    tracking_number: str


class ReturnReceived(Event):
    """Counted at the location, back in stock where it can be sold; the refund follows."""

    name = "return.received"
    return_id: str
    units: tuple[Units, ...]
    refund: Money


class ReturnCanceled(Event):
    """Nothing will come: these units may be announced again."""

    name = "return.canceled"
    return_id: str
    units: tuple[Units, ...]


class ReturnRefunded(Event):
    """The return is settled."""

    name = "return.refunded"
    return_id: str
    refund: Money


class ReturnClosed(Event):
    """Nothing came back, or nothing is owed."""

    name = "return.closed"
    return_id: str


class WorkItemOpened(Event):
    """A person has to look at something."""

    name = "work_item.opened"
    work_item_id: str
    cause: str
    subject: str


class WorkItemClosed(Event):
    """A person looked at it."""

    name = "work_item.closed"
    work_item_id: str


class StockChanged(Event):
    """The goods of a SKU, in all or at one location, are in another state than before."""

    before: StockState
    state: StockState
    available: int
    location_id: str | None
    """None: wherever they are."""
    weeks_of_cover: int | None
    """How long they last at the rate of the last eight weeks; None where nothing was shipped."""


class StockBackInStock(StockChanged):
    """There was nothing to sell; now there is, be it a few or too many (`state`)."""

    name = "stock.back_in_stock"


class StockLow(StockChanged):
    """No more are left than the threshold of the SKU, or of the location."""

    name = "stock.low"


class StockOut(StockChanged):
    """There is nothing left to sell."""

    name = "stock.out"


class StockOverstock(StockChanged):
    """There is more than sells within the weeks that the product allows."""

    name = "stock.overstock"


class StockNormal(StockChanged):
    """Few or too many before; now neither."""

    name = "stock.normal"


class StockDrift(Event):
    """Levels, ledger and orders disagree: what does not add up, the first twenty of `count`."""

    name = "stock.drift"
    faults: tuple[str, ...]
    count: int


class Numbered(BaseModel):
    """An event in its place: when, and by whom."""

    model_config = ConfigDict(frozen=True)

    sequence: int = Field(ge=1)
    at: Moment
    actor: str
    name: str
    version: int
    data: dict[str, object]


class StockItem(Numbered):
    """The n-th event of a SKU."""

    sku: str


class TimelineItem(Numbered):
    """The n-th event of an order."""

    order_id: str

    @property
    def event_id(self) -> str:
        return f"{self.order_id}-E{self.sequence}"


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
