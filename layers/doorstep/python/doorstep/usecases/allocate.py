"""Allocate: find a place for every held unit, commit a batch's reservations as a group, start the
workflows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from doorstep.domain import acting, allocating, placing, shortfall
from doorstep.domain.capacity import Agenda, limited, span
from doorstep.domain.catalog import DeliveryOption, Location
from doorstep.domain.eligibility import Eligibility
from doorstep.domain.errors import Conflict, FullyBooked, OutOfStock
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.promise import Wanted
from doorstep.domain.rules import Sale
from doorstep.domain.sellable import sellable_of
from doorstep.domain.slots import same_window
from doorstep.domain.sourcing import Assignment, source
from doorstep.domain.stock import EFFECTS, MovementKind, StockLevels
from doorstep.domain.transit import days_to_reach
from doorstep.ports import Catalog, Clock, Orders, Stock, Workflow
from doorstep.usecases import shards

BUDGET = 80
"""Actions of one transaction that the parts of a large order may need.

DynamoDB takes 100; the rest is for the order itself and for what is reported about it.
"""

_MAX_ACTIONS = 100
"""Actions of one transaction, as DynamoDB takes them: 24 orders of one line and one hot SKU."""

_TRIES = 8


class Allocated(NamedTuple):
    """Orders by what became of them. `failed` ones, with their errors, are to be tried again."""

    done: tuple[str, ...]
    failed: Mapping[str, Exception]


class Plan(NamedTuple):
    """An order as it would be committed, and whether it has more to place than one commit takes."""

    order: Order
    more: bool = False


def allocate_orders(
    order_ids: Iterable[str],
    *,
    orders: Orders,
    stock: Stock,
    catalog: Catalog,
    workflow: Workflow,
    clock: Clock,
    filling: bool = False,
) -> Allocated:
    """Allocate a batch of orders.

    Goods that have come for orders that were owed some are given out only where it is `filling`:
    then these are the orders that wait the longest.

    All demand of the batch on one (SKU, location), or on one day of a location, is one conditional
    update in one transaction. If
    the group cannot be committed it falls back to order by order, each planned anew; one that fails
    does not keep the others waiting. An order that is too large for one transaction is allocated in
    several. One that is allocated already only has its workflows started again, which is harmless.
    """
    done: dict[str, None] = {}
    failed: dict[str, Exception] = {}
    waiting = list(dict.fromkeys(order_ids))
    while waiting:
        found, plans, stored = [], [], []
        for order_id in waiting:
            with _apart(order_id, failed):
                found.append(orders.get(order_id))
        supply = _Supply(found, stock, catalog, clock(), filling=filling)
        for order in found:
            with _apart(order.order_id, failed):
                plans.append(_planned(order, supply, clock()))
        for group in _groups(plans):
            try:
                committed = orders.commit(*(plan.order for plan in group))
            except Exception:  # noqa: BLE001 (whose fault it was shows when each goes alone)
                for plan in group:
                    with _apart(plan.order.order_id, failed):
                        stored.append(
                            _alone(
                                plan.order.order_id,
                                orders,
                                stock,
                                catalog,
                                clock,
                                filling=filling,
                            )
                        )
            else:
                more = (plan.more for plan in group)
                stored += map(Plan, committed, more)
        waiting = []
        for order, unfinished in stored:
            with _apart(order.order_id, failed):
                start_workflows(order, workflow=workflow)
                done[order.order_id] = None
                waiting += [order.order_id] if unfinished else []
    return Allocated(tuple(key for key in done if key not in failed), failed)


def start_workflows(order: Order, *, workflow: Workflow) -> None:
    """Start the workflow of every fulfillment order that waits for one, unless the order is not
    placed yet, or on hold.

    Harmless where it is started already.
    """
    ready = order.status is OrderStatus.PLACED and not order.on_hold
    for one in order.fulfillment_orders if ready else ():
        if one.status is FulfillmentStatus.ALLOCATED:
            workflow.start(one)


@contextmanager
def _apart(order_id: str, failed: dict[str, Exception]) -> Iterator[None]:
    """Whatever goes wrong with this order is noted, and the others go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (whatever it is, the others must not wait for it)
        failed[order_id] = error


class _Supply:
    """What a batch may draw on; it falls with every plan."""

    def __init__(
        self,
        found: Sequence[Order],
        stock: Stock,
        catalog: Catalog,
        at: datetime,
        *,
        filling: bool,
    ) -> None:
        skus = _skus(found)
        levels = stock.levels(skus)
        missing = _missing(found, levels)
        if missing and shards.gather(missing, levels, _cause(found, at), stock=stock):
            levels = stock.levels(skus)
        self.products = catalog.products(skus)
        self.network = {
            (sku, level.shard): sellable_of(self.products.get(sku), all_, at, shard=level.shard)
            for sku, all_ in levels.items()
            for level in all_.network
        }
        closed = {sku for sku, product in self.products.items() if product.unreleased(at)}
        self.places = {
            (sku, level.location_id): level.available
            for sku, all_ in levels.items()
            for level in all_.locations
            if sku not in closed
        }
        self._free = {
            sku: 0 if sku in closed else max(0, all_.free) for sku, all_ in levels.items()
        }
        self._come = {
            sku: all_.come if filling and sku not in closed else 0 for sku, all_ in levels.items()
        }
        self._closed = closed
        self._short = {sku for sku, all_ in levels.items() if all_.free < 0}
        self.locations = catalog.locations()
        self.options = {option.code: option for option in catalog.delivery_options()}
        self.rules = {
            channel: catalog.rules(channel) for channel in {order.channel for order in found}
        }
        asked = [place for place in self.locations if self._asks(place, found)]
        courier = any(
            option.windows for order in found if (option := self.options.get(order.delivery_option))
        )
        taken = stock.taken(*span(at)) if courier or limited(asked) else {}
        self.agenda = Agenda(self.locations, taken, at)

    def findable(self, order: Order) -> dict[str, int]:
        """Backordered units by line that the network has by now."""
        left = dict(self.network)
        found = {}
        for line in order.lines:
            key = (line.sku or "", line.stock_shard)
            if units := min(line.backordered, left.get(key, 0)):
                left[key] -= units
                found[line.line_id] = units
        return found

    def beyond(self, order: Order, found: Mapping[str, int]) -> set[str]:
        """The SKUs of which shelves have too few free units for what was found."""
        wanted: Counter[str] = Counter()
        for line_id, units in found.items():
            wanted[order.line(line_id).sku or ""] += units
        return {sku for sku, units in wanted.items() if units > self._free.get(sku, 0)}

    def come(self, order: Order) -> dict[str, int]:
        """Owed units by line that goods have come for."""
        left = dict(self._come)
        found = {}
        for line in order.lines:
            if units := min(line.owed, left.get(line.sku or "", 0)):
                left[line.sku or ""] -= units
                found[line.line_id] = units
        return found

    def exhausted(self) -> set[str]:
        """SKUs of which more units are held than there are, and shelves have no more; or of which
        none may leave yet.
        """
        left = {sku for (sku, _), units in self.places.items() if units}
        return self._closed | (self._short - left)

    def take(self, order: Order) -> None:
        """What this order holds, allocates and books is no longer there for others."""
        self.agenda.take(order.booked)
        for one in order.moved:
            on_network, on_place = EFFECTS[one.kind]
            if "available" in on_network:
                self.network[one.sku, one.shard] -= one.quantity
                self._free[one.sku] -= one.quantity
            if one.location_id and "available" in on_place:
                self.places[one.sku, one.location_id] -= one.quantity
            if one.kind is MovementKind.FILLED:
                self._come[one.sku] -= one.quantity

    def _asks(self, place: Location, found: Sequence[Order]) -> bool:
        """Whether some of these orders may go there: it has goods, or they need none."""
        if any(location_id == place.location_id for _, location_id in self.places):
            return True
        return any(line.unallocated and not line.tracked for one in found for line in one.lines)


def _missing(found: Iterable[Order], levels: Mapping[str, StockLevels]) -> shards.Demand:
    """Backordered units of hot SKUs, by the shard in which their order holds them."""
    missing: Counter[tuple[str, int]] = Counter()
    for order in found:
        for line in order.lines if allocating.waiting(order) else ():
            if line.backordered and line.sku and len(levels[line.sku].network) > 1:
                missing[line.sku, line.stock_shard] += line.backordered
    return missing


def _cause(found: Sequence[Order], at: datetime) -> str:
    return f"{found[0].order_id}-V{found[0].version}-{at.isoformat()}"


def _alone(
    order_id: str,
    orders: Orders,
    stock: Stock,
    catalog: Catalog,
    clock: Clock,
    *,
    filling: bool,
) -> Plan:
    """Plan and commit one order until nobody is faster."""
    for _ in range(_TRIES - 1):
        order = orders.get(order_id)
        supply = _Supply([order], stock, catalog, clock(), filling=filling)
        plan = _planned(order, supply, clock())
        try:
            (stored,) = orders.commit(plan.order)
        except (Conflict, FullyBooked, OutOfStock):
            continue
        return Plan(stored, plan.more)
    raise Conflict([order_id])


def _planned(order: Order, supply: _Supply, at: datetime) -> Plan:
    """The order as it would be allocated from what the orders before it have left.

    Where it is too large to be held and placed in one commit it is first only held, and then placed
    part by part.
    """
    if not allocating.waiting(order):
        return Plan(order)
    rules = supply.rules[order.channel]
    stopped = acting.stop(order, rules, at=at)
    if stopped.on_hold:
        return Plan(stopped)
    findable = supply.findable(order)
    first = dict(islice(findable.items(), placing.MAX_SKUS_PER_COMMIT))
    held = placing.hold_units(order, first, supply.beyond(order, first))
    option = supply.options.get(order.delivery_option)
    if option and option.windows:
        placed = _by_courier(held, option, supply, at)
        placed = acting.give_up_later(placed, rules, at=at)
        return Plan(shortfall.follow(placed, at=at))
    sourcing = source(
        allocating.routable(held, supply.come(held)),
        supply.locations,
        supply.places,
        rules,
        products=supply.products,
        late_days=_late_days(held, supply),
        capacity=supply.agenda.room,
    )
    parts = _fitting(sourcing.assignments, BUDGET - 2 * len(first), supply.agenda)
    more = len(parts) < len(sourcing.assignments) or len(first) < len(findable)
    if more and first:
        parts = ()
    placed = allocating.allocate(
        held,
        sourcing.model_copy(update={"assignments": parts}),
        places={place.location_id: place for place in supply.locations},
        products=supply.products,
        at=at,
        agenda=supply.agenda,
    )
    supply.take(placed)
    if not more:
        placed = allocating.owe(placed, supply.exhausted())
        placed = placed.changed(tried_at=at) if placed.retry_at else placed
        placed = shortfall.report_shortage(placed, at=at)
        placed = allocating.report_unfilled(placed, sourcing, at=at)
        placed = acting.give_up_later(placed, rules, at=at)
        placed = shortfall.follow(placed, at=at)
    return Plan(placed, more)


def _by_courier(held: Order, option: DeliveryOption, supply: _Supply, at: datetime) -> Order:
    """All of it from another place that keeps the promised window; a person's matter where none
    can.
    """
    excluded = {location_id for line in held.lines for location_id in line.excluded}
    places = [place for place in supply.locations if place.location_id not in excluded]
    rules = supply.rules[held.channel]
    eligibility = Eligibility(Sale.of(held), rules, places, supply.products)
    wanted = [
        Wanted(
            line.sku or "",
            line.unallocated - line.owed,
            supply.products[line.sku or ""].skills,
            barred=eligibility.barred(line),
        )
        for line in held.lines
        if line.unallocated > line.owed
    ]
    slot = held.promise and same_window(
        held.promise,
        option,
        places,
        wanted,
        supply.places,
        supply.agenda,
        to=held.shipping_address,
        at=at,
    )
    if wanted and slot:
        placed = allocating.reserve(
            held, slot.place, slot.bookings, products=supply.products, at=at
        )
    else:
        tried = held.changed(tried_at=at) if held.retry_at else held
        placed = allocating.report_unfilled(tried, source(held, (), {}), at=at)
    placed = shortfall.report_shortage(placed, at=at)
    supply.take(placed)
    return placed


def _fitting(
    assignments: Sequence[Assignment], budget: int, agenda: Agenda
) -> tuple[Assignment, ...]:
    """What one commit takes, and every later step: whole locations, so that each makes as few
    parcels as it can; of one that alone is too much, the first lines.
    """
    by_place: dict[str, list[Assignment]] = {}
    for one in assignments:
        by_place.setdefault(one.location_id, []).append(one)
    taken: list[Assignment] = []
    for place, parts in by_place.items():
        first = parts[: placing.MAX_PARTS_PER_COMMIT]
        budget -= 2 + 3 * len(first)  # a row and an event; two levels and the ledger
        budget -= len(agenda.plan(place, sum(part.quantity for part in first)))
        if budget < 0:
            break
        taken += first
    return tuple(taken)


def _late_days(order: Order, supply: _Supply) -> dict[str, int]:
    """By how many days each location would miss the promised handover, by its own calendar and as
    far as its days are taken; one that carriers need longer from has to hand over earlier.
    """
    promised = order.promise
    if promised is None:
        return {}
    late = {}
    units = max(1, sum(line.unallocated for line in order.lines))
    option, to = supply.options.get(order.delivery_option), order.shipping_address
    for location in supply.locations:
        calendar = location.local_calendar
        days = promised.production_days + calendar.processing_days
        ready = calendar.after(supply.agenda.begins(location.location_id, units), days)
        late[location.location_id] = (ready - calendar.day_of(promised.ship_by)).days
        if option and option.transit:
            reach = days_to_reach(option, location, to)
            on_its_way = option.transit_days if reach is None else reach
            late[location.location_id] += on_its_way - promised.transit_days
    return late


def _groups(plans: Sequence[Plan]) -> Iterator[tuple[Plan, ...]]:
    """Consecutive plans that fit into one transaction together.

    What they move of one SKU at one place is one write for all of them: a group pays for it once.
    """
    group: list[Plan] = []
    own, shared = 0, set[Hashable]()
    for plan in plans:
        rows, levels = _rows(plan.order), _levels(plan.order)
        if group and own + rows + len(shared | levels) > _MAX_ACTIONS:
            yield tuple(group)
            group, own, shared = [], 0, set()
        group.append(plan)
        own, shared = own + rows, shared | levels
    if group:
        yield tuple(group)


def _rows(order: Order) -> int:
    """An upper bound of the rows of its own that committing it writes, its events included."""
    return 1 + len(order.fulfillment_orders) + len(order.work_items) + len(order.raised)


def _levels(order: Order) -> set[Hashable]:
    """The levels that its movements write, their entries in the ledger, and the days it books."""
    written: set[Hashable] = set()
    for one in order.moved:
        written |= {
            (one.sku, one.shard),
            (one.sku, one.location_id),
            (one.sku, one.location_id, one.kind),
        }
    return written | {(one.location_id, one.day) for one in order.booked}


def _skus(found: Iterable[Order]) -> list[str]:
    """What is still looked for."""
    waiting = (order for order in found if allocating.waiting(order))
    return [
        line.sku
        for order in waiting
        for line in order.lines
        if line.sku and line.tracked and (line.unallocated or line.backordered)
    ]
