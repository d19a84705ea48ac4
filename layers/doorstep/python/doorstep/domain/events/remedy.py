"""What happens to the remedies that a customer is offered."""

from __future__ import annotations

from doorstep.domain.events.event import Event, Units
from doorstep.domain.money import Money
from doorstep.domain.record import Moment


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
