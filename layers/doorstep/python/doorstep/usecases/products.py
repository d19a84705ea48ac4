"""Products as the catalog keeps them, and the room that their terms give to the network's stock."""

from __future__ import annotations

from collections.abc import Iterable

from doorstep.domain import bundle
from doorstep.domain.catalog import Product
from doorstep.domain.errors import Conflict, InvalidCommand, OutOfStock
from doorstep.domain.sellable import cap, room_moves
from doorstep.domain.stock import NetworkLevel, Seen, StockLevels
from doorstep.ports import Catalog, Clock, Stock

_TRIES = 8


def save_product(
    product: Product, *, by: str, catalog: Catalog, stock: Stock, clock: Clock
) -> Product:
    """Create or replace a product, and make the room of its stock what its terms say.

    More room is granted before the terms are known, less is taken after: at every moment the terms
    that a checkout reads are covered. What was sold beyond a lower cap stays sold; its room is
    taken when goods have come for it. Raises InvalidCommand for a bundle that cannot be sold,
    Conflict where the SKU sells all the time.
    """
    levels = stock.levels([product.sku])[product.sku]
    if product.components:
        _check_bundle(product, levels, catalog)
    if cap(product, clock()) > levels.room:
        _make_room(product, levels, by=by, stock=stock, clock=clock)
    catalog.save(product)
    if cap(product, clock()) < levels.room:
        _make_room(product, levels, by=by, stock=stock, clock=clock)
    return product


def settle_room(skus: Iterable[str], *, catalog: Catalog, stock: Stock, clock: Clock) -> int:
    """Make the room of these SKUs what the terms say by now; answers how many were changed.

    Room is left over where a release has passed, or where more was sold than a lower cap allows.
    """
    products = catalog.products(skus)
    done = 0
    for sku, levels in stock.levels(products).items():
        if levels.room != cap(products[sku], clock()):
            try:
                done += _make_room(products[sku], levels, by="", stock=stock, clock=clock)
            except Conflict:  # it sells right now: the next run will see
                continue
    return done


def _check_bundle(product: Product, levels: StockLevels, catalog: Catalog) -> None:
    """Raise InvalidCommand where its parts cannot be sold, or it has a stock of its own."""
    if fault := bundle.fault(product, catalog.products(product.components)):
        raise InvalidCommand({"components": fault})
    kept = sum(one.on_hand + one.in_transit for one in levels.locations) + levels.held
    if kept:
        text = f"{kept} units of {product.sku!r} itself are kept, on the way or held"
        raise InvalidCommand({"components": f"{text}: a bundle has no stock of its own"})


def _make_room(
    product: Product, levels: StockLevels, *, by: str, stock: Stock, clock: Clock
) -> bool:
    """Grant or take room until it is what the terms say; answers whether any was moved."""
    moved = False
    for attempt in range(_TRIES):
        movements = room_moves(
            levels,
            cap(product, clock()),
            shards=product.stock_shards,
            cause=f"room-{clock().isoformat()}-{attempt}",
            by=by,
        )
        if not movements:
            return moved
        seen = {level.shard: level for level in levels.network}
        touched = {movement.shard for movement in movements}
        guards = [
            Seen(level=seen.get(shard, NetworkLevel(sku=product.sku, shard=shard)))
            for shard in sorted(touched)
        ]
        try:
            moved = stock.move(*movements, guards=guards) or moved
        except (Conflict, OutOfStock):
            pass
        else:
            return moved
        levels = stock.levels([product.sku])[product.sku]
    raise Conflict([product.sku])
