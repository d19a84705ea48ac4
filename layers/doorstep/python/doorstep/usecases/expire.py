"""The scheduled settlement of what was left unfinished: checkouts that nobody ended, money that
nobody answered for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple

from doorstep.domain.errors import Conflict, Failure, NotFound, PaymentDeclined
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.returns import ReturnStatus
from doorstep.ports import Clock, FraudScreen, Orders, PaymentGateway, Queues
from doorstep.usecases.cancel import carry_out_voids
from doorstep.usecases.checkout import abandon
from doorstep.usecases.refund import refund_return

_PATIENCE = timedelta(minutes=10)
"""How long whoever wrote an intent has to carry it out."""


class Settled(NamedTuple):
    """How many were settled, and the ids of those to be tried again next time."""

    settled: int
    failed: tuple[str, ...]


def expire_checkouts(
    *,
    orders: Orders,
    queues: Queues,
    gateway: PaymentGateway,
    fraud: FraudScreen,
    clock: Clock,
    limit: int = 100,
) -> Settled:
    """Finish or undo pending checkouts whose time is up."""

    def settle(order: Order) -> None:
        if order.status is OrderStatus.PENDING:
            abandon(order, orders=orders, gateway=gateway, fraud=fraud, clock=clock)

    return _each(queues.due("checkout", clock(), limit), settle, orders)


def settle_money(
    *,
    orders: Orders,
    queues: Queues,
    gateway: PaymentGateway,
    clock: Clock,
    limit: int = 100,
) -> Settled:
    """Carry out voids and refunds that were written down and never answered."""

    def settle(order: Order) -> None:
        order = carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)
        for back in order.returns:
            if back.status is ReturnStatus.RECEIVED:
                refund_return(back.return_id, orders=orders, gateway=gateway, clock=clock)

    return _each(queues.due("money", clock() - _PATIENCE, limit), settle, orders)


def _each(found: Iterable[str], settle: Callable[[Order], None], orders: Orders) -> Settled:
    """One that fails does not keep the others waiting."""
    settled, failed = 0, []
    for order_id in found:
        try:
            settle(orders.get(order_id))
            settled += 1
        except (Conflict, NotFound, PaymentDeclined):
            continue
        except Failure:
            failed.append(order_id)
    return Settled(settled, tuple(failed))
