"""Orders, stock, catalog and queues in memory: versions, guards and movements as in the table.

`Memory` is one table; the four fakes look at it as the four repositories do. They pass the contract
suites beside them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from doorstep.adapters.dynamo.orders import CHILDREN
from doorstep.domain.allocating import owed, unfillable, waits_for
from doorstep.domain.capacity import Booking, Taken
from doorstep.domain.catalog import DeliveryOption, Location, Product
from doorstep.domain.errors import (
    Conflict,
    Duplicate,
    FullyBooked,
    IdempotencyKeyReused,
    InvalidCommand,
    NotFound,
    OutOfStock,
    Stale,
    TooLarge,
)
from doorstep.domain.events import StockItem, TimelineItem
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.ledger import Drift, LedgerRow, corrections
from doorstep.domain.order import Order
from doorstep.domain.papers import CycleCount, Paper, Transfer
from doorstep.domain.remedy import RemedyPolicy
from doorstep.domain.rules import Edition, SourcingRules, in_force
from doorstep.domain.standing import Standing
from doorstep.domain.stock import (
    EFFECTS,
    Guard,
    Heard,
    LocationLevel,
    Movement,
    MovementKind,
    NetworkLevel,
    NewsKind,
    Once,
    Seen,
    StockLevels,
)
from doorstep.domain.stock_file import StockFile, stock_file_name
from doorstep.domain.work import WorkItem, WorkItemStatus
from doorstep.ports import Clock, Waiting
from tests import builders as a

MAX_ACTIONS = 100
"""In one transaction."""

Level = TypeVar("Level", NetworkLevel, LocationLevel)
Row = TypeVar("Row")


@dataclass
class Memory:
    """What one table holds."""

    orders: dict[str, Order] = field(default_factory=dict)
    timelines: dict[str, list[TimelineItem]] = field(default_factory=lambda: defaultdict(list))
    told: set[tuple[str, str]] = field(default_factory=set)
    """(shipment, key) of all that carriers said."""
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    """(carrier, tracking number) → the order of the newest parcel or return."""
    network: dict[tuple[str, int], NetworkLevel] = field(default_factory=dict)
    places: dict[tuple[str, str], LocationLevel] = field(default_factory=dict)
    ledger: dict[tuple[str, str | None, str, str], tuple[Movement, ...]] = field(
        default_factory=dict
    )
    """(SKU, location, kind, first cause) → the movements of one row."""
    commands: dict[str, str] = field(default_factory=dict)
    """The fingerprints of stock commands, by their callers' names for them."""
    heard: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    """(source, location, SKU, `newest` or `counted`) → sequence."""
    papers: dict[tuple[str, ...], Paper] = field(default_factory=dict)
    clock: Clock = field(default_factory=a.Clock)
    booked_at: dict[tuple[str, str | None, str, str], datetime] = field(default_factory=dict)
    """When each row of the ledger was written."""
    standings: dict[str, Standing] = field(default_factory=dict)
    stock_events: list[StockItem] = field(default_factory=list)
    moved_since: dict[str, None] = field(default_factory=dict)
    """SKUs that moved since they were checked, in the order of their first move."""
    days: dict[tuple[str, date, str], int] = field(default_factory=dict)
    """(location, day, what) → how much of it is taken."""
    corrections: list[tuple[str, str]] = field(default_factory=list)
    """(SKU, by)."""
    products: dict[str, Product] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    switched: dict[str, datetime] = field(default_factory=dict)
    """Locations whose switch is still to be carried out, and since when."""
    options: dict[str, DeliveryOption] = field(default_factory=dict)
    editions: dict[str, list[Edition]] = field(default_factory=dict)
    """The sourcing rules of each channel, the oldest first."""

    @property
    def movements(self) -> list[Movement]:
        return [movement for row in self.ledger.values() for movement in row]

    def moved(self, movements: Sequence[Movement]) -> Moved:
        """What the movements would do, all of them together; nothing is changed yet."""
        network: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        places: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        rows: dict[tuple[str, str | None, str], list[Movement]] = defaultdict(list)
        for movement in movements:
            on_network, on_place = EFFECTS[movement.kind]
            for name, sign in on_network.items():
                network[movement.sku, movement.shard][name] += sign * movement.quantity
            for name, sign in on_place.items() if movement.location_id else ():
                key = (movement.sku, str(movement.location_id))
                places[key][name] += sign * movement.quantity
            rows[movement.sku, movement.location_id, movement.kind].append(movement)
        after = Moved()
        for (sku, shard), deltas in network.items():
            if not any(deltas.values()):
                continue
            level = self.network.get((sku, shard), NetworkLevel(sku=sku, shard=shard))
            after.network[sku, shard] = after.changed(level, deltas, movements)
        for (sku, place), deltas in places.items():
            here = self.places.get((sku, place), LocationLevel(sku=sku, location_id=place))
            after.places[sku, place] = after.changed(here, deltas, movements)
        after.rows = {(*key, row[0].cause): tuple(row) for key, row in rows.items()}
        after.repeated = [key for key in after.rows if key in self.ledger]
        return after

    def booked(self, bookings: Sequence[Booking]) -> dict[tuple[str, date, str], int]:
        """The days as the bookings would leave them, all of them together."""
        changes: Counter[tuple[str, date, str]] = Counter()
        for one in bookings:
            changes[one.key] += one.quantity
        after = {key: self.days.get(key, 0) + units for key, units in changes.items() if units}
        for one in bookings:
            units = after.get(one.key, 0)
            if units < 0 or (changes[one.key] > 0 and units > one.limit):
                raise FullyBooked(f"{one.location_id} has no room left on {one.day}.")
        return after

    def apply(self, after: Moved) -> None:
        for sku, _ in (*after.network, *after.places):
            self.moved_since.setdefault(sku)
        self.network |= after.network
        self.places |= after.places
        self.ledger |= after.rows
        self.booked_at |= dict.fromkeys(after.rows, self.clock())


@dataclass
class Moved:
    """Levels and ledger rows as movements would leave them, and what speaks against it."""

    network: dict[tuple[str, int], NetworkLevel] = field(default_factory=dict)
    places: dict[tuple[str, str], LocationLevel] = field(default_factory=dict)
    rows: dict[tuple[str, str | None, str, str], tuple[Movement, ...]] = field(default_factory=dict)
    repeated: list[tuple[str, str | None, str, str]] = field(default_factory=list)
    short: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def actions(self) -> int:
        """Rows that are written for them."""
        return len(self.network) + len(self.places) + len(self.rows)

    def changed(
        self, level: Level, deltas: Mapping[str, int], movements: Sequence[Movement]
    ) -> Level:
        """The level after it; noted as short where a counter that falls would fall below zero."""
        least = {"available": _leaving(level, movements)}
        if any(
            delta < 0 and getattr(level, name) + delta < least.get(name, 0)
            for name, delta in deltas.items()
        ):
            asked = sum(movement.quantity for movement in movements if movement.sku == level.sku)
            self.short[level.sku] = (asked, level.available)
        changes = {name: getattr(level, name) + delta for name, delta in deltas.items()}
        return level.model_copy(update=changes)


def _leaving(level: Level, movements: Iterable[Movement]) -> int:
    """How many units must stay available there."""
    if isinstance(level, LocationLevel):
        return 0
    here = (level.sku, level.shard)
    return max((m.leaving for m in movements if (m.sku, m.shard) == here), default=0)


class FakeOrders:
    """The Orders port on `Memory`."""

    def __init__(self, memory: Memory, clock: Clock, actor: str = "system") -> None:
        self.memory = memory
        self._clock = clock
        self._actor = actor

    def get(self, order_id: str) -> Order:
        if order_id not in self.memory.orders:
            raise NotFound("order", order_id)
        return self.memory.orders[order_id].loaded()

    def commit(self, *orders: Order) -> tuple[Order, ...]:
        changed = [order for order in orders if not order.untouched]
        self._check_versions(changed)
        told, numbers = self._news(orders), self._numbers(changed)
        after = self.memory.moved([movement for order in orders for movement in order.moved])
        days = self.memory.booked([one for order in orders for one in order.booked])
        actions = sum(map(_actions, changed)) + len(told) + len(numbers) + after.actions
        actions += len({key[:2] for key in days})
        if actions > MAX_ACTIONS:
            raise TooLarge(actions, MAX_ACTIONS)
        if after.repeated:
            raise Duplicate(str(after.repeated[0]))
        if after.short:
            raise OutOfStock(after.short)
        self.memory.days |= days
        self.memory.told |= told
        self.memory.numbers |= numbers
        self.memory.apply(after)
        return tuple(
            self._stored(order).loaded() if order in changed else order.loaded() for order in orders
        )

    def timeline(self, order_id: str) -> Sequence[TimelineItem]:
        return tuple(self.memory.timelines[order_id])

    def _check_versions(self, orders: Iterable[Order]) -> None:
        lost = []
        for order in orders:
            known, was = self.memory.orders.get(order.order_id), order.origin
            if (known.version if known else None) != (was.version if was else None):
                lost.append(order.order_id)
        if lost:
            raise Conflict(sorted(lost))

    def _news(self, orders: Iterable[Order]) -> set[tuple[str, str]]:
        told = {(shipment_id, news.key) for order in orders for shipment_id, news in order.noted}
        if told & self.memory.told:
            raise Duplicate
        return told

    def _numbers(self, orders: Iterable[Order]) -> dict[tuple[str, str], str]:
        """Tracking numbers that are new with these orders; the newest takes one over."""
        new = {}
        for order in orders:
            was = order.origin
            known = {s.shipment_id for s in was.shipments if s.tracking_number} if was else set()
            known |= {r.return_id for r in was.returns if r.tracking_number} if was else set()
            found = [(s.carrier, s.tracking_number, s.shipment_id) for s in order.shipments]
            found += [(r.carrier, r.tracking_number, r.return_id) for r in order.returns]
            for carrier, number, key in found:
                if number and key not in known:
                    new[carrier, number] = order.order_id
        return new

    def _stored(self, order: Order) -> Order:
        """Write the order under its next version, and its events under the numbers that follow."""
        timeline = self.memory.timelines[order.order_id]
        for number, event in enumerate(order.raised, order.sequence + 1):
            timeline.append(
                TimelineItem(
                    order_id=order.order_id,
                    sequence=number,
                    at=self._clock(),
                    actor=self._actor,
                    name=event.name,
                    version=event.version,
                    data=event.model_dump(mode="json"),
                )
            )
        order = order.changed(
            version=order.version + 1,
            sequence=order.sequence + len(order.raised),
            fulfillment_orders=_by_number(order.fulfillment_orders, "fulfillment_order_id"),
            shipments=_by_number(order.shipments, "shipment_id"),
            refunds=_by_number(order.refunds, "refund_id"),
            returns=_by_number(order.returns, "return_id"),
            remedies=_by_number(order.remedies, "remedy_id"),
            work_items=_by_number(order.work_items, "work_item_id"),
        )
        self.memory.orders[order.order_id] = order.loaded()
        return order


class FakeStock:
    """The Stock port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def levels(self, skus: Iterable[str]) -> Mapping[str, StockLevels]:
        return {
            sku: StockLevels(
                sku=sku,
                network=tuple(v for k, v in sorted(self.memory.network.items()) if k[0] == sku),
                locations=tuple(v for k, v in sorted(self.memory.places.items()) if k[0] == sku),
            )
            for sku in dict.fromkeys(skus)
        }

    def move(
        self, *movements: Movement, guards: Sequence[Guard] = (), paper: Paper | None = None
    ) -> bool:
        after = self.memory.moved(movements)
        once = {guard.name: guard.fingerprint for guard in guards if isinstance(guard, Once)}
        for name, fingerprint in once.items():
            known = self.memory.commands.get(name)
            if known:
                if known != fingerprint:
                    raise IdempotencyKeyReused(name)
                return False
        if after.repeated:
            return False
        heard = self._heard([guard for guard in guards if isinstance(guard, Heard)])
        papers = self._papers(paper)
        self._check([guard.level for guard in guards if isinstance(guard, Seen)])
        if after.short:
            raise OutOfStock(after.short)
        self.memory.commands |= once
        self.memory.heard |= heard
        self.memory.papers |= papers
        self.memory.apply(after)
        return True

    def taken(self, first: date, last: date) -> Taken:
        return {key: units for key, units in self.memory.days.items() if first <= key[1] <= last}

    def transfer(self, transfer_id: str) -> Transfer:
        found = self.memory.papers.get(("transfer", transfer_id))
        if not isinstance(found, Transfer):
            raise NotFound("transfer", transfer_id)
        return found

    def cycle_count(self, location_id: str, count_id: str) -> CycleCount:
        found = self.memory.papers.get(("count", location_id, count_id))
        if not isinstance(found, CycleCount):
            raise NotFound("count", count_id)
        return found

    def stock_file(self, location_id: str, source: str, sequence: int) -> StockFile:
        name = stock_file_name(location_id, source, sequence)
        found = self.memory.papers.get(("file", name))
        if not isinstance(found, StockFile):
            raise NotFound("stock file", name)
        return found

    def _papers(self, paper: Paper | None) -> dict[tuple[str, ...], Paper]:
        """The paper by its key; raises Conflict where its version is not the next one."""
        if paper is None:
            return {}
        key: tuple[str, ...]
        if isinstance(paper, Transfer):
            key = ("transfer", paper.transfer_id)
        elif isinstance(paper, StockFile):
            key = ("file", paper.name)
        else:
            key = ("count", paper.location_id, paper.count_id)
        known = self.memory.papers.get(key)
        if (known.version if known else 0) + 1 != paper.version:
            raise Conflict([key[-1]])
        return {key: paper}

    def _heard(self, heard: Iterable[Heard]) -> dict[tuple[str, str, str, str], int]:
        """How far sources will have been heard; raises Stale."""
        marks = {}
        for guard in heard:
            place = (guard.source, guard.location_id, guard.sku)
            late = guard.kind is NewsKind.LATE_CHANGE
            if guard.sequence <= self.memory.heard.get(
                (*place, "counted" if late else "newest"), -1
            ):
                raise Stale
            if not late:
                marks[*place, "newest"] = guard.sequence
            if guard.kind is NewsKind.COUNT:
                marks[*place, "counted"] = guard.sequence
        return marks

    def _check(self, seen: Iterable[LocationLevel | NetworkLevel]) -> None:
        """Raise Conflict where a level is not any more as it was seen."""
        for level in seen:
            if isinstance(level, NetworkLevel):
                if self.memory.network.get((level.sku, level.shard), level).room != level.room:
                    raise Conflict([level.sku])
                continue
            empty = LocationLevel(sku=level.sku, location_id=level.location_id)
            now = self.memory.places.get((level.sku, level.location_id), empty)
            if (now.on_hand, now.safety) != (level.on_hand, level.safety):
                raise Conflict([level.sku])


class FakeLedger:
    """The Ledger port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def moved(self, before: datetime, limit: int) -> Sequence[str]:
        del before
        return list(self.memory.moved_since)[:limit]

    def levels(self, sku: str) -> StockLevels:
        return FakeStock(self.memory).levels([sku])[sku]

    def rows(self, levels: StockLevels) -> Sequence[LedgerRow]:
        return [
            LedgerRow(
                kind=MovementKind(kind),
                at=self.memory.booked_at[sku, place, kind, cause],
                location_id=place,
                quantity=sum(movement.quantity for movement in row),
                causes={movement.cause: movement.quantity for movement in row},
            )
            for (sku, place, kind, cause), row in self.memory.ledger.items()
            if sku == levels.sku
        ]

    def checked(self, levels: StockLevels) -> None:
        if self.levels(levels.sku) == levels:
            self.memory.moved_since.pop(levels.sku, None)

    def correct(self, levels: StockLevels, found: Sequence[Drift], by: str) -> None:
        if self.levels(levels.sku) != levels:
            raise Conflict([levels.sku])
        for (place, shard), change in corrections(levels, found).items():
            level: NetworkLevel | LocationLevel
            if place:
                level = levels.at(place)
            else:
                known = self.memory.network
                level = known.get((levels.sku, shard), NetworkLevel(sku=levels.sku, shard=shard))
            after = {name: getattr(level, name) + units for name, units in change.items()}
            changed = level.model_copy(update=after)
            if isinstance(changed, LocationLevel):
                self.memory.places[levels.sku, changed.location_id] = changed
            else:
                self.memory.network[levels.sku, shard] = changed
            self.memory.corrections.append((levels.sku, by))


class FakeStandings:
    """The Standings port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def find(self, skus: Iterable[str]) -> Mapping[str, Standing]:
        known = self.memory.standings
        return {sku: known[sku] for sku in skus if sku in known}

    def save(self, standing: Standing) -> None:
        known = self.memory.standings.get(standing.sku)
        if (known.version if known else 0) != standing.version:
            raise Conflict([standing.sku])
        for number, event in enumerate(standing.raised, standing.sequence + 1):
            self.memory.stock_events.append(
                StockItem(
                    sku=standing.sku,
                    sequence=number,
                    at=self.memory.clock(),
                    actor="system",
                    name=event.name,
                    version=event.version,
                    data=event.model_dump(mode="json"),
                )
            )
        sequence = standing.sequence + len(standing.raised)
        stored = standing.model_dump() | {"version": standing.version + 1, "sequence": sequence}
        self.memory.standings[standing.sku] = Standing.model_validate(stored)

    def events(self, sku: str) -> Sequence[StockItem]:
        return [item for item in self.memory.stock_events if item.sku == sku]


class FakeCatalog:
    """The Catalog port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def offer(
        self, skus: Iterable[str], option: str
    ) -> tuple[Mapping[str, Product], DeliveryOption | None]:
        return self.products(skus), self.memory.options.get(option)

    def products(self, skus: Iterable[str]) -> Mapping[str, Product]:
        known = self.memory.products
        return {sku: known[sku] for sku in skus if sku in known}

    def locations(self) -> Sequence[Location]:
        return [location for _, location in sorted(self.memory.locations.items())]

    def delivery_options(self) -> Sequence[DeliveryOption]:
        return [option for _, option in sorted(self.memory.options.items())]

    def rules(self, channel: str) -> SourcingRules:
        newest = {name: all_[-1].rules for name, all_ in self.memory.editions.items()}
        return in_force(newest, channel)

    def save(self, *records: Product | Location | DeliveryOption) -> None:
        for record in records:
            match record:
                case Product():
                    self.memory.products[record.sku] = record
                case Location():
                    self.memory.locations[record.location_id] = record
                    if record.switched_at:
                        self.memory.switched[record.location_id] = record.switched_at
                case DeliveryOption():
                    self.memory.options[record.code] = record


class FakeRuleBook:
    """The RuleBook port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def write(self, edition: Edition) -> None:
        channel = edition.rules.channel
        known = self.memory.editions.get(channel, [])
        if edition.rules.version != len(known) + 1:
            raise Conflict([f"the rules of {channel}"])
        self.memory.editions[channel] = [*known, edition]

    def editions(self, channel: str, limit: int) -> Sequence[Edition]:
        return self.memory.editions.get(channel, [])[::-1][:limit]


class FakePolicies:
    """The Policies port in memory."""

    def __init__(self) -> None:
        self._known: dict[str, RemedyPolicy] = {}

    def remedy(self, channel: str) -> RemedyPolicy:
        return self._known.get(channel, RemedyPolicy(channel=channel))

    def save(self, policy: RemedyPolicy) -> None:
        self._known[policy.channel] = policy


class FakePlaces:
    """The Places port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def get(self, location_id: str) -> Location:
        if location_id not in self.memory.locations:
            raise NotFound("location", location_id)
        return self.memory.locations[location_id]

    def skus(self, location_id: str, after: str | None) -> tuple[Sequence[str], str | None]:
        found = sorted(sku for sku, place in self.memory.places if place == location_id)
        return _page(found, 100, after)

    def settled(self, location: Location) -> None:
        if self.memory.switched.get(location.location_id) == location.switched_at:
            self.memory.switched.pop(location.location_id, None)


class FakeDecisions:
    """The Decisions port on `Memory`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def routed(
        self, since: datetime, until: datetime, limit: int, after: str | None
    ) -> tuple[Sequence[TimelineItem], str | None]:
        found = sorted(
            (
                item
                for timeline in self.memory.timelines.values()
                for item in timeline
                if item.name == "order.routed" and since <= item.at < until
            ),
            key=lambda item: (item.at, item.event_id),
        )
        return _page(found, limit, after)


class FakeQueues:
    """The Queues port on `Memory`: computed from the records, never behind them."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def due(self, queue: str, before: datetime, limit: int) -> Sequence[str]:
        found = {
            "checkout": self._checkouts,
            "unallocated": self._unallocated,
            "unfillable": self._unfillable,
            "pickup": lambda: self._looked_at("pickup"),
            "answer": lambda: self._looked_at("answer"),
            "handover": lambda: self._looked_at("handover"),
            "payment": lambda: self._looked_at("payment"),
            "delivery": self._deliveries,
            "switched": lambda: [(at, key) for key, at in self.memory.switched.items()],
            "money": lambda: self._payments("money"),
            "standing": self._standings,
            "remedy": self._remedies,
            "authorization": lambda: self._payments("authorization"),
            "reconcile": lambda: self._payments("reconcile"),
        }[queue]()
        return [key for at, key in sorted(found) if at < before][:limit]

    def fulfillment_orders(
        self, location_id: str, limit: int, after: str | None
    ) -> tuple[Sequence[FulfillmentOrder], str | None]:
        found = [
            one
            for order in self.memory.orders.values()
            for one in order.fulfillment_orders
            if one.desk == location_id
        ]
        found.sort(key=lambda one: (one.ship_by or one.allocated_at, one.fulfillment_order_id))
        return _page(found, limit, after)

    def work_items(self, limit: int, after: str | None) -> tuple[Sequence[WorkItem], str | None]:
        found = [
            item
            for order in self.memory.orders.values()
            for item in order.work_items
            if item.status is WorkItemStatus.OPEN
        ]
        found += [
            standing.work_item
            for standing in self.memory.standings.values()
            if standing.work_item and standing.work_item.status is WorkItemStatus.OPEN
        ]
        found.sort(key=lambda item: (item.opened_at, item.work_item_id))
        return _page(found, limit, after)

    def waiting(self, after: str = "") -> Iterator[Waiting]:
        orders = self.memory.orders.values()
        found = [one for one in orders if waits_for(one) or owed(one) or unfillable(one)]
        for order in sorted(found, key=lambda order: (order.placed_at, order.order_id)):
            place = f"{order.placed_at:%Y-%m-%dT%H:%M:%S.%f}#{order.order_id}"
            if place > after:
                yield Waiting(order.order_id, waits_for(order), place, owed(order))

    def tracked(self, carrier: str, tracking_number: str) -> str:
        if (carrier, tracking_number) not in self.memory.numbers:
            raise NotFound("tracking number", tracking_number)
        return self.memory.numbers[carrier, tracking_number]

    def _checkouts(self) -> list[tuple[datetime, str]]:
        return [
            (order.expires_at, order.order_id)
            for order in self.memory.orders.values()
            if order.expires_at
        ]

    def _unallocated(self) -> list[tuple[datetime, str]]:
        return [
            (order.look_at, order.order_id)
            for order in self.memory.orders.values()
            if order.look_at and not order.gives_up
        ]

    def _unfillable(self) -> list[tuple[datetime, str]]:
        return [
            (order.give_up_at, order.order_id)
            for order in self.memory.orders.values()
            if order.give_up_at and order.gives_up
        ]

    def _looked_at(self, queue: str) -> list[tuple[datetime, str]]:
        return [
            (one.look_at[0], one.fulfillment_order_id)
            for order in self.memory.orders.values()
            for one in order.fulfillment_orders
            if one.look_at and one.look_at[1] == queue
        ]

    def _deliveries(self) -> list[tuple[datetime, str]]:
        return [
            (shipment.look_at, shipment.shipment_id)
            for order in self.memory.orders.values()
            for shipment in order.shipments
            if shipment.look_at
        ]

    def _standings(self) -> list[tuple[datetime, str]]:
        return [(one.look_at, one.sku) for one in self.memory.standings.values()]

    def _remedies(self) -> list[tuple[datetime, str]]:
        return [
            (remedy.due, remedy.remedy_id)
            for order in self.memory.orders.values()
            for remedy in order.remedies
            if remedy.due
        ]

    def _payments(self, queue: str) -> list[tuple[datetime, str]]:
        return [
            (payment.look_at[0], order.order_id)
            for order in self.memory.orders.values()
            for payment in order.payments
            if payment.look_at and payment.look_at[1] == queue
        ]


def _actions(order: Order) -> int:
    """Rows of its own that an order writes: itself, what changed under it, and its events."""
    written = 1 + len(order.raised)
    for name in CHILDREN:
        known = getattr(order.origin, name) if order.origin else ()
        written += sum(child not in known for child in getattr(order, name))
    return written


def _by_number(children: tuple[Row, ...], key: str) -> tuple[Row, ...]:
    """As the table answers them: `F10` after `F2`."""

    def parts(child: object) -> list[str | int]:
        found = re.split(r"(\d+)", getattr(child, key))
        return [int(part) if part.isdigit() else part for part in found]

    return tuple(sorted(children, key=parts))


def _page(found: list[Row], limit: int, after: str | None) -> tuple[list[Row], str | None]:
    if after and not after.isdigit():
        raise InvalidCommand({"after": "not a cursor of this list"})
    start = int(after or 0)
    end = start + limit
    return found[start:end], str(end) if end < len(found) else None
