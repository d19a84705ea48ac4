"""What happens to a work order, in its workshop."""

from __future__ import annotations

from doorstep.domain.events.fulfillment import FulfillmentOrderEvent


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
