"""The scheduled settlement of what was left unfinished: checkouts that nobody ended, money that
nobody answered for, units that nobody could ship.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from doorstep.domain import renewing
from doorstep.domain.errors import Conflict, Failure, NotFound, PaymentDeclined
from doorstep.domain.order import Order, OrderStatus, order_of
from doorstep.domain.refunds import RefundRule
from doorstep.domain.returns import ReturnStatus
from doorstep.ports import Clock, FraudScreen, Orders, PaymentGateway, Queues
from doorstep.usecases.authorize import carry_out_renewal, renew_expiring
from doorstep.usecases.cancel import carry_out_voids, give_up, request_voids
from doorstep.usecases.dunning import carry_out_given, dun, unanswered
from doorstep.usecases.finish import abandon, look_again
from doorstep.usecases.refund import refund_return, settle_refund

_PATIENCE = timedelta(minutes=10)
"""How long whoever wrote an intent has to carry it out."""


class Settled(NamedTuple):
    """How many were settled, and the ids of those to be tried again next time."""

    settled: int
    failed: tuple[str, ...]


class Settlement(NamedTuple):
    """What settles an order, and with what."""

    orders: Orders
    gateway: PaymentGateway
    fraud: FraudScreen
    clock: Clock
    rule: RefundRule = RefundRule.NEWEST
    """Over which tenders the money of a return goes back."""

    def checkout(self, order: Order) -> None:
        """Finish or undo a checkout whose time is up."""
        if order.status is OrderStatus.PENDING:
            abandon(
                order,
                orders=self.orders,
                gateway=self.gateway,
                fraud=self.fraud,
                clock=self.clock,
            )
        elif order.expires_at:
            look_again(order, orders=self.orders, gateway=self.gateway, clock=self.clock)

    def authorization(self, order: Order) -> None:
        """Reserve anew what would run out while its order waits."""
        if order.status is OrderStatus.PLACED:
            renew_expiring(order, orders=self.orders, gateway=self.gateway, clock=self.clock)

    def payment(self, order: Order) -> None:
        """Ask again for money that was refused at the packing table, or give it up."""
        dun(order, orders=self.orders, gateway=self.gateway, clock=self.clock)

    def money(self, order: Order) -> None:
        """Carry out renewals, voids and refunds that nobody answered for."""
        orders, gateway, clock = self.orders, self.gateway, self.clock
        for payment in order.payments:
            if intent := renewing.unanswered(payment):
                key = payment.payment_id
                order = carry_out_renewal(
                    order, key, intent, orders=orders, gateway=gateway, clock=clock
                )
        for payment in unanswered(order):
            key = payment.payment_id
            order = carry_out_given(order, key, orders=orders, gateway=gateway, clock=clock)
        (order,) = orders.commit(request_voids(order, clock=clock))
        order = carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)
        for refund in order.refunds:
            if refund.settled_at is None:
                current = orders.get(order.order_id)
                settle_refund(
                    current, refund.refund_id, orders=orders, gateway=gateway, clock=clock
                )
        for back in order.returns:
            if back.status is ReturnStatus.RECEIVED:
                refund_return(
                    back.return_id, orders=orders, gateway=gateway, clock=clock, rule=self.rule
                )

    def unfillable(self, order: Order) -> None:
        """Cancel what has found no location for as long as the rules let it wait."""
        give_up(order, orders=self.orders, gateway=self.gateway, clock=self.clock)


def settle_unfinished(settlement: Settlement, *, queues: Queues, limit: int = 100) -> Settled:
    """Finish or undo checkouts whose time is up; carry out what nobody answered for; reserve anew
    what would run out; cancel units that found no location for as long as the rules let them wait.

    One that fails does not keep the others waiting. What nobody foresaw is raised at the end, as
    an ExceptionGroup, so that somebody hears of it.
    """
    now = settlement.clock()
    due = [(key, settlement.checkout) for key in queues.due("checkout", now, limit)]
    due += [(key, settlement.authorization) for key in queues.due("authorization", now, limit)]
    due += [(key, settlement.payment) for key in queues.due("payment", now, limit)]
    due += [(key, settlement.money) for key in queues.due("money", now - _PATIENCE, limit)]
    due += [(key, settlement.unfillable) for key in queues.due("unfillable", now, limit)]
    settled, failed, unforeseen = 0, [], []
    for key, settle in due:
        try:
            settle(settlement.orders.get(order_of(key)))
            settled += 1
        except (Conflict, NotFound, PaymentDeclined):
            continue
        except Failure:
            failed.append(key)
        except Exception as error:  # noqa: BLE001 (the others must not wait for it)
            error.add_note(key)
            unforeseen.append(error)
    if unforeseen:
        raise ExceptionGroup("orders that could not be settled", unforeseen)
    return Settled(settled, tuple(failed))
