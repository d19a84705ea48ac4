"""SQS: events a customer should hear of → mail. A repeat may mail twice: better than not at all."""

from __future__ import annotations

from doorstep.domain.events import TimelineItem
from doorstep.runtime import wiring
from doorstep.runtime.entry import from_bus, queue
from doorstep.usecases.notify import notify


@queue(from_bus)
def handler(item: TimelineItem) -> None:
    notify(
        item,
        orders=wiring.orders(),
        notifier=wiring.notifier(),
        links=wiring.links(),
        payment_links=wiring.payment_links(),
    )
