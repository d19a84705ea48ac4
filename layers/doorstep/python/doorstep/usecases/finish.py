"""Finish a checkout: screen, authorize, place; or undo it, and give free what was reserved.

Safe to run twice, also at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from doorstep.domain import placing, voiding
from doorstep.domain.errors import Conflict, PaymentDeclined
from doorstep.domain.order import Order, OrderStatus
from doorstep.domain.payment import Payment
from doorstep.ports import Authorization, Clock, FraudScreen, Orders, PaymentGateway
from doorstep.usecases.authorize import authorize
from doorstep.usecases.cancel import carry_out_voids

_LATEST_PAYMENT = timedelta(minutes=10)
"""A repeat that began before a checkout was undone has ended, or died, by then."""


def finish(
    order: Order,
    *,
    orders: Orders,
    gateway: PaymentGateway,
    fraud: FraudScreen,
    clock: Clock,
) -> Order:
    """Bring a received order to its end: placed, or declined with its stock free again.

    Its tenders are authorized in order; where one is refused, those before it are given free. Safe
    to run twice, also at once: the provider knows the keys, and the order's version lets one of
    them write. The loser answers with what the winner wrote, and undoes nothing of it.
    """
    if order.status is not OrderStatus.PENDING:
        return _outcome(order)
    screening = fraud.screen(order)
    paid = order
    for payment in order.payments:
        key = payment.payment_id
        try:
            answer = authorize(payment, _key(payment), gateway)
        except PaymentDeclined as declined:
            refused = placing.decline(paid, key, reason=declined.reason, at=clock())
            try:
                (refused,) = orders.commit(refused)
            except Conflict:
                return _outcome(orders.get(order.order_id))
            carry_out_voids(refused, orders=orders, gateway=gateway, clock=clock)
            raise
        paid = placing.authorized(
            paid, key, reference=answer.reference, at=clock(), terms=answer.terms
        )
    reasons = screening.reasons if screening.review else ()
    placed = placing.place(paid, at=clock(), hold_reasons=reasons)
    try:
        (stored,) = orders.commit(placed)
    except Conflict:
        return _after_lost_race(paid, orders, gateway, clock)
    return stored


def abandon(
    order: Order, *, orders: Orders, gateway: PaymentGateway, fraud: FraudScreen, clock: Clock
) -> Order:
    """Settle a checkout whose time is up: placed where all of its money was reserved, undone where
    it was not.

    A customer whose payment went through has bought, whether or not they saw the answer. What is
    undone is looked at again: a repeat of the checkout may be paying for it at this very moment.
    """
    found = _found(order, gateway)
    missing = [p.payment_id for p in order.payments if p.amount and p.payment_id not in found]
    if not missing:
        return finish(order, orders=orders, gateway=gateway, fraud=fraud, clock=clock)
    for key, answer in found.items():
        order = placing.authorized(
            order, key, reference=answer.reference, at=clock(), terms=answer.terms
        )
    undone = placing.decline(order, missing[0], reason="expired", at=clock())
    (stored,) = orders.commit(undone.changed(expires_at=clock() + _LATEST_PAYMENT))
    return carry_out_voids(stored, orders=orders, gateway=gateway, clock=clock)


def look_again(order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Give free what was reserved for a checkout while it was undone, by a repeat that died."""
    found = _found(order, gateway)
    order = _paid_in_vain(order.changed(expires_at=None), found, clock=clock)
    (order,) = orders.commit(order)
    return carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)


def _key(payment: Payment) -> str:
    return f"{payment.payment_id}-authorize"


def _found(order: Order, gateway: PaymentGateway) -> dict[str, Authorization]:
    """What providers have reserved, by payment: none that was refused, or never arrived."""
    found = {}
    for payment in order.payments:
        with suppress(PaymentDeclined):
            known = gateway.find(payment, _key(payment)) if payment.amount else None
            if known:
                found[payment.payment_id] = known
    return found


def _paid_in_vain(order: Order, found: Mapping[str, Authorization], *, clock: Clock) -> Order:
    """The undone checkout with the money that was reserved for it, to be given free."""
    for key, answer in found.items():
        payment = order.payment(key)
        if payment.authorized or payment.voided:
            continue
        order = placing.authorized(
            order, key, reference=answer.reference, at=clock(), terms=answer.terms
        )
        order = voiding.request_void(order, key, at=clock())
    return order


def _outcome(order: Order) -> Order:
    """A finished checkout as its caller sees it again: the order, or the refusal it ended with."""
    if order.status is OrderStatus.CANCELED and order.placed_at is None:
        raise PaymentDeclined(placing.why_declined(order))
    return order


def _after_lost_race(paid: Order, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Somebody else ended this checkout: theirs stands.

    Money reserved for an order that was undone is given free.
    """
    order = orders.get(paid.order_id)
    if order.status is OrderStatus.CANCELED and order.placed_at is None:
        found = {
            one.payment_id: Authorization(reference=one.reference, terms=one.terms)
            for one in paid.payments
            if one.amount
        }
        (late,) = orders.commit(_paid_in_vain(order, found, clock=clock))
        carry_out_voids(late, orders=orders, gateway=gateway, clock=clock)
        raise PaymentDeclined("the checkout had expired; nothing was charged")
    return order
