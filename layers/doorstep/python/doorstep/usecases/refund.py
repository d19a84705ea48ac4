"""Give money back: for a return that was received, or because an agent grants it.

Intents first, bounded by what was captured; then tender by tender, once.
"""

from __future__ import annotations

from doorstep.domain import refunding, returning
from doorstep.domain.errors import Conflict, NotSupported, PaymentDeclined
from doorstep.domain.money import Money
from doorstep.domain.order import Order, order_of
from doorstep.domain.payment import PaymentAction, PaymentEvent, PaymentOutcome
from doorstep.domain.refunding import WantedRefund
from doorstep.domain.refunds import Refund, RefundRule
from doorstep.domain.returns import ReturnStatus
from doorstep.domain.work_items import open_work_item
from doorstep.ports import Clock, Orders, PaymentGateway

_TRIES = 4


def refund_return(
    return_id: str,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
    rule: RefundRule = RefundRule.NEWEST,
    again: bool = False,
) -> Order:
    """Refund what the received units carry, once, however often it is called.

    What a provider refuses to give back becomes a work item, and the return stays received until
    it is asked for `again`. Money that the storefront took is the storefront's to give back: a work
    item says so and the return is closed. Raises PaymentOutcomeUnknown and ProviderUnavailable:
    repeat.
    """
    order = orders.get(order_of(return_id))
    back = order.return_(return_id)
    if back.status is not ReturnStatus.RECEIVED:
        return order
    owed = back.refund or Money.zero(order.currency)
    asked = refunding.request(order, return_id, owed, rule=rule, at=clock(), again=again)
    (order,) = orders.commit(asked)
    order = carry_out_refunds(order, orders=orders, gateway=gateway, clock=clock)
    (order,) = orders.commit(_settled(order, return_id, clock=clock))
    return order


def grant_refund(
    order_id: str,
    wanted: WantedRefund,
    request_key: str,
    *,
    by: str,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
) -> Refund:
    """Give money back without a return: once for each key of the caller's.

    Raises InvalidCommand beyond what was captured, IdempotencyKeyReused; PaymentOutcomeUnknown and
    ProviderUnavailable where a repeat, or the schedule, will settle it.
    """
    for attempt in range(1, _TRIES + 1):
        order = orders.get(order_id)
        order, refund = refunding.grant(order, wanted, request_key, by=by, at=clock())
        try:
            (order,) = orders.commit(order)
        except Conflict:
            if attempt == _TRIES:
                raise
        else:
            break
    return settle_refund(order, refund.refund_id, orders=orders, gateway=gateway, clock=clock)


def retry_refund(
    refund_id: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Refund:
    """Ask again for what a provider has refused to give back."""
    order = orders.get(order_of(refund_id))
    refund = order.refund(refund_id)
    if refund.settled_at:
        return refund
    asked = refunding.request(
        order, refund_id, refund.amount, rule=refund.rule, at=clock(), again=True
    )
    (order,) = orders.commit(asked)
    return settle_refund(order, refund_id, orders=orders, gateway=gateway, clock=clock)


def settle_refund(
    order: Order, refund_id: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Refund:
    """Carry out what was granted, and say how it ended."""
    order = carry_out_refunds(order, orders=orders, gateway=gateway, clock=clock)
    (order,) = orders.commit(_settled(order, refund_id, clock=clock))
    return order.refund(refund_id)


def carry_out_refunds(
    order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Ask the providers for every refund that was written down and not answered yet."""
    asked = [
        (payment.payment_id, event)
        for payment in order.payments
        for event in payment.events
        if (event.action, event.outcome) == (PaymentAction.REFUND, PaymentOutcome.REQUESTED)
    ]
    for payment_id, event in asked:
        (order,) = orders.commit(_refund(order, payment_id, event, gateway=gateway, clock=clock))
    return order


def _refund(
    order: Order, key: str, event: PaymentEvent, *, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Ask one tender's provider, and write down what it answered, and what that ends."""
    cause, at = refunding.cause_of(event), clock()
    try:
        reference = gateway.refund(order.payment(key).under(event), event)
    except PaymentDeclined as declined:
        text = f"{event.amount} could not be refunded: {declined.reason}."
        order = refunding.refused(order, key, event, reason=text, at=at)
        return open_work_item(order, "refund_failed", subject=cause, text=text, at=at)
    except NotSupported as unsupported:
        text = f"{event.amount} is to be refunded elsewhere: {unsupported}"
        order = refunding.refused(order, key, event, reason=text, at=at)
        order = open_work_item(order, "refund_elsewhere", subject=cause, text=text, at=at)
        return returning.close(order, cause) if _received(order, cause) else order
    order = refunding.answered(order, key, event, reference=reference, at=at)
    return _settled(order, cause, clock=clock)


def _settled(order: Order, cause: str, *, clock: Clock) -> Order:
    """The order with the return, or the granted refund, ended where its money is given back."""
    if _received(order, cause):
        return returning.settle(order, cause)
    if any(refund.refund_id == cause for refund in order.refunds):
        return refunding.settle(order, cause, at=clock())
    return order


def _received(order: Order, cause: str) -> bool:
    """Whether it is for a return whose money is waited for."""
    known = (back for back in order.returns if back.return_id == cause)
    return any(back.status is ReturnStatus.RECEIVED for back in known)
