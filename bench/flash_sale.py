"""A flash sale: a thousand orders on one SKU, allocated in batches and one by one.

The orders are placed by the ordinary checkout; allocating them is the library's own code against
the tables of the embedded AWS, so that what is counted and timed is that alone. Nothing is shipped.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from bench import scenarios
from bench.stack import Measured
from doorstep.adapters.dynamo.catalog import DynamoCatalog
from doorstep.adapters.dynamo.orders import DynamoOrders
from doorstep.adapters.dynamo.stock import DynamoStock
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.usecases.allocate import allocate_orders
from local.aws import Aws
from local.client import Doorstep

ORDERS = 1_000
BATCH = 24
"""As many as the queue hands to one call (`infra/allocate.py`)."""

_SCENARIO = "one line"
_CALLERS = 8


class Allocating(NamedTuple):
    """What it took to give a location to each of the orders."""

    transactions: int
    stock_writes: int
    """Updates of the levels of the SKU, which every order of the sale wants to write."""
    rows_written: int
    reads: int
    seconds: float


class _Nobody:
    """The workflow of orders that are not to be shipped."""

    def start(self, one: FulfillmentOrder) -> None: ...
    def park(self, fulfillment_order_id: str, token: str) -> None: ...
    def succeed(self, fulfillment_order_id: str) -> None: ...
    def fail(self, fulfillment_order_id: str, error: str) -> None: ...


def measure(stack: Measured, orders: int = ORDERS) -> dict[str, Allocating]:
    """How it is allocated → what that took. To be run with events off."""
    return {
        name: _allocate(stack, _placed(stack, f"flash-{batch}", orders), batch)
        for name, batch in ((f"in batches of {BATCH}", BATCH), ("order by order", 1))
    }


def _placed(stack: Measured, name: str, orders: int) -> list[str]:
    """The ids of so many orders of one unit of the same SKU, held and paid."""
    given = scenarios.orders(name, _SCENARIO, orders)
    with (
        Doorstep(stack.outputs.api_url, stack.access.keys["webshop"]) as shop,
        ThreadPoolExecutor(_CALLERS) as pool,
    ):
        list(pool.map(lambda one: shop.place(one.cart(), one.sold.order_id), given))
    return [one.order_id for one in given]


def _allocate(stack: Measured, order_ids: Sequence[str], batch: int) -> Allocating:
    with Aws(stack.outputs.endpoint) as aws, _counted(aws.dynamodb) as counts:
        table = stack.outputs.table_name
        orders = DynamoOrders(aws.dynamodb, table, "bench", _now)
        stock, catalog = DynamoStock(aws.dynamodb, table, _now), DynamoCatalog(aws.dynamodb, table)
        rest = iter(order_ids)
        began = time.perf_counter()
        while ids := list(islice(rest, batch)):
            done = allocate_orders(
                ids, orders=orders, stock=stock, catalog=catalog, workflow=_Nobody(), clock=_now
            )
            if done.failed:
                raise TimeoutError(f"not allocated: {done.failed}")
        seconds = time.perf_counter() - began
    return Allocating(
        counts["transactions"], counts["stock"], counts["rows"], counts["reads"], seconds
    )


@contextmanager
def _counted(client: Any) -> Iterator[Counter[str]]:
    """Count what a client of DynamoDB sends while the block runs."""
    counts: Counter[str] = Counter()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name != "TransactWriteItems":
            counts["reads"] += 1
            return
        counts["transactions"] += 1
        for item in params["TransactItems"]:
            ((_, write),) = item.items()
            counts["rows"] += 1
            counts["stock"] += write.get("Key", {}).get("pk", {}).get("S", "").startswith("STOCK#")

    client.meta.events.register("provide-client-params.dynamodb", note)
    yield counts


def _now() -> datetime:
    return datetime.now(UTC)
