"""Stock as people at a location keep it: receipts, adjustments, quality, safety stock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from doorstep.domain import stockkeeping
from doorstep.domain.catalog import Product, Sku
from doorstep.domain.errors import Conflict, InvalidCommand, NotFound, OutOfStock, QuantityExceeded
from doorstep.domain.order import MAX_QUANTITY
from doorstep.domain.record import Command
from doorstep.domain.stock import Movement, MovementKind, Once, Seen, StockLevels
from doorstep.domain.stockkeeping import Condition, quality_move, spread
from doorstep.ports import Catalog, Clock, Stock

MAX_UNITS = MAX_QUANTITY * 100
"""Of one SKU in one place: more is a slip of the finger."""

_TRIES = 8


def _some(change: int) -> int:
    if change == 0:
        raise ValueError("0 changes nothing")
    return change


CommandId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""The caller's own name for a command: the same one again has no second effect."""

Units = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Note = Annotated[str, Field(max_length=500)]


class ReceivedGoods(Command):
    """Units of one SKU that arrived at a location."""

    sku: Sku
    quantity: Units


class Receipt(Command):
    """Goods that arrived together.

    `receipt_id` is the delivery's own number: the same one is booked once.
    """

    receipt_id: CommandId
    goods: tuple[ReceivedGoods, ...] = Field(min_length=1, max_length=30)


class AdjustmentReason(StrEnum):
    """Why there is more or less than the books say."""

    FOUND = "found"
    LOST = "lost"
    STOLEN = "stolen"
    EXPIRED = "expired"
    GIVEN_AWAY = "given_away"
    CORRECTION = "correction"


class Adjustment(Command):
    """Units of one SKU that are there, or are not, against the books."""

    adjustment_id: CommandId
    sku: Sku
    change: Annotated[int, Field(ge=-MAX_UNITS, le=MAX_UNITS), AfterValidator(_some)]
    reason: AdjustmentReason
    note: Note = ""


class QualityMove(Command):
    """Units on hand that can be sold no longer, or again, or that are written off."""

    move_id: CommandId
    sku: Sku
    quantity: Units
    before: Condition = Field(alias="from")
    after: Condition = Field(alias="to")
    reason: str = Field(min_length=1, max_length=500)


class SafetyStock(Command):
    """How many units a location keeps back for what counts get wrong."""

    units: int = Field(ge=0, le=MAX_UNITS)
    reason: str = Field(min_length=1, max_length=500)


def receive_goods(
    location_id: str, receipt: Receipt, *, catalog: Catalog, stock: Stock
) -> Sequence[Movement]:
    """Book arrived goods: on hand and sellable from now on. Raises NotFound and InvalidCommand."""
    wanted = {f"goods.{index}.sku": item.sku for index, item in enumerate(receipt.goods)}
    products = known_products(location_id, wanted, catalog)
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
        for shard, quantity in spread(item.quantity, products[item.sku].stock_shards)
    ]
    stock.move(*movements)
    return movements


def adjust(
    location_id: str, command: Adjustment, *, by: str, catalog: Catalog, stock: Stock
) -> None:
    """Bring the books in line with what is there.

    Raises NotFound, InvalidCommand, and QuantityExceeded where that would take units that are
    allocated, held for an order or kept as safety stock.
    """
    product = known_products(location_id, {"sku": command.sku}, catalog)[command.sku]
    kind = MovementKind.ADJUSTED_UP if command.change > 0 else MovementKind.ADJUSTED_DOWN
    reason = f"{command.reason}: {command.note}" if command.note else command.reason.value
    _move_once(
        kind,
        location_id,
        product,
        abs(command.change),
        command_id=command.adjustment_id,
        command=command,
        reason=reason,
        by=by,
        stock=stock,
    )


def move_quality(
    location_id: str, command: QualityMove, *, by: str, catalog: Catalog, stock: Stock
) -> None:
    """Take units out of sale, back into it, or off the books.

    Raises NotFound, InvalidCommand, and QuantityExceeded where there are not as many to move.
    """
    kind = quality_move(command.before, command.after)
    product = known_products(location_id, {"sku": command.sku}, catalog)[command.sku]
    _move_once(
        kind,
        location_id,
        product,
        command.quantity,
        command_id=command.move_id,
        command=command,
        reason=command.reason,
        by=by,
        stock=stock,
    )


def keep_safety_stock(
    location_id: str,
    sku: str,
    command: SafetyStock,
    *,
    by: str,
    catalog: Catalog,
    stock: Stock,
    clock: Clock,
) -> None:
    """Keep so many units back.

    Raises NotFound, InvalidCommand, and QuantityExceeded where not as many are free.
    """
    product = known_products(location_id, {"sku": sku}, catalog)[sku]
    for _ in range(_TRIES):
        levels = stock.levels([sku])[sku]
        here = levels.at(location_id)
        more = command.units - here.safety
        kind = MovementKind.PROTECTED if more > 0 else MovementKind.UNPROTECTED
        movements = stockkeeping.moves(
            kind,
            levels,
            location_id,
            abs(more),
            shards=product.stock_shards,
            cause=f"safety-{clock().isoformat()}",
            reason=command.reason,
            by=by,
        )
        try:
            stock.move(*(movements if more else ()), guards=[Seen(level=here)])
        except (Conflict, OutOfStock):
            room = stockkeeping.possible(kind, levels, location_id)
            if more > room:
                raise QuantityExceeded(_where(sku, location_id), more, room) from None
        else:
            return
    raise Conflict([sku])


def stock_of(sku: str, *, catalog: Catalog, stock: Stock) -> StockLevels:
    """All levels of a SKU; raises NotFound for one that is not sold."""
    if sku not in catalog.products([sku]):
        raise NotFound("product", sku)
    return stock.levels([sku])[sku]


def known_products(
    location_id: str, skus: Mapping[str, str], catalog: Catalog
) -> Mapping[str, Product]:
    """The products of a command, whose SKUs are given by their path in it.

    Raises NotFound for the location, and InvalidCommand with every SKU that is not sold.
    """
    if location_id not in {location.location_id for location in catalog.locations()}:
        raise NotFound("location", location_id)
    products = catalog.products(skus.values())
    faults = {
        path: f"there is no product {sku!r}" for path, sku in skus.items() if sku not in products
    }
    faults |= {
        path: f"{sku!r} is a bundle: its components are kept"
        for path, sku in skus.items()
        if sku in products and products[sku].components
    }
    if faults:
        raise InvalidCommand(faults)
    return products


def _move_once(
    kind: MovementKind,
    location_id: str,
    product: Product,
    quantity: int,
    *,
    command_id: str,
    command: Command,
    reason: str,
    by: str,
    stock: Stock,
) -> None:
    """Write one movement under the caller's name for it.

    The transaction decides whether there is enough, and whether it was written before: what is read
    here may be old.
    """
    once = Once(name=f"{location_id}#{command_id}", fingerprint=_fingerprint(command))
    for _ in range(_TRIES):
        levels = stock.levels([product.sku])[product.sku]
        movements = stockkeeping.moves(
            kind,
            levels,
            location_id,
            quantity,
            shards=product.stock_shards,
            cause=command_id,
            reason=reason,
            by=by,
        )
        try:
            stock.move(*movements, guards=[once])
        except OutOfStock:
            room = stockkeeping.possible(kind, levels, location_id)
            if quantity > room:
                raise QuantityExceeded(_where(product.sku, location_id), quantity, room) from None
        else:
            return
    raise Conflict([product.sku])


def _where(sku: str, location_id: str) -> str:
    return f"{sku} in {location_id}, beyond what is promised or kept back"


def _fingerprint(command: Command) -> str:
    return hashlib.sha256(command.model_dump_json().encode()).hexdigest()
