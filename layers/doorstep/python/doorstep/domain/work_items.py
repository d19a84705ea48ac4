"""Work items of an order: a person's attention is asked for, and is not needed any more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from doorstep.domain import events
from doorstep.domain.order import Order
from doorstep.domain.work import WorkItem, WorkItemStatus

QUEUED = "queued"
"""The cause of the work item about an order that waits to be asked for."""

SHORT = ("shortage", "unfilled")
"""The causes of work items about units that cannot be found."""


def open_work_item(order: Order, cause: str, *, subject: str, text: str, at: datetime) -> Order:
    """Ask for a person's attention: at one time once per cause and subject."""
    key = f"{order.order_id}-W-{cause}-{subject.removeprefix(order.order_id).strip('-') or 'order'}"
    known = [x for x in order.work_items if (x.cause, x.subject) == (cause, subject)]
    if any(item.status is WorkItemStatus.OPEN for item in known):
        return order
    if known:
        key = f"{key}-{len(known) + 1}"
    item = WorkItem(work_item_id=key, cause=cause, subject=subject, text=text, opened_at=at)
    return order.with_work_item(item).raising(
        events.WorkItemOpened(work_item_id=key, cause=cause, subject=subject)
    )


def report(order: Order, cause: str, *, text: str, at: datetime) -> Order:
    """Ask for attention to how the order stands, unless somebody has been told just that."""
    if any((item.cause, item.text) == (cause, text) for item in order.work_items):
        return order
    return open_work_item(order, cause, subject=order.order_id, text=text, at=at)


def close_work_item(order: Order, key: str, *, by: str, at: datetime) -> Order:
    item = order.work_item(key).close(by=by, at=at)
    return order.with_work_item(item).raising(events.WorkItemClosed(work_item_id=key))


def close_work_items(order: Order, causes: Collection[str], *, at: datetime) -> Order:
    """Close the open work items of these causes: nobody has to look any more."""
    for item in order.work_items:
        if item.cause in causes and item.status is WorkItemStatus.OPEN:
            order = close_work_item(order, item.work_item_id, by="system", at=at)
    return order
