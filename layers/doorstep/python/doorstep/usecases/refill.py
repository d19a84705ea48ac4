"""Goods that have arrived go to the orders that wait for them, the oldest first."""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Clock, Orders, Queues, Stock, Workflow
from doorstep.usecases.allocate import Allocated, allocate_orders

LIMIT = 100
"""Orders of one run."""


def refill(
    *,
    queues: Queues,
    orders: Orders,
    stock: Stock,
    catalog: Catalog,
    workflow: Workflow,
    clock: Clock,
    limit: int = LIMIT,
) -> Allocated:
    """Allocate waiting orders of whose SKUs there is something again.

    Reads the list of those that wait, and each SKU once, however many wait for it. Allocation hands
    the units out in the order of this list; who finds none waits on.
    """
    levels: dict[str, StockLevels] = {}
    found: list[str] = []
    for waiting in queues.waiting():
        if waiting.skus is None or _any_left(waiting.skus, levels, stock):
            found.append(waiting.order_id)
        if len(found) == limit:
            break
    return allocate_orders(
        found, orders=orders, stock=stock, catalog=catalog, workflow=workflow, clock=clock
    )


def _any_left(skus: tuple[str, ...], known: dict[str, StockLevels], stock: Stock) -> bool:
    """Whether there is a unit of any of these; what was read is remembered in `known`."""
    new: Mapping[str, StockLevels] = stock.levels(sku for sku in skus if sku not in known)
    known |= new
    return any(known[sku].available for sku in skus)
