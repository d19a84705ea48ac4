"""Work items: what a person has to look at, opened once per cause."""

from __future__ import annotations

from enum import StrEnum

from doorstep.domain import transitions
from doorstep.domain.record import Moment, Record


class WorkItemStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class WorkItem(Record):
    """Something about an order that the software cannot settle by itself."""

    work_item_id: str
    cause: str
    """A word for the kind of trouble, such as `shortage` or `late_handover`."""
    subject: str
    """The id of the record in trouble."""
    text: str
    status: WorkItemStatus = WorkItemStatus.OPEN
    opened_at: Moment
    closed_at: Moment | None = None
    closed_by: str = ""

    def close(self, *, by: str, at: Moment) -> WorkItem:
        transitions.check("work item", self.work_item_id, self.status, WorkItemStatus.CLOSED)
        return self.model_copy(
            update={"status": WorkItemStatus.CLOSED, "closed_at": at, "closed_by": by}
        )
