"""Schedule: every minute, and as goods arrive → they go to the orders that wait for them.

The stream only wakes it. Safe to repeat: by the order's counters.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.refill import refill


@schedule
def handler() -> Mapping[str, object]:
    allocated = refill(
        queues=wiring.queues(),
        orders=wiring.orders(),
        stock=wiring.stock(),
        catalog=wiring.catalog(),
        workflow=wiring.workflow(),
        clock=wiring.clock,
    )
    return {"allocated": len(allocated.done), "failed": sorted(allocated.failed)}
