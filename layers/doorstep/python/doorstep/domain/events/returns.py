"""What happens to a return."""

from __future__ import annotations

from doorstep.domain.events.event import Event, Units
from doorstep.domain.money import Money


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
