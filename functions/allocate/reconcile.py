"""Schedule: every 15 minutes → SKUs that moved are compared with the ledger, hot ones spread anew.

Their room is made what the terms say by now. Safe to repeat: it compares, takes what is sound off
the list, and finds even shards even.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.runtime.observability import logger, measure
from doorstep.usecases.products import settle_room
from doorstep.usecases.reconcile import reconcile
from doorstep.usecases.shards import rebalance


@schedule
def handler() -> Mapping[str, object]:
    found = reconcile(
        ledger=wiring.ledger(),
        orders=wiring.orders(),
        standings=wiring.standings(),
        catalog=wiring.catalog(),
        clock=wiring.clock,
    )
    for one in found.faulty:
        faults = [fault.model_dump() for fault in (*one.drift, *one.unexplained)]
        logger.error("stock drift", extra={"sku": one.sku, "faults": faults})
    measure("StockDrift", len(found.faulty))
    catalog, stock = wiring.catalog(), wiring.stock()
    return {
        "checked": len(found.checked),
        "busy": found.busy,
        "faulty": len(found.faulty),
        "rebalanced": rebalance(found.checked, catalog=catalog, stock=stock, clock=wiring.clock),
        "settled": settle_room(found.checked, catalog=catalog, stock=stock, clock=wiring.clock),
    }
