"""A whole location switched off, and on again, and all that follows from it.

The record says whether it is on; everything else is brought in line with it, unit by unit and order
by order, and what is in line already is left alone. So whoever repeats this, or goes on where
somebody died, does the same. What a location has leaves what the network may sell while it is off:
what is sold can be shipped. What is packed there stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from pydantic import Field

from doorstep.domain import allocating, stockkeeping
from doorstep.domain.catalog import Location
from doorstep.domain.errors import Conflict, IllegalTransition, NotFound, OutOfStock
from doorstep.domain.fulfillment import WithdrawalCause
from doorstep.domain.order import order_of
from doorstep.domain.record import Command
from doorstep.domain.stock import MovementKind, StockLevels
from doorstep.ports import Catalog, Clock, Orders, Places, Queues, Stock

_TRIES = 8

_PAGE = 100

LOCATIONS_KEPT = timedelta(minutes=2)
"""Whoever routes may know a location for a minute as it was: looked at until after that."""


class Outage(Command):
    """Why a location is switched off."""

    reason: str = Field(min_length=1, max_length=200)


class CarriedOut(NamedTuple):
    """Units that were taken out of reach, or are in reach again, and fulfillment orders that were
    taken back.
    """

    units: int
    withdrawn: tuple[str, ...]


def save_location(
    location: Location, *, catalog: Catalog, places: Places, clock: Clock
) -> Location:
    """Create or replace a location; where that switches it off or on, the rest follows."""
    try:
        known = places.get(location.location_id)
    except NotFound:
        known = None
    was_active, since = (known.active, known.switched_at) if known else (True, None)
    location = location.model_copy(
        update={
            "switched_at": since if location.active == was_active else clock(),
            "outage": "" if location.active else location.outage,
        }
    )
    catalog.save(location)
    return location


def switch(
    location_id: str, reason: str | None, *, catalog: Catalog, places: Places, clock: Clock
) -> Location:
    """Switch a location off for a reason, or on where there is none. Raises NotFound."""
    known = places.get(location_id)
    wanted = known.model_copy(update={"active": reason is None, "outage": reason or ""})
    return save_location(wanted, catalog=catalog, places=places, clock=clock)


def carry_out(
    *,
    places: Places,
    queues: Queues,
    orders: Orders,
    stock: Stock,
    clock: Clock,
    limit: int = 20,
) -> CarriedOut:
    """Bring stock and fulfillment orders in line with every location that was switched.

    Stock comes first, so that nothing new is routed there. A location is done with once there was
    nothing left to do, and nobody can take it for what it was any more.
    """
    moved, withdrawn = 0, []
    for location_id in queues.due("switched", clock(), limit):
        location = places.get(location_id)
        units = _follow_shelf(location, places=places, stock=stock, clock=clock)
        taken = [] if location.active else list(_take_back(location, orders=orders, queues=queues))
        moved += units
        withdrawn += taken
        since = location.switched_at or clock()
        if not units and not taken and clock() - since >= LOCATIONS_KEPT:
            places.settled(location)
    return CarriedOut(moved, tuple(withdrawn))


def follow_switches(skus: Iterable[str], *, catalog: Catalog, stock: Stock, clock: Clock) -> int:
    """Bring what moved since in line, such as goods that arrived where a location is off; answers
    the units.
    """
    locations = catalog.locations()
    found = stock.levels(skus).values()
    return sum(
        _follow(one, levels, stock=stock, clock=clock) for levels in found for one in locations
    )


def _follow_shelf(location: Location, *, places: Places, stock: Stock, clock: Clock) -> int:
    """All that a location keeps stock of, page by page; answers the units moved."""
    moved, after = 0, None
    while True:
        skus, after = places.skus(location.location_id, after)
        for levels in stock.levels(skus).values():
            moved += _follow(location, levels, stock=stock, clock=clock)
        if after is None:
            return moved


def _follow(location: Location, levels: StockLevels, *, stock: Stock, clock: Clock) -> int:
    """Take what a location has of a SKU out of reach, or bring it back; answers the units.

    What the network holds for orders already stays: those wait until another place has it.
    """
    kind = MovementKind.REINSTATED if location.active else MovementKind.SUSPENDED
    for _ in range(_TRIES):
        units = stockkeeping.possible(kind, levels, location.location_id)
        if units <= 0:
            return 0
        movements = stockkeeping.moves(
            kind,
            levels,
            location.location_id,
            units,
            shards=max(1, len(levels.network)),
            cause=f"switched-{clock().isoformat()}",
            reason=location.outage or "switched on",
            by="system",
        )
        try:
            return units * stock.move(*movements)
        except OutOfStock:  # it sells right now
            levels = stock.levels([levels.sku])[levels.sku]
    return 0


def _take_back(location: Location, *, orders: Orders, queues: Queues) -> Iterable[str]:
    """Take back what is with a location and not packed, page by page; yields the ids."""
    after: str | None = None
    reason = f"{location.location_id} is switched off"
    if location.outage:
        reason = f"{reason}: {location.outage}"
    while True:
        found, after = queues.fulfillment_orders(location.location_id, _PAGE, after)
        for one in found:
            key = one.fulfillment_order_id
            try:
                order = orders.get(order_of(key))
                cause = WithdrawalCause.OUTAGE
                orders.commit(allocating.withdraw(order, key, cause=cause, reason=reason))
            except (Conflict, NotFound, IllegalTransition):
                continue  # packed, or answered at this moment: the next run sees
            yield key
        if after is None:
            return
