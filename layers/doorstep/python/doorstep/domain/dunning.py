"""A declined capture: the parcels stay in the house, the customer is asked for another way to pay,
the money is asked for again by a schedule, and in the end it is given up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from doorstep.domain import capturing, events, placing, refunding, shipping, voiding
from doorstep.domain.errors import IdempotencyKeyReused, IllegalTransition
from doorstep.domain.fulfillment import FulfillmentOrder, FulfillmentStatus
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order
from doorstep.domain.payment import (
    STORED_VALUE,
    Method,
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
    Terms,
)
from doorstep.domain.record import Record
from doorstep.domain.renewing import still_needed
from doorstep.domain.work import WorkItemStatus
from doorstep.domain.work_items import close_work_item, open_work_item

WORK_ITEM = "capture_declined"


class Schedule(Record):
    """When money that was refused is asked for again, counted from the first refusal."""

    retry_after: tuple[timedelta, ...]
    give_up_after: timedelta


SCHEDULE = Schedule(
    retry_after=(timedelta(hours=1), timedelta(days=1), timedelta(days=3)),
    give_up_after=timedelta(days=7),
)


def hold(
    order: Order, key: str, *, reason: str, at: datetime, schedule: Schedule = SCHEDULE
) -> Order:
    """Keep a packed fulfillment order in the house until its payment is settled.

    The customer is asked once for another way to pay; where the storefront takes the money, it is
    the one to ask.
    """
    order = shipping.put_on_hold(order, key, reason=reason)
    text = f"Not captured: {reason}"
    order = open_work_item(order, WORK_ITEM, subject=key, text=text, at=at)
    if capturing.paid_at_storefront(order):
        return order
    one = order.fulfillment_order(key)
    since = one.declined_at or at
    pay_by = since + schedule.give_up_after
    steps = (since + step for step in schedule.retry_after if since + step > at)
    update = {"declined_at": since, "pay_by": pay_by, "dun_at": min(steps, default=pay_by)}
    order = order.with_fulfillment_order(one.model_copy(update=update))
    if one.declined_at:
        return order
    return order.raising(
        events.PaymentWanted(fulfillment_order_id=key, amount=due(order, key), pay_by=pay_by)
    )


def settled(order: Order, key: str, *, at: datetime) -> Order:
    """Its parcels are paid: nobody has to look after that any more."""
    one = order.fulfillment_order(key)
    for item in order.work_items:
        if (item.cause, item.subject, item.status) == (WORK_ITEM, key, WorkItemStatus.OPEN):
            order = close_work_item(order, item.work_item_id, by="system", at=at)
    if one.declined_at is None:
        return order
    update = {"declined_at": None, "pay_by": None, "dun_at": None}
    return order.with_fulfillment_order(one.model_copy(update=update))


def due(order: Order, key: str) -> Money:
    """What the parcels of a fulfillment order still have to be paid."""
    parcels = order.parcels_of(key)
    paid = (e.amount for x in parcels for one in order.payments for e in capturing.standing(one, x))
    return total((parcel.amount for parcel in parcels), order.currency) - total(
        paid, order.currency
    )


def awaiting(order: Order, key: str, *, at: datetime) -> FulfillmentOrder:
    """The fulfillment order, if its customer may still pay in another way; else raises
    IllegalTransition.
    """
    one = order.fulfillment_order(key)
    if one.status is not FulfillmentStatus.ON_HOLD or one.pay_by is None or one.pay_by <= at:
        raise IllegalTransition(f"fulfillment order {key}", "not waiting for its payment", "paid")
    return one


def give(
    order: Order,
    key: str,
    *,
    provider: str,
    method: Method,
    token: str,
    request_key: str,
    at: datetime,
) -> tuple[Order, Payment]:
    """Another way to pay, in the place of the tenders that were declined; with the intent to
    authorize what they still owe.

    The same key again answers the same payment, and raises IdempotencyKeyReused with another token.
    """
    for known in order.payments:
        if known.request_key == request_key:
            if (known.token, known.method) != (token, method):
                raise IdempotencyKeyReused(request_key)
            return order, known
    awaiting(order, key, at=at)
    declined = _declined(order, key)
    owed = total((still_needed(order, payment) for payment in declined), order.currency)
    payment = Payment(
        payment_id=f"{order.order_id}-T{len(order.payments) + 1}",
        provider=provider,
        method=method,
        token=token,
        amount=max(due(order, key), owed),
        replaces=tuple(payment.payment_id for payment in declined),
        request_key=request_key,
    )
    payment = payment.with_event(
        PaymentEvent(
            key=f"{payment.payment_id}-authorize",
            action=PaymentAction.AUTHORIZE,
            amount=payment.amount,
            outcome=PaymentOutcome.REQUESTED,
            at=at,
        )
    )
    given = {"payment_id": payment.payment_id, "replaces": payment.replaces}
    return order.with_payment(payment).raising(
        events.PaymentGiven(amount=payment.amount, **given)
    ), payment


def granted(order: Order, payment_id: str, *, reference: str, terms: Terms, at: datetime) -> Order:
    """The provider reserved it: the declined tenders owe nothing any more, what they hold is to be
    given free, and what waited for the money goes on.
    """
    order = placing.authorized(order, payment_id, reference=reference, terms=terms, at=at)
    for key in order.payment(payment_id).replaces:
        old = order.payment(key)
        order = order.with_payment(old.model_copy(update={"amount": old.amount - old.owed}))
        order = voiding.request_void(order, key, at=at)
    for one in order.fulfillment_orders:
        if one.status is FulfillmentStatus.ON_HOLD and one.declined_at:
            order = shipping.resume(order, one.fulfillment_order_id)
    return order


def refused(order: Order, payment_id: str, *, reason: str, at: datetime) -> Order:
    """The provider refused this one too: it owes nothing, and another may be given."""
    payment = order.payment(payment_id)
    intent = payment.events[0]
    failed = intent.model_copy(
        update={"outcome": PaymentOutcome.FAILED, "reason": reason, "at": at}
    )
    update = {"amount": Money.zero(order.currency)}
    return order.with_payment(payment.with_event(failed).model_copy(update=update)).raising(
        events.PaymentDeclined(payment_id=payment_id, reason=reason)
    )


def undo(order: Order, key: str, *, at: datetime) -> Order:
    """Write the intents to give back what was captured of parcels that will not leave."""
    for parcel in order.parcels_of(key):
        order = refunding.undo(order, parcel, at=at)
    return order


def give_up(order: Order, key: str, *, at: datetime) -> Order:
    """Nobody paid: the parcels are taken apart, so that the order's remainder can be canceled.

    Raises IllegalTransition where a part of them is paid, or may be.
    """
    order = settled(shipping.unpack(order, key), key, at=at)
    return order.raising(events.PaymentGivenUp(fulfillment_order_id=key))


def leave(order: Order, key: str) -> Order:
    """Ask no more by the clock: a person has to see to it."""
    one = order.fulfillment_order(key)
    return order.with_fulfillment_order(one.model_copy(update={"dun_at": None}))


def _declined(order: Order, key: str) -> list[Payment]:
    """The tenders that refused a parcel of it; or else those that owe, but for stored value."""
    owing = [payment for payment in order.payments if payment.owed.minor > 0]
    parcels = order.parcels_of(key)
    refusing = [
        payment
        for payment in owing
        if any(
            event.outcome is PaymentOutcome.FAILED
            for parcel in parcels
            for event in capturing.claims(payment, parcel)
        )
    ]
    return refusing or [one for one in owing if one.method not in STORED_VALUE] or owing
