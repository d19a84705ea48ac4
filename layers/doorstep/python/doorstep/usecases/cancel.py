"""Cancel what has not been packed, and give free the money that is no longer needed."""

from __future__ import annotations

from doorstep.domain import placing
from doorstep.domain.errors import Conflict
from doorstep.domain.money import total
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import STOREFRONT, PaymentAction, PaymentOutcome
from doorstep.ports import Clock, Orders, PaymentGateway


def cancel_order(
    order_id: str, reason: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Cancel the open remainder of an order.

    Raises NotFound, IllegalTransition where everything is packed already, Conflict where it changes
    at this moment: a checkout that is not finished may be paid for without our knowing it yet.
    """
    order = orders.get(order_id)
    if order.status is OrderStatus.PENDING:
        raise Conflict([order_id])
    order = placing.cancel(order, reason=reason, at=clock())
    (stored,) = orders.commit(request_voids(order, clock=clock))
    return carry_out_voids(stored, orders=orders, gateway=gateway, clock=clock)


def request_voids(order: Order, *, clock: Clock) -> Order:
    """Write the intents to give free what no parcel will need: everything that was not canceled is
    packed, and every parcel is paid.
    """
    unpacked = any(line.settled_units < line.ordered for line in order.lines)
    packed = total((parcel.amount for parcel in order.shipments), order.currency)
    if unpacked or order.captured < packed:
        return order
    for payment in order.payments:
        if payment.provider != STOREFRONT:
            order = placing.request_void(order, payment.payment_id, at=clock())
    return order


def carry_out_voids(
    order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Ask the provider for every void that was written down and not answered yet.

    Safe to repeat.
    """
    for payment in order.payments:
        for event in payment.events:
            if (event.action, event.outcome) == (PaymentAction.VOID, PaymentOutcome.REQUESTED):
                gateway.void(payment, event)
                (order,) = orders.commit(placing.voided(order, payment.payment_id, at=clock()))
    return order
