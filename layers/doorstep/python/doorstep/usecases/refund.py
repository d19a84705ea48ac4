"""Give back the money for a return that was received: intents first, then tender by tender."""

from __future__ import annotations

from doorstep.domain import placing, returning
from doorstep.domain.errors import NotSupported, PaymentDeclined
from doorstep.domain.order import Order, order_of
from doorstep.domain.payment import Payment, PaymentEvent, PaymentOutcome
from doorstep.domain.returns import ReturnStatus
from doorstep.ports import Clock, Orders, PaymentGateway


def refund_return(
    return_id: str,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
    again: bool = False,
) -> Order:
    """Refund what the received units carry, once, however often it is called.

    What a provider refuses to give back becomes a work item, and the return stays received until
    it is asked for `again`. Money that the storefront took is the storefront's to give back: a work
    item says so and the return is closed. Raises PaymentOutcomeUnknown and ProviderUnavailable:
    repeat.
    """
    order = orders.get(order_of(return_id))
    if order.return_(return_id).status is not ReturnStatus.RECEIVED:
        return order
    (order,) = orders.commit(returning.request_refund(order, return_id, at=clock(), again=again))
    for payment in order.payments:
        for event in returning.refunds_of(payment, return_id):
            if event.outcome is PaymentOutcome.REQUESTED:
                order = _refund(order, return_id, payment, event, gateway=gateway, clock=clock)
                (order,) = orders.commit(order)
    if order.return_(return_id).status is ReturnStatus.RECEIVED:
        (order,) = orders.commit(returning.settle(order, return_id))
    return order


def _refund(
    order: Order,
    return_id: str,
    payment: Payment,
    event: PaymentEvent,
    *,
    gateway: PaymentGateway,
    clock: Clock,
) -> Order:
    """Ask one tender's provider, and write down what it answered."""
    key, at = payment.payment_id, clock()
    try:
        reference = gateway.refund(payment, event)
    except PaymentDeclined as declined:
        text = f"{event.amount} could not be refunded: {declined.reason}."
        order = returning.refund_failed(order, return_id, event, key, reason=text, at=at)
        return placing.open_work_item(order, "refund_failed", subject=return_id, text=text, at=at)
    except NotSupported as unsupported:
        text = f"{event.amount} is to be refunded elsewhere: {unsupported}"
        order = returning.refund_failed(order, return_id, event, key, reason=text, at=at)
        order = placing.open_work_item(
            order, "refund_elsewhere", subject=return_id, text=text, at=at
        )
        return returning.close(order, return_id)
    return returning.refunded(order, return_id, event, key, reference=reference, at=at)
