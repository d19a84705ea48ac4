"""What happens to an order as a whole."""

from __future__ import annotations

from pydantic import Field

from doorstep.domain.events.event import Event, Units
from doorstep.domain.money import Money
from doorstep.domain.record import Moment
from doorstep.domain.routing import Candidate, Seen


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
