"""Stock and catalog as merchants feed them in: products, locations, receipts."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from doorstep.domain.catalog import Sku
from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.domain.order import MAX_QUANTITY
from doorstep.domain.record import Command
from doorstep.domain.stock import Movement, MovementKind, StockLevels
from doorstep.ports import Catalog, Stock


class ReceivedGoods(Command):
    """Units of one SKU that arrived at a location."""

    sku: Sku
    quantity: int = Field(ge=1, le=MAX_QUANTITY * 100)


class Receipt(Command):
    """Goods that arrived together.

    `receipt_id` is the delivery's own number: the same one is booked once.
    """

    receipt_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    goods: tuple[ReceivedGoods, ...] = Field(min_length=1, max_length=30)


def receive_goods(
    location_id: str, receipt: Receipt, *, catalog: Catalog, stock: Stock
) -> Sequence[Movement]:
    """Book arrived goods: on hand and sellable from now on. Raises NotFound and InvalidCommand."""
    if location_id not in {location.location_id for location in catalog.locations()}:
        raise NotFound("location", location_id)
    products = catalog.products(item.sku for item in receipt.goods)
    faults = {
        f"goods.{index}.sku": f"there is no product {item.sku!r}"
        for index, item in enumerate(receipt.goods)
        if item.sku not in products
    }
    if faults:
        raise InvalidCommand(faults)
    movements = [
        Movement(
            kind=MovementKind.RECEIVED,
            sku=item.sku,
            quantity=quantity,
            location_id=location_id,
            cause=f"{receipt.receipt_id}-{index}-{shard}",
            shard=shard,
        )
        for index, item in enumerate(receipt.goods)
        for shard, quantity in _spread(item.quantity, products[item.sku].stock_shards)
    ]
    stock.move(*movements)
    return movements


def stock_of(sku: str, *, catalog: Catalog, stock: Stock) -> StockLevels:
    """All levels of a SKU; raises NotFound for one that is not sold."""
    if sku not in catalog.products([sku]):
        raise NotFound("product", sku)
    return stock.levels([sku])[sku]


def _spread(quantity: int, shards: int) -> list[tuple[int, int]]:
    """(shard, units), as even as it goes."""
    parts = [
        (shard, quantity * (shard + 1) // shards - quantity * shard // shards)
        for shard in range(shards)
    ]
    return [(shard, part) for shard, part in parts if part]
