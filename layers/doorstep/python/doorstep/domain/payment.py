"""Payments: one per tender, its amounts always recomputed from its events."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from doorstep.domain.money import Money, total
from doorstep.domain.record import Moment, Record

STOREFRONT = "storefront"
"""The provider of a payment that the storefront took itself: we follow it, we never move it."""


RENEWAL = timedelta(days=1)
"""How long before an authorization ends it is asked for anew, if its order still waits."""


class Method(StrEnum):
    """What kind of money a tender is."""

    CARD = "card"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    ON_ACCOUNT = "on_account"


STORED_VALUE = frozenset({Method.GIFT_CARD, Method.STORE_CREDIT})
"""Money that the customer gave us before: it is spent first, and does not change its mind."""

MAX_TENDERS = 5
"""Of one order when it is placed: they are voided with all its lines in one transaction."""


class Capabilities(Record):
    """What a payment provider can do."""

    methods: frozenset[Method] = frozenset({Method.CARD})
    multi_capture: bool = True
    """Several parcels draw on one authorization. Otherwise the first capture ends it, and each
    later parcel is authorized by itself."""
    partial_capture: bool = True
    """Less than is authorized may be captured. Otherwise each parcel is authorized to the cent."""
    over_capture: bool = False
    """More than is authorized may be captured. Told, never used: invariant 4."""
    authorization_life: timedelta | None = None
    """How long money stays reserved; None where nobody says."""

    def terms(self, at: datetime) -> Terms:
        """Of an authorization that is granted at this moment."""
        life = self.authorization_life
        return Terms(
            valid_until=at + life if life else None,
            multi_capture=self.multi_capture,
            partial_capture=self.partial_capture,
        )


class Terms(Record):
    """What may be done with one authorization, and until when."""

    valid_until: Moment | None = None
    multi_capture: bool = True
    partial_capture: bool = True


class PaymentAction(StrEnum):
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"
    CHARGEBACK = "chargeback"
    """The customer's bank took captured money back."""
    EXPIRE = "expire"
    """The provider does not reserve it any more: its time was up, or one capture ended it."""


class PaymentOutcome(StrEnum):
    REQUESTED = "requested"
    """The intent: written before the provider is called, so that a crash leaves a trace."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_TAKEN = (PaymentAction.CAPTURE, PaymentOutcome.SUCCEEDED)


class PaymentEvent(Record):
    """One attempt to move money.

    `key` is derived from what it is for, and is the provider's idempotency key.
    """

    key: str
    action: PaymentAction
    amount: Money
    outcome: PaymentOutcome
    at: Moment
    """When it was asked for, and once it is answered, when that was."""
    asked_at: Moment | None = None
    """When it was asked for; None as long as it is not answered."""
    reference: str = ""
    """The provider's name for it, once it is known."""
    reason: str = ""
    authorization: str = ""
    """The authorization that it draws on, or gives free, as the provider names it; empty: the
    first."""
    undoes: str = ""
    """The key of the capture that a refund takes back: its parcel will not leave."""

    @property
    def since(self) -> datetime:
        """The earliest moment at which the provider can have done it."""
        return self.asked_at or self.at


class Payment(Record):
    """What one tender of an order has authorized, claimed, captured, refunded and voided."""

    payment_id: str
    provider: str
    method: Method = Method.CARD
    token: str = ""
    """The payment method as the provider names it; never a card number."""
    amount: Money
    reference: str = ""
    """The provider's name for the authorization that counts now."""
    replaces: tuple[str, ...] = ()
    """The payments, declined at the packing table, that the customer gave this one for."""
    request_key: str = ""
    """The idempotency key that it was given under."""
    reconciled_until: Moment | None = None
    """Up to when its movements were compared with the provider's report."""
    terms: Terms = Terms()
    events: tuple[PaymentEvent, ...] = Field(default=())

    @property
    def tender(self) -> str:
        """Its name within its order, such as `T1`."""
        return self.payment_id.rsplit("-", 1)[-1]

    def event(self, key: str) -> PaymentEvent | None:
        return next((event for event in self.events if event.key == key), None)

    def sum(self, action: PaymentAction, *outcomes: PaymentOutcome) -> Money:
        """What all events of one action with one of these outcomes add up to."""
        matching = (e for e in self.events if e.action is action and e.outcome in outcomes)
        return total((event.amount for event in matching), self.amount.currency)

    @property
    def authorized(self) -> Money:
        granted = self.sum(PaymentAction.AUTHORIZE, PaymentOutcome.SUCCEEDED)
        return granted - self.voided - self.expired

    @property
    def pending(self) -> Money:
        """Asked to be reserved, without an answer yet."""
        return self.sum(PaymentAction.AUTHORIZE, PaymentOutcome.REQUESTED)

    @property
    def claimed(self) -> Money:
        """Asked to be captured for a parcel, without an answer yet."""
        return self.sum(PaymentAction.CAPTURE, PaymentOutcome.REQUESTED)

    @property
    def captured(self) -> Money:
        return self.sum(PaymentAction.CAPTURE, PaymentOutcome.SUCCEEDED)

    @property
    def refunded(self) -> Money:
        """Given back, or asked to be given back: what is asked for is spoken for."""
        return self.sum(PaymentAction.REFUND, PaymentOutcome.REQUESTED, PaymentOutcome.SUCCEEDED)

    @property
    def voided(self) -> Money:
        return self.sum(PaymentAction.VOID, PaymentOutcome.SUCCEEDED)

    @property
    def expired(self) -> Money:
        return self.sum(PaymentAction.EXPIRE, PaymentOutcome.SUCCEEDED)

    @property
    def voiding(self) -> Money:
        """Asked to be given free, without an answer yet."""
        return self.sum(PaymentAction.VOID, PaymentOutcome.REQUESTED)

    @property
    def capturable(self) -> Money:
        return self.authorized - self.voiding - self.claimed - self.captured

    @property
    def refundable(self) -> Money:
        """Less than nothing where a bank took back what was refunded already."""
        return self.captured - self.refunded - self.charged_back

    @property
    def charged_back(self) -> Money:
        return self.sum(PaymentAction.CHARGEBACK, PaymentOutcome.SUCCEEDED)

    @property
    def movements(self) -> tuple[PaymentEvent, ...]:
        """What its provider's report must name: money that was taken or given back."""
        moved = (PaymentAction.CAPTURE, PaymentAction.REFUND)
        return tuple(
            event
            for event in self.events
            if event.action in moved and event.outcome is PaymentOutcome.SUCCEEDED
        )

    @property
    def unreconciled_since(self) -> datetime | None:
        """When money moved that nobody has compared with the provider's report yet."""
        if self.provider == STOREFRONT:
            return None
        until = self.reconciled_until
        moved = (event.since for event in self.movements if until is None or event.at >= until)
        return min(moved, default=None)

    @property
    def owed(self) -> Money:
        """What it has still to give of its amount, whether it is reserved at this moment or not."""
        undone = (event.amount for event in self.undoing)
        return self.amount - self.captured - self.claimed + total(undone, self.amount.currency)

    @property
    def undoing(self) -> tuple[PaymentEvent, ...]:
        """Refunds that take a capture back, so that its parcel can be taken apart."""
        return tuple(e for e in self.events if e.undoes and e.outcome is not PaymentOutcome.FAILED)

    @property
    def authorizations(self) -> tuple[PaymentEvent, ...]:
        """Every authorization that was asked for, in order."""
        return tuple(event for event in self.events if event.action is PaymentAction.AUTHORIZE)

    def holds(self, amount: Money, at: datetime) -> bool:
        """Whether this can be captured of what is reserved now."""
        until = self.terms.valid_until
        fits = (
            amount <= self.capturable if self.terms.partial_capture else amount == self.capturable
        )
        return fits and (until is None or at < until)

    @property
    def renew_at(self) -> datetime | None:
        """When what is reserved is to be reserved anew, so that it does not run out.

        None for what lives too short for that, or was refused: it is tried before it is captured.
        """
        until, last = self.terms.valid_until, self.authorizations[-1:]
        if until is None or not last or not self.capturable:
            return None
        renewable = last[0].outcome is PaymentOutcome.SUCCEEDED and until - last[0].at > 2 * RENEWAL
        return until - RENEWAL if renewable else None

    @property
    def unanswered_since(self) -> datetime | None:
        """Since when a provider owes an answer that nobody may be waiting for."""
        first = f"{self.payment_id}-authorize"
        return min(
            (
                event.at
                for event in self.events
                if event.outcome is PaymentOutcome.REQUESTED
                and event.action is not PaymentAction.CAPTURE
                and (event.key != first or self.replaces)
            ),
            default=None,
        )

    @property
    def look_at(self) -> tuple[datetime, str] | None:
        """When somebody has to look at it next, and for what: `money` that nobody answered for
        since, an `authorization` to be made anew, or to `reconcile` what has moved.
        """
        if self.unanswered_since:
            return self.unanswered_since, "money"
        due = ((self.renew_at, "authorization"), (self.unreconciled_since, "reconcile"))
        return min(((at, queue) for at, queue in due if at), default=None)

    def under(self, event: PaymentEvent) -> Payment:
        """This payment with the authorization that an event is about."""
        return self.model_copy(update={"reference": self._drawn(event) or self.reference})

    def refund_parts(self, amount: Money) -> list[tuple[str, Money]]:
        """An amount that it has captured, by the authorizations that it was captured on, the newest
        first.
        """
        found = []
        taken = [self._drawn(e) for e in self.events if (e.action, e.outcome) == _TAKEN]
        for authorization in reversed(list(dict.fromkeys(taken))):
            part = min(amount, self._refundable_on(authorization))
            if part:
                found.append((authorization, part))
                amount -= part
        return found

    def _drawn(self, event: PaymentEvent) -> str:
        """The authorization that an event is about, as the provider names it."""
        first = (granted.reference for granted in self.authorizations if granted.reference)
        return event.authorization or next(first, "")

    def _refundable_on(self, authorization: str) -> Money:
        on = self.model_copy(
            update={"events": tuple(e for e in self.events if self._drawn(e) == authorization)}
        )
        return on.refundable

    def with_event(self, event: PaymentEvent) -> Payment:
        """This payment with an event added, or replaced by its answer where its key is there."""
        known = self.event(event.key)
        if known and known.outcome is PaymentOutcome.REQUESTED:
            event = event.model_copy(update={"asked_at": known.since})
        others = tuple(known for known in self.events if known.key != event.key)
        return self.model_copy(update={"events": (*others, event)})
