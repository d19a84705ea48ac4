"""Work orders: what a workshop does to make the pieces of one line, and how far it is."""

from __future__ import annotations

from enum import StrEnum

from doorstep.domain import transitions
from doorstep.domain.catalog import WorkStep
from doorstep.domain.record import Moment, Record


class ProductionState(StrEnum):
    QUEUED = "queued"
    IN_PRODUCTION = "in_production"
    QUALITY_CHECK = "quality_check"
    DONE = "done"


class Passage(Record):
    """When a work order came into a state."""

    state: ProductionState
    at: Moment


class WorkOrder(Record):
    """The work on one line of a fulfillment order, which says how many pieces, and how they are
    to be.
    """

    work_order_id: str
    steps: tuple[WorkStep, ...] = ()
    state: ProductionState = ProductionState.QUEUED
    version: int = 1
    """Of its instructions. Paper that shows an older one is out of date."""
    document: str = ""
    """Its paper of this version, among the documents; empty until somebody asks for it."""
    reason: str = ""
    """Why it came back from the quality check."""
    scrapped: int = 0
    """Pieces that were spoiled, in all."""
    passages: tuple[Passage, ...] = ()
    """Every state it came into, and when."""

    @property
    def begun(self) -> bool:
        """Whether work has begun: it is not called off, and not made differently, any more."""
        return self.state is not ProductionState.QUEUED

    @property
    def done(self) -> bool:
        return self.state is ProductionState.DONE

    @property
    def name(self) -> str:
        """For a refusal, which tells the state too."""
        return f"work order {self.work_order_id}"

    @property
    def instructed_anew(self) -> WorkOrder:
        """This one with other instructions: what is on paper is out of date."""
        return self.model_copy(update={"version": self.version + 1, "document": ""})

    @property
    def in_public(self) -> WorkOrder:
        """What the customer may know of it: how far it is."""
        return self.model_copy(update={"steps": (), "document": "", "reason": "", "scrapped": 0})

    def since(self, state: ProductionState) -> Moment | None:
        """When it last came into a state; None where it never did."""
        return next((one.at for one in reversed(self.passages) if one.state is state), None)

    def to(self, state: ProductionState, *, at: Moment, reason: str = "") -> WorkOrder:
        """This one moved to another state; raises IllegalTransition unless the table allows it."""
        transitions.check("work order", self.work_order_id, self.state, state)
        passages = (*self.passages, Passage(state=state, at=at))
        return self.model_copy(update={"state": state, "reason": reason, "passages": passages})


def queued(key: str, steps: tuple[WorkStep, ...], *, at: Moment) -> WorkOrder:
    """A new work order, to be begun when its turn comes."""
    first = Passage(state=ProductionState.QUEUED, at=at)
    return WorkOrder(work_order_id=key, steps=steps, passages=(first,))
