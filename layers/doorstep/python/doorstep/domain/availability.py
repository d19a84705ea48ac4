"""What a product page may say of stock: the state, and how many are left where there are few.

It is shown to everybody, so it never tells how much there is of what is not scarce.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from math import inf

from doorstep.domain.address import Address
from doorstep.domain.catalog import Location, LocationKind, Product, ProductKind
from doorstep.domain.geography import kilometers
from doorstep.domain.record import Moment, Record
from doorstep.domain.sellable import sellable
from doorstep.domain.stock import StockLevels


class StockState(StrEnum):
    IN_STOCK = "in_stock"
    LOW_STOCK = "low_stock"
    MADE_TO_ORDER = "made_to_order"
    BACKORDER = "backorder"
    """Too few are there, and more are expected: they may be bought all the same."""
    PREORDER = "preorder"
    OUT_OF_STOCK = "out_of_stock"
    OVERSTOCK = "overstock"
    """More than sells in a long time; merchants are told, customers are not."""


def goods_state(left: int, low: int) -> StockState:
    """The state of goods of which so many may still be sold, and so many are few."""
    if left <= 0:
        return StockState.OUT_OF_STOCK
    return StockState.LOW_STOCK if left <= low else StockState.IN_STOCK


class UnitsLeft(Record):
    """The last units at one location."""

    location_id: str
    name: str
    kind: LocationKind
    city: str
    units: int
    km: float | None = None
    """About how far it is from the postal code; None where that is not known."""


class Availability(Record):
    """Whether so many units of a product can be bought now."""

    state: StockState
    available: bool
    """Whether the units asked for can be bought together."""
    left: int | None = None
    """How many there are, only where they are few."""
    places: tuple[UnitsLeft, ...] = ()
    """Where the last ones are: the nearest first, or the most where nobody knows how far it is."""
    backorder_until: Moment | None = None
    """When the goods are expected that it waits for."""
    preorder_from: Moment | None = None
    """When it is released."""


def availability(
    product: Product,
    levels: StockLevels,
    places: Sequence[Location],
    quantity: int,
    to: Address | None = None,
    *,
    at: datetime,
) -> Availability:
    """The state of a product, and whether `quantity` of it can be bought."""
    offered = sellable(product, levels, at)
    if offered.units <= 0:
        return Availability(state=StockState.OUT_OF_STOCK, available=False)
    together = offered.units >= quantity
    wait = offered.waits(quantity)
    if wait and product.preorder:
        return Availability(
            state=StockState.PREORDER,
            available=together,
            preorder_from=product.preorder.release_at,
        )
    if wait:
        return Availability(
            state=StockState.BACKORDER, available=together, backorder_until=wait.over(at)
        )
    left = offered.now
    state = goods_state(left, product.low_stock)
    if product.kind is ProductKind.MADE_TO_ORDER:
        return Availability(state=StockState.MADE_TO_ORDER, available=together)
    if state is StockState.IN_STOCK:
        return Availability(state=state, available=together)
    return Availability(
        state=state,
        available=together,
        left=left,
        places=_where(levels, places, left, to),
    )


def of_bundle(parts: Sequence[tuple[Availability, int]]) -> Availability:
    """A bundle is as available as its scarcest part: pairs of a part and its units in one bundle.

    Where the last ones are is not said: no place may have all the parts.
    """
    state = max((part.state for part, _ in parts), key=list(StockState).index)
    left = [part.left // each for part, each in parts if part.left is not None]
    if state is StockState.LOW_STOCK and min(left) == 0:
        state = StockState.OUT_OF_STOCK
    return Availability(
        state=state,
        available=all(part.available for part, _ in parts),
        left=min(left) if state is StockState.LOW_STOCK else None,
        backorder_until=_last(part.backorder_until for part, _ in parts),
        preorder_from=_last(part.preorder_from for part, _ in parts),
    )


def _last(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)


def _where(
    levels: StockLevels, places: Sequence[Location], left: int, to: Address | None
) -> tuple[UnitsLeft, ...]:
    """The active locations that have units; no more of them than may still be sold."""
    units = {level.location_id: min(level.available, left) for level in levels.locations}
    found = [
        UnitsLeft(
            location_id=place.location_id,
            name=place.name,
            kind=place.kind,
            city=place.address.city,
            units=units[place.location_id],
            km=kilometers(place, to),
        )
        for place in places
        if place.active and units.get(place.location_id, 0) > 0
    ]
    return tuple(sorted(found, key=_nearness))


def _nearness(one: UnitsLeft) -> tuple[float, int, str]:
    return inf if one.km is None else one.km, -one.units, one.location_id
