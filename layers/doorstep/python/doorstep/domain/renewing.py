"""An authorization has a life: it is asked for anew before it ends, or when it has ended."""

from __future__ import annotations

from datetime import datetime

from doorstep.domain import events
from doorstep.domain.money import Money, total
from doorstep.domain.order import Order
from doorstep.domain.payment import (
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
    Terms,
)


def wanted(order: Order, payment: Payment, amount: Money) -> Money:
    """How much to reserve anew for a parcel that needs this amount of a tender.

    Everything that the order may still need of it, if several parcels can draw on that; else what
    this parcel needs, to the cent.
    """
    if not (payment.terms.multi_capture and payment.terms.partial_capture):
        return amount
    return max(amount, still_needed(order, payment))


def still_needed(order: Order, payment: Payment) -> Money:
    """What an order may still need of a tender: less what was canceled since."""
    packed = (part.amount for parcel in order.parcels for part in parcel.lines)
    settled = total((line.settled for line in order.lines), order.currency)
    canceled = settled - total(packed, order.currency)
    asked = total((one.captured + one.claimed for one in order.payments), order.currency)
    return min(payment.owed, order.totals.total - canceled - asked)


def request(
    order: Order, payment_id: str, amount: Money, *, at: datetime
) -> tuple[Order, PaymentEvent]:
    """Write the intent to reserve this amount anew; one that is not answered is kept."""
    payment = order.payment(payment_id)
    open_ = unanswered(payment)
    if open_:
        return order, open_
    intent = PaymentEvent(
        key=f"{payment_id}-authorize-{len(payment.authorizations) + 1}",
        action=PaymentAction.AUTHORIZE,
        amount=amount,
        outcome=PaymentOutcome.REQUESTED,
        at=at,
    )
    order = order.with_payment(payment.with_event(intent)).raising(
        events.RenewalRequested(payment_id=payment_id, amount=amount)
    )
    return order, intent


def unanswered(payment: Payment) -> PaymentEvent | None:
    """The renewal that was asked for, and nothing was heard of since."""
    renewals = payment.authorizations[1:]
    return next((e for e in renewals if e.outcome is PaymentOutcome.REQUESTED), None)


def renewed(
    order: Order,
    payment_id: str,
    event: PaymentEvent,
    *,
    reference: str,
    terms: Terms,
    at: datetime,
) -> Order:
    """The provider reserved it anew: what the old authorization still held is given free."""
    order = _give_up(order, order.payment(payment_id), at)
    granted = {"outcome": PaymentOutcome.SUCCEEDED, "reference": reference, "at": at}
    payment = order.payment(payment_id).with_event(event.model_copy(update=granted))
    payment = payment.model_copy(update={"reference": reference, "terms": terms})
    return order.with_payment(payment).raising(
        events.PaymentAuthorized(payment_id=payment_id, amount=event.amount)
    )


def declined(
    order: Order, payment_id: str, event: PaymentEvent, *, reason: str, at: datetime
) -> Order:
    """The provider would not reserve it anew; what it reserved before stays as it is."""
    failed = event.model_copy(update={"outcome": PaymentOutcome.FAILED, "reason": reason, "at": at})
    payment = order.payment(payment_id).with_event(failed)
    return order.with_payment(payment).raising(
        events.PaymentDeclined(payment_id=payment_id, reason=reason)
    )


def ended(order: Order, payment_id: str, *, reason: str, at: datetime) -> Order:
    """The provider does not reserve the rest of an authorization any more."""
    payment = order.payment(payment_id)
    left = payment.capturable
    if not left:
        return order
    number = sum(event.action is PaymentAction.EXPIRE for event in payment.events) + 1
    event = PaymentEvent(
        key=f"{payment_id}-expire-{number}",
        action=PaymentAction.EXPIRE,
        amount=left,
        outcome=PaymentOutcome.SUCCEEDED,
        at=at,
        reason=reason,
        authorization=payment.reference,
    )
    return order.with_payment(payment.with_event(event)).raising(
        events.AuthorizationEnded(payment_id=payment_id, amount=left, reason=reason)
    )


def _give_up(order: Order, payment: Payment, at: datetime) -> Order:
    """The order without what an authorization still holds: ended by itself, or to be voided."""
    until = payment.terms.valid_until
    if until and until <= at:
        return ended(order, payment.payment_id, reason="its time was up", at=at)
    if not payment.capturable:
        return order
    number = sum(event.action is PaymentAction.VOID for event in payment.events) + 1
    intent = PaymentEvent(
        key=f"{payment.payment_id}-void-{number}",
        action=PaymentAction.VOID,
        amount=payment.capturable,
        outcome=PaymentOutcome.REQUESTED,
        at=at,
        authorization=payment.reference,
    )
    return order.with_payment(payment.with_event(intent)).raising(
        events.VoidRequested(payment_id=payment.payment_id, amount=intent.amount)
    )
