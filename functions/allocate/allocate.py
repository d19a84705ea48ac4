"""SQS: events of orders with units to place → fulfillment orders and their workflows.

Safe to repeat: by the order's counters.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from doorstep.domain.events import TimelineItem
from doorstep.runtime import wiring
from doorstep.runtime.entry import Received, batch, from_bus
from doorstep.runtime.observability import logger
from doorstep.usecases.allocate import allocate_orders


@batch(from_bus)
def handler(received: Sequence[Received[TimelineItem]]) -> Collection[str]:
    allocated = allocate_orders(
        (item.order_id for _, item in received),
        orders=wiring.orders(),
        stock=wiring.stock(),
        catalog=wiring.catalog(),
        workflow=wiring.workflow(),
        clock=wiring.clock,
    )
    for order_id, error in allocated.failed.items():
        logger.error("order not allocated", order_id=order_id, exc_info=error)
    return [key for key, item in received if item.order_id in allocated.failed]
