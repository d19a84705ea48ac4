"""What happens to a work item, at which a person looks."""

from __future__ import annotations

from doorstep.domain.events.event import Event


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
