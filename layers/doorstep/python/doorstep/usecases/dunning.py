"""Money that was refused at the packing table: another way to pay, another try, or the end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from doorstep.domain import dunning, shipping
from doorstep.domain.errors import (
    Conflict,
    IllegalTransition,
    InvalidCommand,
    PaymentDeclined,
)
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import Order, order_of
from doorstep.domain.payment import Method, Payment, PaymentOutcome
from doorstep.ports import Clock, Orders, PaymentGateway
from doorstep.usecases.authorize import authorize
from doorstep.usecases.cancel import cancel_rest, carry_out_voids, request_voids
from doorstep.usecases.refund import carry_out_refunds

_TRIES = 4


def pay_again(
    key: str,
    token: str,
    request_key: str,
    *,
    method: Method = Method.CARD,
    methods: Mapping[Method, str],
    orders: Orders,
    gateway: PaymentGateway,
    clock: Clock,
) -> Payment:
    """Pay a fulfillment order that is on hold in another way, and let it go on; `methods` names the
    provider of each.

    Raises PaymentDeclined, and another way may be given; IllegalTransition where it does not wait
    for its payment; PaymentOutcomeUnknown and ProviderUnavailable: repeat with the same key.
    """
    if method not in methods:
        raise InvalidCommand({"method": f"taken are {', '.join(sorted(methods))}"})
    for _ in range(_TRIES):
        order, payment = dunning.give(
            orders.get(order_of(key)),
            key,
            provider=methods[method],
            method=method,
            token=token,
            request_key=request_key,
            at=clock(),
        )
        with suppress(Conflict):
            (order,) = orders.commit(order)
            order = carry_out_given(
                order, payment.payment_id, orders=orders, gateway=gateway, clock=clock
            )
            return order.payment(payment.payment_id)
    raise Conflict([order_of(key)])


def carry_out_given(
    order: Order, payment_id: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Ask the provider to reserve what the customer gave, and write down what it answered; one that
    is answered already is answered the same.
    """
    payment = order.payment(payment_id)
    intent = payment.events[0]
    if intent.outcome is PaymentOutcome.FAILED:
        raise PaymentDeclined(intent.reason)
    if intent.outcome is PaymentOutcome.SUCCEEDED:
        return order
    try:
        answer = authorize(payment, intent.key, gateway)
    except PaymentDeclined as declined:
        orders.commit(dunning.refused(order, payment_id, reason=declined.reason, at=clock()))
        raise
    order = dunning.granted(
        order, payment_id, reference=answer.reference, terms=answer.terms, at=clock()
    )
    (order,) = orders.commit(order)
    return carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)


def unanswered(order: Order) -> list[Payment]:
    """Other ways to pay that were given, and nothing was heard of since."""
    return [
        payment
        for payment in order.payments
        if payment.replaces and payment.events[0].outcome is PaymentOutcome.REQUESTED
    ]


def dun(order: Order, *, orders: Orders, gateway: PaymentGateway, clock: Clock) -> Order:
    """Do what the schedule says for each fulfillment order that waits for its payment: ask for the
    money again, or give it up.
    """
    for one in order.fulfillment_orders:
        waits = one.status is FulfillmentStatus.ON_HOLD and one.dun_at and one.pay_by
        if not waits or (one.dun_at or clock()) > clock():
            continue
        key = one.fulfillment_order_id
        if one.pay_by and one.pay_by <= clock():
            order = _give_up(order, key, orders=orders, gateway=gateway, clock=clock)
        else:
            (order,) = orders.commit(shipping.resume(order, key))
    return order


def _give_up(
    order: Order, key: str, *, orders: Orders, gateway: PaymentGateway, clock: Clock
) -> Order:
    """Give back what was paid in part, take the parcels apart, cancel and restock what is open, and
    give free the rest of the money. What was made to order is scrapped: nobody else wants it.
    """
    (order,) = orders.commit(dunning.undo(order, key, at=clock()))
    order = carry_out_refunds(order, orders=orders, gateway=gateway, clock=clock)
    try:
        order = dunning.give_up(order, key, at=clock())
    except IllegalTransition:  # a part of it stays paid: the refund's work item says why
        (order,) = orders.commit(dunning.leave(order, key))
        return order
    order = cancel_rest(order, "payment_declined", orders=orders, clock=clock, force=True)
    (order,) = orders.commit(request_voids(order, clock=clock))
    return carry_out_voids(order, orders=orders, gateway=gateway, clock=clock)
