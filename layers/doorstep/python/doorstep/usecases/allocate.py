"""Allocate: find a place for every held unit, commit a batch's reservations as a group, start the
workflows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from doorstep.domain import allocating, placing
from doorstep.domain.catalog import Location
from doorstep.domain.errors import Conflict, DoorstepError, NotFound, OutOfStock
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import Order
from doorstep.domain.sourcing import source
from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Clock, Orders, Stock, Workflow

GROUP_BUDGET = 80
"""Actions of one transaction that a group of orders may need; DynamoDB takes 100."""

_TRIES = 8

Part = TypeVar("Part")


class Allocated(NamedTuple):
    """Orders by what became of them. `failed` ones are to be tried again."""

    done: tuple[str, ...]
    failed: tuple[str, ...]


def allocate_orders(
    order_ids: Iterable[str],
    *,
    orders: Orders,
    stock: Stock,
    catalog: Catalog,
    workflow: Workflow,
    clock: Clock,
) -> Allocated:
    """Allocate a batch of orders.

    All demand of the batch on one (SKU, location) is one conditional update in one transaction. If
    the group cannot be committed it falls back to order by order, each planned anew; one that fails
    does not keep the others waiting. An order that is too large for one transaction is allocated in
    several. One that is allocated already only has its workflows started again, which is harmless.
    """
    waiting = tuple(dict.fromkeys(order_ids))
    done: list[str] = []
    failed: list[str] = []
    while waiting:
        found = []
        for order_id in waiting:
            try:
                found.append(orders.get(order_id))
            except NotFound:
                failed.append(order_id)
        plans = _planned(found, stock.levels(_skus(found)), catalog, clock)
        waiting = tuple(plan.order.order_id for plan in plans if plan.more)
        for group in _groups([plan.order for plan in plans]):
            try:
                stored = orders.commit(*group)
            except DoorstepError:
                stored = ()
                for planned in group:
                    try:
                        stored += (_alone(planned.order_id, orders, stock, catalog, clock),)
                    except DoorstepError:
                        failed.append(planned.order_id)
            for order in stored:
                start_workflows(order, workflow=workflow)
                done.append(order.order_id)
        waiting = tuple(order_id for order_id in waiting if order_id not in failed)
    return Allocated(tuple(dict.fromkeys(done)), tuple(failed))


class Plan(NamedTuple):
    """An order as it would be committed, and whether it has more to place than one commit takes."""

    order: Order
    more: bool = False


def start_workflows(order: Order, *, workflow: Workflow) -> None:
    """Start the workflow of every fulfillment order that waits for one.

    Harmless where it is started already.
    """
    for one in order.fulfillment_orders:
        if one.status is FulfillmentStatus.ALLOCATED:
            workflow.start(one)


def _alone(order_id: str, orders: Orders, stock: Stock, catalog: Catalog, clock: Clock) -> Order:
    """Plan and commit one order until nobody is faster."""
    for _ in range(_TRIES - 1):
        order = orders.get(order_id)
        levels = stock.levels(_skus([order]))
        (plan,) = _planned([order], levels, catalog, clock)
        try:
            (stored,) = orders.commit(plan.order)
        except (Conflict, OutOfStock):
            continue
        return stored
    raise Conflict([order_id])


def _planned(
    found: Sequence[Order], levels: Mapping[str, StockLevels], catalog: Catalog, clock: Clock
) -> list[Plan]:
    """Each order as it would be allocated, one after the other from the same stock."""
    network = {(sku, n.shard): n.available for sku, all_ in levels.items() for n in all_.network}
    left = {
        (sku, level.location_id): level.available
        for sku, all_ in levels.items()
        for level in all_.locations
    }
    products = catalog.products(_skus(found))
    planned = []
    for order in found:
        if not allocating.waiting(order):
            planned.append(Plan(order))
            continue
        findable = _findable(order, network)
        order = placing.hold_units(order, dict(_first(findable.items())))
        locations = catalog.locations()
        sourcing = source(
            order,
            locations,
            left,
            products=products,
            late_days=_late_days(order, locations, clock()),
        )
        parts = tuple(_first(sourcing.assignments))
        more = parts != sourcing.assignments or len(findable) > placing.MAX_PARTS_PER_COMMIT
        sourcing = sourcing.model_copy(update={"assignments": parts})
        for assignment in sourcing.assignments:
            line = order.line(assignment.line_id)
            if line.tracked and line.sku:
                left[line.sku, assignment.location_id] -= assignment.quantity
        order = allocating.allocate(order, sourcing, at=clock())
        if not more:
            order = placing.report_shortage(order, at=clock())
            order = allocating.report_unfilled(order, sourcing, at=clock())
        planned.append(Plan(order, more))
    return planned


def _first(found: Iterable[Part]) -> Iterator[Part]:
    """As many as one commit takes."""
    return islice(found, placing.MAX_PARTS_PER_COMMIT)


def _late_days(order: Order, locations: Sequence[Location], at: datetime) -> dict[str, int]:
    """By how many days each location would miss the promised handover, by its own calendar."""
    promised = order.promise
    if promised is None:
        return {}
    late = {}
    for location in locations:
        calendar = location.local_calendar
        days = promised.production_days + calendar.processing_days
        ready = calendar.after(calendar.begins(at), days)
        late[location.location_id] = (ready - calendar.day_of(promised.ship_by)).days
    return late


def _findable(order: Order, network: dict[tuple[str, int], int]) -> dict[str, int]:
    """Backordered units that the network has by now; takes them out of `network`."""
    found = {}
    for line in order.lines:
        if line.backordered and line.sku:
            key = (line.sku, line.stock_shard)
            units = min(line.backordered, network.get(key, 0))
            network[key] = network.get(key, 0) - units
            if units:
                found[line.line_id] = units
    return found


def _groups(planned: Sequence[Order]) -> Iterable[tuple[Order, ...]]:
    """Consecutive orders that fit into one transaction together."""
    group: list[Order] = []
    size = 0
    for order in planned:
        cost = _cost(order)
        if group and size + cost > GROUP_BUDGET:
            yield tuple(group)
            group, size = [], 0
        group.append(order)
        size += cost
    if group:
        yield tuple(group)


def _cost(order: Order) -> int:
    """An upper bound of the actions that committing it takes: its rows and events, and three per
    movement.
    """
    rows = 1 + len(order.fulfillment_orders) + len(order.work_items)
    return rows + len(order.raised) + 3 * len(order.moved)


def _skus(found: Iterable[Order]) -> list[str]:
    waiting = (order for order in found if allocating.waiting(order))
    return [line.sku for order in waiting for line in order.lines if line.sku and line.tracked]
