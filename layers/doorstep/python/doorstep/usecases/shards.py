"""The shards of a hot SKU: units are brought together where an order asks for them.

An order holds a SKU in one shard. While there is plenty, that spreads the writes; the last units
are found wherever they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from doorstep.domain import stockkeeping
from doorstep.domain.errors import OutOfStock
from doorstep.domain.order import Line
from doorstep.domain.stock import StockLevels
from doorstep.ports import Catalog, Clock, Stock

Demand = Mapping[tuple[str, int], int]
"""(SKU, shard) → units asked for there."""


def demand(lines: Iterable[Line]) -> Demand:
    """What these lines wait for, to be held."""
    found: Counter[tuple[str, int]] = Counter()
    for line in lines:
        if line.sku and line.tracked:
            found[line.sku, line.stock_shard] += line.unallocated + line.backordered
    return found


def leaving(
    lines: Iterable[Line], levels: Mapping[str, StockLevels], units: Mapping[str, int]
) -> Mapping[str, int]:
    """SKU → what must stay available in the shard that its lines ask, so that `units` of it stay
    in all of them.
    """
    asked = {line.sku: line.stock_shard for line in lines if line.sku}
    return {sku: levels[sku].leaving(shard, units.get(sku, 0)) for sku, shard in asked.items()}


def gather(
    wanted: Demand,
    levels: Mapping[str, StockLevels],
    cause: str,
    *,
    stock: Stock,
) -> bool:
    """Bring units of other shards to the ones that are asked, as far as those have too few.

    Answers whether any were moved. Where somebody was faster none are: whoever asked looks again.
    """
    moved = False
    for (sku, shard), units in wanted.items():
        movements = stockkeeping.gathered(levels[sku], shard, units, cause=f"{cause}-to-{shard}")
        if not movements:
            continue
        try:
            moved = stock.move(*movements) or moved
        except OutOfStock:
            continue
    return moved


def rebalance(skus: Iterable[str], *, catalog: Catalog, stock: Stock, clock: Clock) -> int:
    """Spread what is left of hot SKUs evenly again; answers how many were."""
    hot = {
        sku: product for sku, product in catalog.products(skus).items() if product.stock_shards > 1
    }
    done = 0
    for sku, levels in stock.levels(hot).items():
        shards, cause = hot[sku].stock_shards, f"rebalance-{clock().isoformat()}"
        if not stockkeeping.uneven(levels, shards):
            continue
        try:
            done += stock.move(*stockkeeping.evened(levels, shards, cause=cause))
        except OutOfStock:  # it sells right now: the next run will see
            continue
    return done
