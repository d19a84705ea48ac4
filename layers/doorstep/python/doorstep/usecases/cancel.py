"""Cancel what has not been packed, and give free the money that is no longer needed."""

from __future__ import annotations

from contextlib import suppress

from doorstep.domain import placing, voiding
from doorstep.domain.errors import Conflict, Failure, NotSupported, PaymentDeclined
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import (
    STOREFRONT,
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
)
from doorstep.domain.work_items import open_work_item
from doorstep.ports import Clock, Orders, PaymentGateway


def cancel_order(
    order_id: str,
    reason: str,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
    force: bool = False,
) -> Order:
    """Cancel the open remainder of an order; one that is canceled already is answered as it is.

    With `force` what is being made is scrapped. Raises NotFound, IllegalTransition where everything
    is packed or being made already, Conflict where it changes at this moment: a checkout that is
    not finished may be paid for without our knowing it yet.
    """
    order = orders.get(order_id)
    if order.status is OrderStatus.PENDING:
        raise Conflict([order_id])
    if order.status is OrderStatus.CANCELED:
        return order
    order = cancel_rest(order, reason, orders=orders, clock=clock, force=force)
    (stored,) = orders.commit(request_voids(order, clock=clock))
    return carry_out_voids(stored, orders=orders, gateway=gateway, clock=clock)


def give_up(order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Cancel what has found no location for as long as the rules let it wait; the rest is shipped.

    Another order is answered as it is.
    """
    if order.give_up_at is None or order.give_up_at > clock():
        return order
    order = cancel_rest(order, order.cancel_why, orders=orders, clock=clock, unplaced=True)
    (stored,) = orders.commit(request_voids(order, clock=clock))
    return carry_out_voids(stored, orders=orders, gateway=gateway, clock=clock)


def cancel_rest(
    order: Order,
    reason: str,
    *,
    orders: Orders,
    clock: Clock,
    unplaced: bool = False,
    force: bool = False,
) -> Order:
    """The order with everything canceled that is not packed, nor being made (`force` scraps that),
    or just what is `unplaced`, to be committed.

    Where that is more than one commit takes, all but the last part is committed already.
    """
    which = {"unplaced": unplaced, "force": force}
    order = placing.cancel(order, reason=reason, at=clock(), **which)
    while placing.cancelable(order, **which):
        (order,) = orders.commit(order)
        order = placing.cancel(order, reason=reason, at=clock(), **which)
    return order


def request_voids(order: Order, *, clock: Clock) -> Order:
    """Write the intents to give free what no parcel will need: everything that was not canceled is
    packed, and every parcel is paid.
    """
    if order.needs_money:
        return order
    for payment in order.payments:
        if payment.provider != STOREFRONT:
            order = voiding.request_void(order, payment.payment_id, at=clock())
    return order


def carry_out_voids(
    order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Ask the provider for every void that was written down and not answered yet.

    Never fails: nobody's parcel or cancellation waits for it. A provider that does not answer is
    asked again by `settle_unfinished`; one that refuses is a matter for a person.
    """
    for payment in order.payments:
        for event in payment.events:
            if (event.action, event.outcome) != (PaymentAction.VOID, PaymentOutcome.REQUESTED):
                continue
            with suppress(Failure):
                (order,) = orders.commit(_void(order, payment, event, gateway, clock))
    return order


def _void(
    order: Order,
    payment: Payment,
    event: PaymentEvent,
    gateway: PaymentGateway,
    clock: Clock,
) -> Order:
    """Ask once, and write down what was answered."""
    key, at = payment.payment_id, clock()
    try:
        gateway.void(payment.under(event), event)
    except (PaymentDeclined, NotSupported) as refusal:
        order = voiding.void_refused(order, key, event, reason=str(refusal), at=at)
        text = f"{event.amount} is still reserved: {refusal}"
        return open_work_item(order, "void_refused", subject=order.order_id, text=text, at=at)
    return voiding.voided(order, key, event, at=at)
