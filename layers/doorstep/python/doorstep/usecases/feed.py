"""Stock as other systems report it: a warehouse or an ERP that counts, or tells what changed.

Messages come late and twice. Each carries its source's own sequence: a count holds only where it is
the newest that the source said of the SKU, a change unless the source has counted since.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from doorstep.domain import stockkeeping
from doorstep.domain.catalog import Product, Sku
from doorstep.domain.errors import Conflict, IdempotencyKeyReused, OutOfStock, Stale
from doorstep.domain.record import Command, Record
from doorstep.domain.stock import (
    Guard,
    Heard,
    Movement,
    MovementKind,
    NewsKind,
    Once,
    Seen,
    StockLevels,
)
from doorstep.ports import Catalog, Stock
from doorstep.usecases.stock import MAX_UNITS, CommandId, known_products

MAX_SEQUENCE = 2**63 - 1
"""A counter, or a time in nanoseconds."""

_TRIES = 8


class FeedEntry(Command):
    """What a source says of one SKU: so many are `on_hand`, or so many more (less) by `change`."""

    sku: Sku
    sequence: int = Field(ge=0, le=MAX_SEQUENCE)
    on_hand: int | None = Field(default=None, ge=0, le=MAX_UNITS)
    change: int | None = Field(default=None, ge=-MAX_UNITS, le=MAX_UNITS)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.on_hand is None) == (self.change is None):
            raise ValueError("give either on_hand or change")
        return self


class Feed(Command):
    """What a source says of one location, in the order in which it holds."""

    source: CommandId
    location_id: CommandId
    entries: Annotated[tuple[FeedEntry, ...], Field(min_length=1, max_length=1000)]


class FeedOutcome(StrEnum):
    APPLIED = "applied"
    PARTLY = "partly"
    """Some of the units that are gone are promised to customers: they stay in the books until a
    count takes them out, or a short pick does."""
    UNCHANGED = "unchanged"
    STALE = "stale"
    CONTRADICTED = "contradicted"
    """Another change was heard under this sequence: nothing is changed, a person has to look."""


TO_BE_LOOKED_AT = (FeedOutcome.PARTLY, FeedOutcome.CONTRADICTED)


class FeedResult(Record):
    """What became of one entry."""

    sku: str
    sequence: int
    outcome: FeedOutcome
    on_hand: int
    """In the books, now."""
    outstanding: int = 0
    """Units that are gone and still in the books."""


def follow_feed(
    source: str,
    location_id: str,
    entries: Sequence[FeedEntry],
    *,
    catalog: Catalog,
    stock: Stock,
) -> list[FeedResult]:
    """Bring the books in line with what a source says, entry by entry.

    Raises NotFound for the location and InvalidCommand for SKUs that are not sold, before anything
    is changed. Safe to repeat: what was heard before is stale.
    """
    wanted = {f"{index}.sku": entry.sku for index, entry in enumerate(entries)}
    products = known_products(location_id, wanted, catalog)
    return [
        follow(source, location_id, entry, products[entry.sku], stock=stock) for entry in entries
    ]


def follow(
    source: str, location_id: str, entry: FeedEntry, product: Product, *, stock: Stock
) -> FeedResult:
    """Bring the books in line with one entry about a product.

    Safe to repeat. Raises Conflict where the SKU moves all the time.
    """
    late = False
    for _ in range(_TRIES):
        levels = stock.levels([entry.sku])[entry.sku]
        here = levels.at(location_id)
        change = entry.on_hand - here.on_hand if entry.on_hand is not None else entry.change or 0
        kind = MovementKind.ADJUSTED_UP if change > 0 else MovementKind.ADJUSTED_DOWN
        taken = abs(change)
        if change < 0:
            taken = min(taken, stockkeeping.possible(kind, levels, location_id))
        try:
            moved = stock.move(
                *_moves(kind, levels, location_id, taken, source, entry, product),
                guards=[*_guards(source, location_id, entry, late=late), Seen(level=here)],
            )
        except (Conflict, OutOfStock):
            continue
        except IdempotencyKeyReused:
            outcome, change, taken = FeedOutcome.CONTRADICTED, 0, 0
        except Stale:
            if late or entry.change is None:
                outcome, change, taken = FeedOutcome.STALE, 0, 0
            else:
                late = True
                continue
        else:
            outcome = _outcome(change, taken) if moved else FeedOutcome.STALE
            change, taken = (change, taken) if moved else (0, 0)
        return FeedResult(
            sku=entry.sku,
            sequence=entry.sequence,
            outcome=outcome,
            on_hand=here.on_hand + (taken if change > 0 else -taken),
            outstanding=abs(change) - taken,
        )
    raise Conflict([entry.sku])


def _outcome(change: int, taken: int) -> FeedOutcome:
    if not change:
        return FeedOutcome.UNCHANGED
    return FeedOutcome.APPLIED if taken == abs(change) else FeedOutcome.PARTLY


def _guards(source: str, location_id: str, entry: FeedEntry, *, late: bool) -> list[Guard]:
    if entry.on_hand is not None:
        kind = NewsKind.COUNT
    else:
        kind = NewsKind.LATE_CHANGE if late else NewsKind.CHANGE
    heard = Heard(
        source=source,
        location_id=location_id,
        sku=entry.sku,
        sequence=entry.sequence,
        kind=kind,
    )
    if entry.change is None:
        return [heard]
    name = f"{location_id}#{entry.sku}#{source}#{entry.sequence}"
    return [heard, Once(name=name, fingerprint=str(entry.change))]


def _moves(
    kind: MovementKind,
    levels: StockLevels,
    location_id: str,
    quantity: int,
    source: str,
    entry: FeedEntry,
    product: Product,
) -> list[Movement]:
    if not quantity:
        return []
    return stockkeeping.moves(
        kind,
        levels,
        location_id,
        quantity,
        shards=product.stock_shards,
        cause=f"{source}-{entry.sequence}",
        reason="counted" if entry.change is None else "reported",
        by=source,
    )
