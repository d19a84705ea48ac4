"""Reserve money: at the checkout, and anew where an authorization has ended or is about to."""

from __future__ import annotations

from doorstep.domain import renewing
from doorstep.domain.errors import (
    CaptureDeclined,
    Conflict,
    PaymentDeclined,
    PaymentOutcomeUnknown,
)
from doorstep.domain.money import Money
from doorstep.domain.order import Order
from doorstep.domain.payment import Payment, PaymentEvent
from doorstep.domain.work_items import open_work_item
from doorstep.ports import Authorization, Clock, Orders, PaymentGateway
from doorstep.usecases.cancel import carry_out_voids

_ROUNDS = 3
"""An unanswered renewal is carried out first, and may not fit."""


def authorize(payment: Payment, key: str, gateway: PaymentGateway) -> Authorization:
    """Reserve the money.

    A time-out is settled by asking, and by asking again under the same key.
    """
    if not payment.amount:
        return Authorization(reference="nothing to pay")
    try:
        return gateway.authorize(payment, key)
    except PaymentOutcomeUnknown:
        return gateway.find(payment, key) or gateway.authorize(payment, key)


def ensure_authorized(
    order: Order,
    payment_id: str,
    amount: Money,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
) -> Order:
    """The order with this amount reserved so that it can be captured now: authorized again where
    it has ended, or where the provider captures no part of it.

    Raises CaptureDeclined where the provider refuses; Conflict while another parcel draws on it.
    """
    for _ in range(_ROUNDS):
        payment = order.payment(payment_id)
        if payment.holds(amount, clock()) and (payment.terms.multi_capture or not payment.claimed):
            return order
        if payment.claimed:
            raise Conflict([order.order_id])
        try:
            order = renew(
                order,
                payment_id,
                renewing.wanted(order, payment, amount),
                orders=orders,
                gateway=gateway,
                clock=clock,
            )
        except PaymentDeclined as declined:
            raise CaptureDeclined(declined.reason) from None
    return order


def renew(
    order: Order,
    payment_id: str,
    amount: Money,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
) -> Order:
    """Reserve an amount anew, and give free what was reserved before.

    Raises PaymentDeclined; PaymentOutcomeUnknown and ProviderUnavailable: repeat.
    """
    order, intent = renewing.request(order, payment_id, amount, at=clock())
    (order,) = orders.commit(order)
    return carry_out_renewal(order, payment_id, intent, orders=orders, gateway=gateway, clock=clock)


def carry_out_renewal(
    order: Order,
    payment_id: str,
    intent: PaymentEvent,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
) -> Order:
    """Ask the provider, and write down what it answered."""
    asked = order.payment(payment_id).model_copy(update={"amount": intent.amount})
    try:
        answer = authorize(asked, intent.key, gateway)
    except PaymentDeclined as refusal:
        at, why = clock(), refusal.reason
        orders.commit(renewing.declined(order, payment_id, intent, reason=why, at=at))
        raise
    order = renewing.renewed(
        order, payment_id, intent, reference=answer.reference, terms=answer.terms, at=clock()
    )
    (order,) = orders.commit(order)
    return carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)


def renew_expiring(order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Reserve anew what would run out while its order waits; a person hears of what is refused."""
    for payment in order.payments:
        due = payment.renew_at
        needed = renewing.still_needed(order, payment)
        if due is None or due > clock() or payment.claimed or needed.minor <= 0:
            continue
        key = payment.payment_id
        try:
            order = renew(order, key, needed, orders=orders, gateway=gateway, clock=clock)
        except PaymentDeclined as declined:
            order = orders.get(order.order_id)
            text = f"{needed} could not be reserved anew: {declined.reason}. It is tried again"
            text += " when a parcel is packed; the customer may have to pay in another way."
            order = open_work_item(order, "renewal_declined", subject=key, text=text, at=clock())
            (order,) = orders.commit(order)
    return order
