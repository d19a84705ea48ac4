"""Transfers between locations, in two phases: shipped out of one, received at the other.

In between nobody can sell the goods. What does not arrive is a loss with its own ledger row.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from doorstep.domain import stockkeeping
from doorstep.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    InvalidCommand,
    OutOfStock,
    QuantityExceeded,
)
from doorstep.domain.papers import Transfer, TransferLine, TransferStatus
from doorstep.domain.record import Command
from doorstep.domain.stock import Movement, MovementKind, StockLevels
from doorstep.ports import Catalog, Clock, Stock
from doorstep.usecases.stock import MAX_UNITS, CommandId, ReceivedGoods, known_products

MAX_LINES = 12
"""Goods, papers and ledger of one transfer are written in one transaction."""

_TRIES = 8


class ShipTransfer(Command):
    """Goods leave one location for another."""

    transfer_id: CommandId
    origin: CommandId = Field(alias="from")
    destination: CommandId = Field(alias="to")
    goods: tuple[ReceivedGoods, ...] = Field(min_length=1, max_length=MAX_LINES)


class ReceiveTransfer(Command):
    """What was really in the boxes, by SKU."""

    received: dict[str, int] = Field(min_length=1, max_length=MAX_LINES)


def ship_transfer(
    command: ShipTransfer, *, catalog: Catalog, stock: Stock, clock: Clock
) -> Transfer:
    """Take goods off one location's books, on their way to another.

    Raises NotFound, InvalidCommand, IdempotencyKeyReused, and QuantityExceeded where they are
    promised or kept back.
    """
    skus = [item.sku for item in command.goods]
    wanted = {f"goods.{index}.sku": sku for index, sku in enumerate(skus)}
    known_products(command.destination, wanted, catalog)
    known_products(command.origin, wanted, catalog)
    if command.origin == command.destination:
        raise InvalidCommand({"to": "goods are there already"})
    if len(set(skus)) < len(skus):
        raise InvalidCommand({"goods": "the same SKU is there twice"})
    lines = tuple(TransferLine(sku=item.sku, shipped=item.quantity) for item in command.goods)
    transfer = Transfer(
        transfer_id=command.transfer_id,
        origin=command.origin,
        destination=command.destination,
        lines=lines,
        shipped_at=clock(),
    )
    for _ in range(_TRIES):
        levels = stock.levels(skus)
        movements = [
            movement for line in lines for movement in _leaving(transfer, line, levels[line.sku])
        ]
        try:
            if stock.move(*movements, paper=transfer):
                return transfer
        except OutOfStock:
            _check(transfer, levels)
            continue
        except Conflict:
            pass
        return _same(stock.transfer(command.transfer_id), transfer)
    raise Conflict([command.transfer_id])


def receive_transfer(
    transfer_id: str, command: ReceiveTransfer, *, catalog: Catalog, stock: Stock, clock: Clock
) -> Transfer:
    """Book what really came; the rest is lost.

    Raises NotFound, InvalidCommand, and IllegalTransition where it was received with other counts.
    """
    faults = {
        f"received.{sku}": f"0 to {MAX_UNITS:,} units"
        for sku, count in command.received.items()
        if not 0 <= count <= MAX_UNITS
    }
    if faults:
        raise InvalidCommand(faults)
    for _ in range(_TRIES):
        known = stock.transfer(transfer_id)
        counted = {line.sku: line.received for line in known.lines}
        if known.status is TransferStatus.RECEIVED and counted == command.received:
            return known
        transfer = known.receive(command.received, at=clock())
        products = catalog.products(counted)
        movements = [
            movement
            for line in transfer.lines
            for movement in _arriving(
                transfer, line, products[line.sku].stock_shards if line.sku in products else 1
            )
        ]
        try:
            stock.move(*movements, paper=transfer)
        except Conflict:
            continue
        return transfer
    raise Conflict([transfer_id])


def _leaving(transfer: Transfer, line: TransferLine, levels: StockLevels) -> list[Movement]:
    """Off the books of the origin, and announced to the destination."""
    gone = stockkeeping.moves(
        MovementKind.TRANSFERRED,
        levels,
        transfer.origin,
        line.shipped,
        shards=1,
        cause=transfer.transfer_id,
    )
    return [*gone, _at_destination(transfer, line, MovementKind.ANNOUNCED, line.shipped)]


def _arriving(transfer: Transfer, line: TransferLine, shards: int) -> list[Movement]:
    """On the books of the destination: what came, what was lost, what nobody had announced."""
    found = []
    for kind, quantity in (
        (MovementKind.ARRIVED, line.arrived),
        (MovementKind.RECEIVED, line.surplus),
    ):
        if quantity:
            found += stockkeeping.moves(
                kind,
                StockLevels(sku=line.sku),
                transfer.destination,
                quantity,
                shards=shards,
                cause=transfer.transfer_id,
            )
    if line.lost:
        found.append(_at_destination(transfer, line, MovementKind.LOST_IN_TRANSIT, line.lost))
    return found


def _at_destination(
    transfer: Transfer, line: TransferLine, kind: MovementKind, quantity: int
) -> Movement:
    return Movement(
        kind=kind,
        sku=line.sku,
        quantity=quantity,
        location_id=transfer.destination,
        cause=transfer.transfer_id,
    )


def _same(known: Transfer, wanted: Transfer) -> Transfer:
    """The transfer that was shipped before; raises IdempotencyKeyReused where it is another."""

    def sent(one: Transfer) -> tuple[str, str, list[tuple[str, int]]]:
        return one.origin, one.destination, [(line.sku, line.shipped) for line in one.lines]

    if sent(known) != sent(wanted):
        raise IdempotencyKeyReused(wanted.transfer_id)
    return known


def _check(transfer: Transfer, levels: Mapping[str, StockLevels]) -> None:
    """Raise QuantityExceeded for the first SKU that is not free to leave."""
    for line in transfer.lines:
        room = stockkeeping.possible(MovementKind.TRANSFERRED, levels[line.sku], transfer.origin)
        if line.shipped > room:
            what = f"{line.sku} in {transfer.origin}, beyond what is promised or kept back"
            raise QuantityExceeded(what, line.shipped, room)
