"""The scheduled settlement of what was left unfinished: checkouts that nobody ended, money that
nobody answered for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from doorstep.domain.errors import Conflict, Failure, NotFound, PaymentDeclined
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.returns import ReturnStatus
from doorstep.ports import Clock, FraudScreen, Orders, PaymentGateway, Queues
from doorstep.usecases.cancel import carry_out_voids
from doorstep.usecases.checkout import abandon, look_again
from doorstep.usecases.refund import refund_return

_PATIENCE = timedelta(minutes=10)
"""How long whoever wrote an intent has to carry it out."""


class Settled(NamedTuple):
    """How many were settled, and the ids of those to be tried again next time."""

    settled: int
    failed: tuple[str, ...]


def settle_unfinished(
    *,
    orders: Orders,
    queues: Queues,
    gateway: PaymentGateway,
    fraud: FraudScreen,
    clock: Clock,
    limit: int = 100,
) -> Settled:
    """Finish or undo checkouts whose time is up; carry out voids and refunds nobody answered for.

    One that fails does not keep the others waiting. What nobody foresaw is raised at the end, as
    an ExceptionGroup, so that somebody hears of it.
    """

    def checkout(order: Order) -> None:
        if order.status is OrderStatus.PENDING:
            abandon(order, orders=orders, gateway=gateway, fraud=fraud, clock=clock)
        elif order.expires_at:
            look_again(order, orders=orders, gateway=gateway, clock=clock)

    def money(order: Order) -> None:
        order = carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)
        for back in order.returns:
            if back.status is ReturnStatus.RECEIVED:
                refund_return(back.return_id, orders=orders, gateway=gateway, clock=clock)

    due = [(key, checkout) for key in queues.due("checkout", clock(), limit)]
    due += [(key, money) for key in queues.due("money", clock() - _PATIENCE, limit)]
    settled, failed, unforeseen = 0, [], []
    for order_id, settle in due:
        try:
            settle(orders.get(order_id))
            settled += 1
        except (Conflict, NotFound, PaymentDeclined):
            continue
        except Failure:
            failed.append(order_id)
        except Exception as error:  # noqa: BLE001 (the others must not wait for it)
            error.add_note(order_id)
            unforeseen.append(error)
    if unforeseen:
        raise ExceptionGroup("orders that could not be settled", unforeseen)
    return Settled(settled, tuple(failed))
