"""Try again to find a location: for held units that have none, and for whom an agent asks.

Units that no stock holds are not tried: `refill.py` sees when goods arrive.
"""

from __future__ import annotations

from doorstep.domain import allocating
from doorstep.domain.order import Order
from doorstep.ports import Catalog, Clock, Orders, Queues, Stock, Workflow
from doorstep.usecases.allocate import Allocated, allocate_orders


def retry_waiting(
    *,
    orders: Orders,
    queues: Queues,
    stock: Stock,
    catalog: Catalog,
    workflow: Workflow,
    clock: Clock,
    limit: int = 100,
) -> Allocated:
    """Allocate orders again whose held units have waited for a location since the last try."""
    found = queues.due("unallocated", clock(), limit)
    return allocate_orders(
        found, orders=orders, stock=stock, catalog=catalog, workflow=workflow, clock=clock
    )


def request_allocation(order_id: str, *, by: str, orders: Orders, clock: Clock) -> Order:
    """Have locations looked for at once. Raises IllegalTransition where nothing waits for one."""
    (order,) = orders.commit(allocating.request(orders.get(order_id), by=by, at=clock()))
    return order
