"""Payments: one per tender, its amounts always recomputed from its events."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from doorstep.domain.money import Money, total
from doorstep.domain.record import Moment, Record

STOREFRONT = "storefront"
"""The provider of a payment that the storefront took itself: we follow it, we never move it."""


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


class PaymentAction(StrEnum):
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    REFUND = "refund"
    VOID = "void"


class PaymentOutcome(StrEnum):
    REQUESTED = "requested"
    """The intent: written before the provider is called, so that a crash leaves a trace."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PaymentEvent(Record):
    """One attempt to move money.

    `key` is derived from what it is for, and is the provider's idempotency key.
    """

    key: str
    action: PaymentAction
    amount: Money
    outcome: PaymentOutcome
    at: Moment
    reference: str = ""
    """The provider's name for it, once it is known."""
    reason: str = ""


class Payment(Record):
    """What one tender of an order has authorized, claimed, captured, refunded and voided."""

    payment_id: str
    provider: str
    method: Method = Method.CARD
    token: str = ""
    """The payment method as the provider names it; never a card number."""
    amount: Money
    reference: str = ""
    """The provider's name for the authorization."""
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
        return self.sum(PaymentAction.AUTHORIZE, PaymentOutcome.SUCCEEDED) - self.voided

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
    def voiding(self) -> Money:
        """Asked to be given free, without an answer yet."""
        return self.sum(PaymentAction.VOID, PaymentOutcome.REQUESTED)

    @property
    def capturable(self) -> Money:
        return self.authorized - self.voiding - self.claimed - self.captured

    @property
    def refundable(self) -> Money:
        return self.captured - self.refunded

    def with_event(self, event: PaymentEvent) -> Payment:
        """This payment with an event added, or replaced where its key is there already."""
        others = tuple(known for known in self.events if known.key != event.key)
        return self.model_copy(update={"events": (*others, event)})
