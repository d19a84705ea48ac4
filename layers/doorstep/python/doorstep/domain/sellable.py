"""What may be sold of a product: what lies on shelves, and beyond it what the terms allow.

A cap on what is sold beyond the stock is granted to the network level as *room*: units that are
available although no shelf has them. So a checkout stays one conditional update per SKU. Where the
terms have ended, or the cap was lowered, the room that is left over is not sold any more from that
moment on, and is taken back as far as it is not sold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from doorstep.domain.catalog import Product
from doorstep.domain.stock import Movement, MovementKind, StockLevels
from doorstep.domain.stockkeeping import shifted, spread


class Wait(NamedTuple):
    """How long units beyond the stock take to be there."""

    lead_days: int = 0
    """Calendar days from the order on,"""
    ready_at: datetime | None = None
    """but not before this."""

    def over(self, at: datetime) -> datetime:
        """When it is over, for who orders at this moment."""
        led = at + timedelta(days=self.lead_days)
        return max(led, self.ready_at) if self.ready_at else led


class Sellable(NamedTuple):
    """How many units may be sold at a moment: at once, and in all."""

    now: int
    """Units on shelves that nobody was promised."""
    units: int
    """Those, and what may be sold beyond them."""
    idle: int
    """Room that the terms do not allow any more: so many available units are not sold."""
    wait: Wait | None
    """What units beyond those on shelves have to wait for; None where none are sold."""

    def waits(self, units: int) -> Wait | None:
        """What so many units together have to wait for; None where nothing."""
        return self.wait if units > self.now else None


def sellable(product: Product, levels: StockLevels, at: datetime) -> Sellable:
    """What may be sold of a product. Before its release nothing leaves, whatever has arrived."""
    idle = max(0, levels.room - cap(product, at))
    units = max(0, levels.available - idle)
    now = 0 if product.unreleased(at) else min(levels.unpromised, units)
    return Sellable(now=now, units=units, idle=idle, wait=beyond(product, at))


def sellable_of(product: Product | None, levels: StockLevels, at: datetime, *, shard: int) -> int:
    """How many units of a SKU an order may hold in one shard; of one that is not sold, any."""
    idle = sellable(product, levels, at).idle if product else 0
    here = sum(level.available for level in levels.network if level.shard == shard)
    return max(0, here - levels.leaving(shard, idle))


def cap(product: Product, at: datetime) -> int:
    """How many units may be sold beyond the stock."""
    if product.preorder:
        return product.preorder.cap if product.unreleased(at) else 0
    return product.backorder.cap if product.backorder else 0


def room_moves(
    levels: StockLevels, units: int, *, shards: int, cause: str, by: str = ""
) -> list[Movement]:
    """Movements after which the network level has room for so many units beyond the stock.

    More of it is spread over the shards. Less of it is taken as far as it is not sold; units that
    other shards have are brought to those whose room is taken.
    """
    more = units - levels.room
    if more >= 0:
        parts = dict(spread(more, shards)) if more else {}
        return _moves(MovementKind.ROOM_GRANTED, levels.sku, parts, cause, by)
    taken = _taken(levels, min(-more, levels.available))
    left = {level.shard: level.available - taken.get(level.shard, 0) for level in levels.network}
    changes = {shard: -over for shard, over in left.items() if over < 0}
    missing = sum(changes.values())
    for shard, over in left.items():
        if part := min(max(0, over), missing):
            changes[shard] = -part
            missing -= part
    return [
        *shifted(levels.sku, changes, cause),
        *_moves(MovementKind.ROOM_REVOKED, levels.sku, taken, cause, by),
    ]


def beyond(product: Product, at: datetime) -> Wait | None:
    """What units beyond the stock have to wait for; None where none are sold."""
    if product.preorder:
        return Wait(ready_at=product.preorder.release_at) if product.unreleased(at) else None
    terms = product.backorder
    if terms is None:
        return None
    if terms.expected_at and terms.expected_at > at:
        return Wait(ready_at=terms.expected_at)
    return Wait(lead_days=terms.lead_days)


def _taken(levels: StockLevels, units: int) -> dict[int, int]:
    """Room by shard to be taken, the most from where there is the most."""
    taken = {}
    for level in sorted(levels.network, key=lambda level: (-level.room, level.shard)):
        if part := min(level.room, units):
            taken[level.shard] = part
            units -= part
    return taken


def _moves(
    kind: MovementKind, sku: str, parts: Mapping[int, int], cause: str, by: str
) -> list[Movement]:
    return [
        Movement(
            kind=kind,
            sku=sku,
            quantity=units,
            shard=shard,
            cause=f"{cause}-{shard}",
            reason="terms",
            by=by,
        )
        for shard, units in parts.items()
    ]
