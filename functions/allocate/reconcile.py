"""Schedule: every 15 minutes → SKUs that moved are compared with the ledger, hot ones spread anew.

Their room is made what the terms say by now. Safe to repeat: it compares, takes what is sound off
the list, and finds even shards even.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.runtime.observability import logger, measure
from doorstep.usecases.outage import follow_switches
from doorstep.usecases.products import settle_room
from doorstep.usecases.reconcile import reconcile
from doorstep.usecases.shards import rebalance


@schedule
def handler() -> Mapping[str, object]:
    catalog, stock, clock = wiring.catalog(), wiring.stock(), wiring.clock
    ledger, orders, standings = wiring.ledger(), wiring.orders(), wiring.standings()
    found = reconcile(
        ledger=ledger, orders=orders, standings=standings, catalog=catalog, clock=clock
    )
    for one in found.faulty:
        faults = [fault.model_dump() for fault in (*one.drift, *one.unexplained)]
        logger.error("stock drift", extra={"sku": one.sku, "faults": faults})
    measure("StockDrift", len(found.faulty))
    return {
        "checked": len(found.checked),
        "busy": found.busy,
        "faulty": len(found.faulty),
        "rebalanced": rebalance(found.checked, catalog=catalog, stock=stock, clock=clock),
        "switched": follow_switches(found.checked, catalog=catalog, stock=stock, clock=clock),
        "settled": settle_room(found.checked, catalog=catalog, stock=stock, clock=clock),
    }
