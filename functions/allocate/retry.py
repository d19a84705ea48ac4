"""Schedule: every five minutes → locations looked for again, for held units without one.

Safe to repeat: by the order's counters.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.runtime.observability import logger
from doorstep.usecases.retry import retry_waiting


@schedule
def handler() -> Mapping[str, object]:
    tried = retry_waiting(
        orders=wiring.orders(),
        queues=wiring.queues(),
        stock=wiring.stock(),
        catalog=wiring.catalog(),
        workflow=wiring.workflow(),
        clock=wiring.clock,
    )
    for order_id, error in tried.failed.items():
        logger.error("order not allocated", order_id=order_id, exc_info=error)
    return {"tried": len(tried.done), "failed": tuple(tried.failed)}
