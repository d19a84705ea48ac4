"""Schedule: every 15 minutes → SKUs that moved are compared with the ledger and the orders.

Safe to repeat: it only reads, and takes what is sound off the list.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.runtime.observability import logger, measure
from doorstep.usecases.reconcile import reconcile


@schedule
def handler() -> Mapping[str, object]:
    found = reconcile(ledger=wiring.ledger(), orders=wiring.orders(), clock=wiring.clock)
    for one in found.faulty:
        faults = [fault.model_dump() for fault in (*one.drift, *one.unexplained)]
        logger.error("stock drift", extra={"sku": one.sku, "faults": faults})
    measure("StockDrift", len(found.faulty))
    return {"checked": found.checked, "busy": found.busy, "faulty": len(found.faulty)}
