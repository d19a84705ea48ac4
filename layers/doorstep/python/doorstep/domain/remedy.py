"""Remedies: what a customer is offered for units that are paid for and cannot be found, and what
they chose.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from doorstep.domain import transitions
from doorstep.domain.catalog import Sku
from doorstep.domain.money import Money
from doorstep.domain.promise import Promise
from doorstep.domain.record import Moment, Record

SOONEST_OFFER = timedelta(minutes=15)
"""How long units are looked for at the least before an offer is made by itself."""

PATIENCE = timedelta(minutes=10)
"""How long whoever took a decision has to carry it out, before somebody else does."""


class RemedyStatus(StrEnum):
    OFFERED = "offered"
    CHOSEN = "chosen"
    EXPIRED = "expired"
    """Nobody chose in time: what the policy says is done."""
    CARRIED_OUT = "carried_out"
    WITHDRAWN = "withdrawn"


class RemedyKind(StrEnum):
    WAIT = "wait"
    """All of it is still delivered, at a new date where one is known."""
    SUBSTITUTE = "substitute"
    """Something else is sent, and never paid dearer."""
    PARTIAL = "partial"
    """These units are canceled and paid back; the rest is delivered."""
    REFUND = "refund"
    """All that is not packed is canceled and paid back."""


class RemedyPolicy(Record):
    """When a channel's customers are offered a remedy, and what is done if they do not choose."""

    channel: str = Field(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")
    automatic: bool = True
    """Whether it is offered without an agent."""
    offer_after_minutes: int = Field(default=24 * 60, ge=15, le=90 * 24 * 60)
    """How long units have been looked for in vain by then."""
    answer_within_hours: int = Field(default=72, ge=1, le=90 * 24)
    at_deadline: Literal[RemedyKind.WAIT, RemedyKind.PARTIAL, RemedyKind.REFUND] = (
        RemedyKind.PARTIAL
    )
    ask_again_days: int = Field(default=14, ge=1, le=365)
    """When somebody waits without a date: after so long they are asked again."""


class Substitute(Record):
    """What could be sent in the place of a line's missing units. Money is for all of them."""

    line_id: str
    sku: Sku
    name: str
    quantity: int = Field(gt=0)
    unit_price: Money
    listed: Money
    """What they cost in the shop, with tax."""
    tax: Money
    """Included in what is listed."""
    total: Money
    """What the customer pays: as listed, but never more than for what they bought."""
    refund: Money
    """What they get back."""


class RemedyOption(Record):
    """One way out, with what comes of it."""

    kind: RemedyKind
    refund: Money | None = None
    """What is paid back, or not charged; None for a substitute: that says it itself."""
    promise: Promise | None = None
    """The new dates, of a substitute as if it were chosen now; None where none is known, or what is
    left keeps its own.
    """
    ask_again_at: Moment | None = None
    """When somebody who waits is asked again."""
    substitutes: tuple[Substitute, ...] = ()
    """At least one for each line; the first one of a line is what is sent if none is named."""


class Remedy(Record):
    """An offer to a customer, and what became of it: at most one of an order is open."""

    remedy_id: str
    status: RemedyStatus = RemedyStatus.OFFERED
    units: dict[str, Annotated[int, Field(gt=0)]]
    """line id → units that it is about."""
    options: tuple[RemedyOption, ...]
    offered_at: Moment
    deadline: Moment
    at_deadline: RemedyKind
    choice: RemedyKind | None = None
    substitutes: dict[str, str] = Field(default_factory=dict)
    """line id → the SKU that was chosen in its place."""
    decided_at: Moment | None = None
    refund: Money | None = None
    """What it came to: paid back, or not charged."""
    ended_at: Moment | None = None
    reason: str = ""
    """Why it was withdrawn."""

    @property
    def open(self) -> bool:
        """Whether somebody may still choose."""
        return self.status is RemedyStatus.OFFERED

    @property
    def decided(self) -> bool:
        """Whether it is settled what is to be done, and not done yet."""
        return self.status in (RemedyStatus.CHOSEN, RemedyStatus.EXPIRED)

    @property
    def due(self) -> Moment | None:
        """When somebody has to look at it: to decide for the customer, or to finish it."""
        if self.open:
            return self.deadline
        return self.decided_at + PATIENCE if self.decided and self.decided_at else None

    @property
    def chosen(self) -> RemedyOption | None:
        """The option that was decided for."""
        return self.option(self.choice) if self.choice else None

    def option(self, kind: RemedyKind) -> RemedyOption | None:
        return next((option for option in self.options if option.kind is kind), None)

    def substitute(self, line_id: str) -> Substitute | None:
        """What is sent in the place of a line: what was chosen, or else the first."""
        option = self.option(RemedyKind.SUBSTITUTE)
        found = [one for one in option.substitutes if one.line_id == line_id] if option else []
        sku = self.substitutes.get(line_id)
        return next((one for one in found if sku in (None, one.sku)), None)

    @property
    def sent(self) -> tuple[Substitute, ...]:
        """What is sent instead, line by line."""
        return tuple(one for line_id in self.units if (one := self.substitute(line_id)))

    def to(self, status: RemedyStatus, **changes: object) -> Remedy:
        transitions.check("remedy", self.remedy_id, self.status, status)
        return self.model_copy(update={"status": status, **changes})
