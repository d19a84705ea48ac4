"""Cycle counts: some SKUs of a location are counted while it goes on working.

Each is compared with the books at the moment it is counted, and closing books the difference: what
was sold, shipped or received in between stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from doorstep.domain import stockkeeping
from doorstep.domain.catalog import Product, Sku
from doorstep.domain.errors import Conflict, IdempotencyKeyReused, InvalidCommand, OutOfStock
from doorstep.domain.papers import CountLine, CountStatus, CycleCount
from doorstep.domain.record import Command
from doorstep.domain.stock import MovementKind, Once, Seen
from doorstep.ports import Catalog, Clock, Stock
from doorstep.usecases.stock import MAX_UNITS, CommandId, Note, known_products

_TRIES = 8


class OpenCount(Command):
    """What is to be counted."""

    count_id: CommandId
    skus: tuple[Sku, ...] = Field(min_length=1, max_length=200)


class Counted(Command):
    """How many units were found, and why that is not what the books say."""

    counted: int = Field(ge=0, le=MAX_UNITS)
    reason: Note = ""


def open_count(
    location_id: str, command: OpenCount, *, by: str, catalog: Catalog, stock: Stock, clock: Clock
) -> CycleCount:
    """Begin to count. Raises NotFound, InvalidCommand, IdempotencyKeyReused."""
    wanted = {f"skus.{index}": sku for index, sku in enumerate(command.skus)}
    known_products(location_id, wanted, catalog)
    if len(set(command.skus)) < len(command.skus):
        raise InvalidCommand({"skus": "the same SKU is there twice"})
    count = CycleCount(
        count_id=command.count_id,
        location_id=location_id,
        lines=tuple(CountLine(sku=sku) for sku in command.skus),
        opened_at=clock(),
        opened_by=by,
    )
    try:
        stock.move(paper=count)
    except Conflict:
        known = stock.cycle_count(location_id, command.count_id)
        if [line.sku for line in known.lines] != list(command.skus):
            raise IdempotencyKeyReused(command.count_id) from None
        return known
    return count


def record_count(
    location_id: str, count_id: str, sku: str, command: Counted, *, stock: Stock
) -> CycleCount:
    """Compare what was found with the books as they are now. Counting again replaces it.

    Raises NotFound, InvalidCommand, IllegalTransition.
    """
    for _ in range(_TRIES):
        here = stock.levels([sku])[sku].at(location_id)
        count = stock.cycle_count(location_id, count_id).count(
            sku, expected=here.on_hand, counted=command.counted, reason=command.reason
        )
        try:
            stock.move(guards=[Seen(level=here)], paper=count)
        except Conflict:
            continue
        return count
    raise Conflict([count_id])


def close_count(
    location_id: str, count_id: str, *, by: str, catalog: Catalog, stock: Stock, clock: Clock
) -> CycleCount:
    """Book every variance, each once; goes on where an earlier call stopped.

    What is promised to customers stays in the books: `booked` falls short of the variance there.
    Raises NotFound, and InvalidCommand where something is not counted or not explained.
    """
    count = stock.cycle_count(location_id, count_id)
    if count.status is CountStatus.OPEN:
        count = _changed(location_id, count_id, stock, lambda one: one.close())
    products = catalog.products(line.sku for line in count.lines)
    for line in count.lines:
        if line.booked is None:
            count = _booked(count, line, products.get(line.sku), by=by, stock=stock)
    if count.status is CountStatus.CLOSING:
        count = _changed(location_id, count_id, stock, lambda one: one.closed(at=clock()))
    return count


def _booked(
    count: CycleCount, line: CountLine, product: Product | None, *, by: str, stock: Stock
) -> CycleCount:
    """One variance in the ledger and in the count, in one transaction."""
    kind = MovementKind.ADJUSTED_UP if line.variance > 0 else MovementKind.ADJUSTED_DOWN
    once = Once(name=f"{count.location_id}#{count.count_id}#{line.sku}", fingerprint="counted")
    for _ in range(_TRIES):
        count = stock.cycle_count(count.location_id, count.count_id)
        if count.line(line.sku).booked is not None:
            return count
        levels = stock.levels([line.sku])[line.sku]
        units = abs(line.variance)
        if line.variance < 0:
            units = min(units, stockkeeping.possible(kind, levels, count.location_id))
        booked = units if line.variance > 0 else -units
        after = count.with_line(count.line(line.sku).model_copy(update={"booked": booked}))
        movements = stockkeeping.moves(
            kind,
            levels,
            count.location_id,
            units,
            shards=product.stock_shards if product else 1,
            cause=f"count-{count.count_id}",
            reason=line.reason,
            by=by,
        )
        try:
            stock.move(*(movements if units else ()), guards=[once], paper=after)
        except (Conflict, OutOfStock):
            continue
        return after
    raise Conflict([count.count_id])


def _changed(
    location_id: str, count_id: str, stock: Stock, change: Callable[[CycleCount], CycleCount]
) -> CycleCount:
    for _ in range(_TRIES):
        count = change(stock.cycle_count(location_id, count_id))
        try:
            stock.move(paper=count)
        except Conflict:
            continue
        return count
    raise Conflict([count_id])
