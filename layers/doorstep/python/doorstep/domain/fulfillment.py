"""Fulfillment orders: the lines that one location ships together."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from doorstep.domain import transitions
from doorstep.domain.capacity import Booking
from doorstep.domain.catalog import UncollectedRule
from doorstep.domain.production import WorkOrder
from doorstep.domain.record import Moment, Record
from doorstep.domain.shipment import DelayCause


class FulfillmentStatus(StrEnum):
    ALLOCATED = "allocated"
    RELEASED = "released"
    ACCEPTED = "accepted"
    PACKED = "packed"
    SHIPPED = "shipped"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    SHORT = "short"
    WITHDRAWN = "withdrawn"
    CANCELED = "canceled"
    ON_HOLD = "on_hold"
    EXCEPTION = "exception"
    UNCOLLECTED = "uncollected"


#: States in which the location may answer: packed, rejected or short.
WORKABLE = frozenset({FulfillmentStatus.RELEASED, FulfillmentStatus.ACCEPTED})

#: States in which the location still has work to do.
OPEN = frozenset(
    {
        FulfillmentStatus.RELEASED,
        FulfillmentStatus.ACCEPTED,
        FulfillmentStatus.PACKED,
        FulfillmentStatus.ON_HOLD,
        FulfillmentStatus.EXCEPTION,
    }
)

#: States after which its units are no longer with the location.
ENDED = frozenset(
    {
        FulfillmentStatus.DELIVERED,
        FulfillmentStatus.REJECTED,
        FulfillmentStatus.SHORT,
        FulfillmentStatus.WITHDRAWN,
        FulfillmentStatus.CANCELED,
        FulfillmentStatus.UNCOLLECTED,
    }
)


#: States in which its location has not done, and will not do, what it was asked.
UNDONE = ENDED - {FulfillmentStatus.DELIVERED, FulfillmentStatus.UNCOLLECTED}


class FulfillmentMethod(StrEnum):
    """How the goods reach the customer."""

    SHIP = "ship"
    PICKUP = "pickup"
    """From the shelf of the place where they are collected."""
    SHIP_TO_STORE = "ship_to_store"
    """From another place to the one where they are collected."""
    DROP_SHIP = "drop_ship"
    """From a vendor, under the vendor's own label."""


class Pickup(Record):
    """Where an order is collected, and what happens where nobody comes."""

    location_id: str
    remind_days: int = 5
    keep_days: int = 10
    """Days after which the customer is reminded, and after which it is given back."""
    uncollected: UncollectedRule = UncollectedRule.REFUND


_LEFT = (FulfillmentStatus.SHIPPED, FulfillmentStatus.DELIVERED)


class WithdrawalCause(StrEnum):
    """Why a fulfillment order was taken back from its location."""

    TIMEOUT = "timeout"
    """The location let the time pass that its terms give it."""
    OUTAGE = "outage"
    """The location is switched off."""
    MOVED = "moved"
    """An agent gave it to another location."""


class FulfillmentLine(Record):
    """Units of one order line to be picked (or made, by the instructions) and packed here."""

    line_id: str
    sku: str | None
    name: str
    quantity: int = Field(ge=0)
    tracked: bool
    """Whether stock is kept of it."""
    instructions: dict[str, str] = Field(default_factory=dict)
    work_order: WorkOrder | None = None
    """How it is made; None for what is only picked."""

    @property
    def begun(self) -> bool:
        """Whether somebody has begun to make it: that cannot be taken back any more."""
        return self.work_order is not None and self.work_order.begun


class FulfillmentOrder(Record):
    """What one location is asked to ship."""

    fulfillment_order_id: str
    location_id: str
    status: FulfillmentStatus = FulfillmentStatus.ALLOCATED
    lines: tuple[FulfillmentLine, ...]
    attempt: int = 1
    """How often its workflow was started; part of the execution's name from the second time on."""
    method: FulfillmentMethod = FulfillmentMethod.SHIP
    pickup: Pickup | None = None
    """Where the customer collects it; None: it is delivered."""
    remind_at: Moment | None = None
    collect_by: Moment | None = None
    """Since it is ready for pickup: until when it waits."""
    service: str = "standard"
    accept_by: Moment | None = None
    pack_by: Moment | None = None
    """Until when the location has to accept and to pack it, by its terms; None: at any time."""
    ship_by: Moment | None = None
    deliver_by: Moment | None = None
    reason: str = ""
    """Why it is on hold, rejected, short or set aside."""
    declined_at: Moment | None = None
    """When the money of its parcels was refused for the first time."""
    pay_by: Moment | None = None
    """Until when the customer may give another way to pay."""
    dun_at: Moment | None = None
    """When its money is asked for again, or it is given up."""
    missing: dict[str, int] = Field(default_factory=dict)
    """line id → units that the location reported missing, in all."""
    alerts: tuple[str, ...] = ()
    bookings: tuple[Booking, ...] = ()
    """What it takes of its location's days; given back with units that are not done there."""
    allocated_at: Moment

    @property
    def execution_name(self) -> str:
        """The workflow execution it runs in: a repeated start is harmless, a retry is a new one."""
        suffix = f"-try{self.attempt}" if self.attempt > 1 else ""
        return f"{self.fulfillment_order_id}{suffix}"

    @property
    def answer_by(self) -> Moment | None:
        """When it is taken back unless the location has gone on with it; never once a piece of it
        is being made.
        """
        if self.begun:
            return None
        waits = {
            FulfillmentStatus.RELEASED: (self.accept_by, self.pack_by),
            FulfillmentStatus.ACCEPTED: (self.pack_by,),
        }
        return min((at for at in waits.get(self.status, ()) if at), default=None)

    @property
    def look_at(self) -> tuple[Moment, str] | None:
        """When somebody has to look at it next, and for what: its `answer`, its `handover`, its
        declined `payment`, or its `pickup`.
        """
        moments = []
        if self.dun_at and self.status is FulfillmentStatus.ON_HOLD:
            moments.append((self.dun_at, "payment"))
        if self.answer_by:
            moments.append((self.answer_by, "answer"))
        waiting = self.status in OPEN or self.status is FulfillmentStatus.ALLOCATED
        ready = self.status is FulfillmentStatus.READY_FOR_PICKUP
        if ready and (at := self.remind_at or self.collect_by):
            moments.append((at, "pickup"))
        if waiting and self.ship_by and DelayCause.LATE_HANDOVER not in self.alerts:
            moments.append((self.ship_by, "handover"))
        return min(moments, default=None)

    @property
    def begun(self) -> bool:
        """Whether somebody has begun to make any of it."""
        return any(line.begun for line in self.lines)

    @property
    def unfinished(self) -> tuple[WorkOrder, ...]:
        """The work orders that have to be done before it can be packed."""
        work = (line.work_order for line in self.lines)
        return tuple(one for one in work if one and not one.done)

    @property
    def has_left(self) -> bool:
        """Whether its units are no longer on hand where they were allocated."""
        stays = self.method is FulfillmentMethod.PICKUP
        ready = self.status is FulfillmentStatus.READY_FOR_PICKUP
        return self.status in _LEFT or (ready and not stays)

    @property
    def desk(self) -> str | None:
        """The location that has something to do with it now."""
        if self.status in OPEN:
            return self.location_id
        coming = (
            self.status is FulfillmentStatus.SHIPPED
            and self.method is FulfillmentMethod.SHIP_TO_STORE
        )
        waits = coming or self.status is FulfillmentStatus.READY_FOR_PICKUP
        return self.pickup.location_id if self.pickup and waits else None

    @property
    def quantity(self) -> int:
        return sum(line.quantity for line in self.lines)

    def with_lines(self, lines: Iterable[FulfillmentLine]) -> FulfillmentOrder:
        """This one with each of these lines in the place of the one of its id."""
        new = {line.line_id: line for line in lines}
        known = tuple(new.get(line.line_id, line) for line in self.lines)
        return self.model_copy(update={"lines": known})

    def to(self, status: FulfillmentStatus, *, reason: str = "") -> FulfillmentOrder:
        """This one moved to another state; raises IllegalTransition unless the table allows it.

        What is not done here after all takes nothing of the location's days.
        """
        transitions.check("fulfillment order", self.fulfillment_order_id, self.status, status)
        kept = () if status in UNDONE else self.bookings
        return self.model_copy(update={"status": status, "reason": reason, "bookings": kept})
