"""The ledger against what it explains: levels, and what orders hold.

Every kind of movement keeps invariant 1, so where the levels are what the ledger adds up to, the
network can sell exactly what its locations have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from doorstep.domain.catalog import Sku
from doorstep.domain.fulfillment import ENDED
from doorstep.domain.order import Order, order_of
from doorstep.domain.record import Moment, Record
from doorstep.domain.stock import EFFECTS, MovementKind, StockLevels

NETWORK_COUNTERS = ("available", "held", "room", "owed")
"""What the network's level counts."""
LOCATION_COUNTERS = (
    "on_hand",
    "available",
    "allocated",
    "safety",
    "unsellable",
    "damaged",
    "quality_control",
    "missing",
    "suspended",
    "in_transit",
)
"""What a location's level counts."""


class LedgerRow(Record):
    """Units of one SKU, moved for one or more causes."""

    kind: MovementKind
    at: Moment
    location_id: str | None = None
    quantity: int
    causes: Mapping[str, int]


class Drift(Record):
    """A counter that is not what its movements add up to. No `location_id`: the network's."""

    sku: Sku
    location_id: str | None = None
    counter: str
    level: int
    ledger: int


class Unexplained(Record):
    """Units that the ledger keeps for an order, and that its lines do not ask for, or ask for more
    of.
    """

    sku: Sku
    order_id: str
    counter: str
    ledger: int
    order: int


def drift(levels: StockLevels, rows: Iterable[LedgerRow]) -> list[Drift]:
    """Every counter that is not the sum of its movements."""
    network: Counter[str] = Counter()
    places: dict[str, Counter[str]] = {x.location_id: Counter() for x in levels.locations}
    for row in rows:
        on_network, on_place = EFFECTS[row.kind]
        for name, sign in on_network.items():
            network[name] += sign * row.quantity
        if row.location_id:
            place = places.setdefault(row.location_id, Counter())
            for name, sign in on_place.items():
                place[name] += sign * row.quantity
    found = [
        Drift(sku=levels.sku, counter=name, level=getattr(levels, name), ledger=network[name])
        for name in NETWORK_COUNTERS
    ]
    for location_id, sums in places.items():
        level = levels.at(location_id)
        found += [
            Drift(
                sku=levels.sku,
                location_id=location_id,
                counter=name,
                level=getattr(level, name),
                ledger=sums[name],
            )
            for name in LOCATION_COUNTERS
        ]
    return [one for one in found if one.level != one.ledger]


def reserved(rows: Iterable[LedgerRow]) -> dict[str, dict[str, int]]:
    """Order → `held`, `owed` and `allocated` units that the ledger has for it, where any."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        on_network, on_place = EFFECTS[row.kind]
        effect = {
            "held": on_network.get("held", 0),
            "owed": on_network.get("owed", 0),
            "allocated": on_place.get("allocated", 0) if row.location_id else 0,
        }
        if not any(effect.values()):
            continue
        for cause, quantity in row.causes.items():
            units = found.setdefault(order_of(cause), Counter())
            for name, sign in effect.items():
                units[name] += sign * quantity
    return {order: dict(units) for order, units in found.items() if any(units.values())}


def unexplained(
    sku: str, order_id: str, units: Mapping[str, int], order: Order | None
) -> list[Unexplained]:
    """Where the ledger and an order disagree on what is kept for it."""
    asked = _asked(sku, order) if order else {}
    return [
        Unexplained(
            sku=sku,
            order_id=order_id,
            counter=name,
            ledger=units.get(name, 0),
            order=asked.get(name, 0),
        )
        for name in ("held", "owed", "allocated")
        if units.get(name, 0) != asked.get(name, 0)
    ]


def shipped(rows: Iterable[LedgerRow]) -> dict[date, int]:
    """Units that left, by the Monday of their week."""
    weeks: Counter[date] = Counter()
    for row in rows:
        if row.kind is MovementKind.SHIPPED:
            day = row.at.date()
            weeks[day - timedelta(days=day.weekday())] += row.quantity
    return dict(weeks)


def _asked(sku: str, order: Order) -> dict[str, int]:
    """Units of a SKU that the lines of an order wait for, and that locations have for it."""
    parts = [
        part
        for one in order.fulfillment_orders
        if one.status not in ENDED and not one.has_left
        for part in one.lines
    ]
    return {
        "held": sum(x.unallocated for x in order.lines if x.tracked and x.sku == sku),
        "owed": sum(x.owed for x in order.lines if x.tracked and x.sku == sku),
        "allocated": sum(x.quantity for x in parts if x.tracked and x.sku == sku),
    }


def corrections(
    levels: StockLevels, found: Sequence[Drift]
) -> dict[tuple[str | None, int], dict[str, int]]:
    """(location, shard) → counter → what to add, so that the levels are what the ledger says.

    The network's drift is taken from, or given to, its fullest shard.
    """
    fullest = max(levels.network, key=lambda x: (x.available, x.held), default=None)
    shard = fullest.shard if fullest else 0
    changes: dict[tuple[str | None, int], dict[str, int]] = {}
    for one in found:
        place = (one.location_id, 0 if one.location_id else shard)
        changes.setdefault(place, {})[one.counter] = one.ledger - one.level
    return changes
