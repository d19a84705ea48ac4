"""SQS: a location has answered, or somebody resumed → the workflow is woken, or started again.

Safe to repeat: a woken one stays awake, and a started one is not started twice.
"""

from __future__ import annotations

from doorstep.domain.events import FulfillmentResumed, TimelineItem
from doorstep.runtime import wiring
from doorstep.runtime.entry import from_bus, queue
from doorstep.usecases.ship import restart, wake


@queue(from_bus)
def handler(item: TimelineItem) -> None:
    go_on = restart if item.name == FulfillmentResumed.name else wake
    key = str(item.data["fulfillment_order_id"])
    go_on(key, orders=wiring.orders(), workflow=wiring.workflow())
