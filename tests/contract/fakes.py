"""The world in memory, for tests of the use cases. Each fake passes its port's contract suite."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from doorstep.adapters.payments.sandbox import Token, _capabilities
from doorstep.domain.errors import (
    CaptureDeclined,
    IdempotencyKeyReused,
    NotFound,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
)
from doorstep.domain.fulfillment import FulfillmentOrder
from doorstep.domain.money import Money
from doorstep.domain.payment import Payment, PaymentAction, PaymentEvent, Terms
from doorstep.domain.reconciling import Booking, Reconciliation
from doorstep.ports import Authorization, Mail


@dataclass
class Charge:
    """What the fake provider knows of one authorization."""

    key: str
    amount: Money
    declined: str = ""
    lost: bool = False
    terms: Terms = field(default_factory=Terms)
    released: bool = False
    captured: Money = field(init=False)
    refunded: Money = field(init=False)
    voided: Money = field(init=False)
    done: dict[str, tuple[PaymentAction, Money]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.captured = self.refunded = self.voided = Money.zero(self.amount.currency)

    def answer(self) -> Authorization:
        if self.declined:
            raise PaymentDeclined(self.declined)
        return Authorization(reference=f"fake_{self.key}", terms=self.terms)


class FakeGateway:
    """A payment provider in memory, with the sandbox's tokens; `charges` is what it knows."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.charges: dict[str, Charge] = {}
        self.report = FakeReport()
        self._clock = clock

    def authorize(self, payment: Payment, key: str) -> Authorization:
        if payment.token == Token.DOWN:
            raise ProviderUnavailable("the provider is down")
        known = self.charges.get(key)
        if known is None:
            terms = _capabilities(payment).terms(self._clock())
            charge = self.charges[key] = Charge(key, payment.amount, terms=terms)
            if payment.token == Token.DECLINE:
                charge.declined = "insufficient_funds"
            elif payment.token not in set(Token):
                charge.declined = "unknown_token"
            charge.lost = payment.token == Token.TIMEOUT_BEFORE
            if payment.token in (Token.TIMEOUT_BEFORE, Token.TIMEOUT_AFTER):
                raise PaymentOutcomeUnknown("the provider did not answer")
            return charge.answer()
        if known.amount != payment.amount:
            raise IdempotencyKeyReused(key)
        known.lost = False
        return known.answer()

    def find(self, payment: Payment, key: str) -> Authorization | None:  # noqa: ARG002
        charge = self.charges.get(key)
        return charge.answer() if charge and not charge.lost else None

    def capture(self, payment: Payment, event: PaymentEvent) -> str:
        if payment.token == Token.CAPTURE_DECLINE:
            raise CaptureDeclined("do_not_honor")
        charge = self._charge(payment, event, CaptureDeclined)
        if not self._done(charge, event):
            until, left = charge.terms.valid_until, charge.amount - charge.captured
            if until and until <= self._clock():
                raise CaptureDeclined("expired")
            if charge.released or not (charge.terms.partial_capture or event.amount == left):
                raise CaptureDeclined("not_capturable")
            if charge.captured + charge.voided + event.amount > charge.amount:
                raise CaptureDeclined("voided" if charge.voided else "more_than_authorized")
            charge.done[event.key] = (event.action, event.amount)
            charge.captured += event.amount
            self._book(payment, event)
            charge.released = not charge.terms.multi_capture
            if payment.token == Token.CAPTURE_TIMEOUT_AFTER:
                raise PaymentOutcomeUnknown("the provider did not answer")
        return f"fake_{event.key}"

    def refund(self, payment: Payment, event: PaymentEvent) -> str:
        if payment.token == Token.REFUND_DECLINE:
            raise PaymentDeclined("refund_refused")
        charge = self._charge(payment, event, PaymentDeclined)
        if not self._done(charge, event):
            kept = charge.captured
            if payment.token == Token.CHARGE_BACK:
                kept -= charge.captured
            if charge.refunded + event.amount > kept:
                raise PaymentDeclined("more_than_captured")
            charge.done[event.key] = (event.action, event.amount)
            charge.refunded += event.amount
            self._book(payment, event)
        return f"fake_{event.key}"

    def void(self, payment: Payment, event: PaymentEvent) -> None:
        charge = self._charge(payment, event, PaymentDeclined)
        if not self._done(charge, event):
            charge.done[event.key] = (event.action, event.amount)
            charge.voided = charge.amount - charge.captured

    def _book(self, payment: Payment, event: PaymentEvent) -> None:
        booking = Booking(
            key=event.key,
            payment_id=payment.payment_id,
            action=event.action,
            amount=event.amount,
            reference=f"fake_{event.key}",
            authorization=payment.reference,
            at=self._clock(),
        )
        self.report.booked.append(booking)
        if payment.token == Token.CHARGE_BACK and event.action is PaymentAction.CAPTURE:
            update = {"key": f"{event.key}-chargeback", "action": PaymentAction.CHARGEBACK}
            self.report.booked.append(booking.model_copy(update=update))

    def _charge(
        self,
        payment: Payment,
        event: PaymentEvent,
        refusal: type[CaptureDeclined | PaymentDeclined],
    ) -> Charge:
        charge = self.charges.get(payment.reference.removeprefix("fake_"))
        if charge is None or charge.declined or charge.lost:
            raise refusal("unknown_authorization")
        if event.amount.currency != charge.amount.currency:
            raise refusal("wrong_currency")
        if event.amount.minor < 0:
            raise refusal("negative_amount")
        return charge

    @staticmethod
    def _done(charge: Charge, event: PaymentEvent) -> bool:
        known = charge.done.get(event.key)
        if known not in (None, (event.action, event.amount)):
            raise IdempotencyKeyReused(event.key)
        return known is not None


class FakeReport:
    """What a fake provider has moved; `bookings` may be tampered with."""

    def __init__(self) -> None:
        self.booked: list[Booking] = []

    def bookings(self, since: datetime, until: datetime) -> list[Booking]:
        return [one for one in self.booked if since <= one.at < until]


class FakeReconciliations:
    """Days in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, date], Reconciliation] = {}

    def days(self, provider: str, limit: int) -> list[Reconciliation]:
        found = [day for (name, _), day in sorted(self.kept.items()) if name == provider]
        return found[::-1][:limit]

    def save(self, day: Reconciliation) -> None:
        self.kept[day.provider, day.day] = day


class FakeDocuments:
    """Files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}

    def put(self, key: str, content: bytes, content_type: str) -> None:
        self.files[key] = (content, content_type)

    def get(self, key: str) -> bytes:
        if key not in self.files:
            raise NotFound("document", key)
        return self.files[key][0]

    def link(self, key: str) -> str:
        return f"https://documents.example/{key}"

    def upload_link(self, key: str) -> str:
        return f"https://documents.example/{key}?upload"


class FakeNotifier:
    """Keeps the mails; a repeat of a key replaces the first."""

    def __init__(self) -> None:
        self.mails: dict[str, Mail] = {}

    def send(self, mail: Mail) -> None:
        self.mails[mail.key] = mail


class FakeWorkflow:
    """Executions in memory: what was started by name, what waits, and what woke it."""

    def __init__(self) -> None:
        self.started: dict[str, FulfillmentOrder] = {}
        self.waiting: dict[str, str] = {}
        self.woken: dict[str, str] = {}

    def start(self, one: FulfillmentOrder) -> None:
        self.started.setdefault(one.execution_name, one)

    def park(self, fulfillment_order_id: str, token: str) -> None:
        self.waiting[fulfillment_order_id] = token

    def succeed(self, fulfillment_order_id: str) -> None:
        self._wake(fulfillment_order_id, "")

    def fail(self, fulfillment_order_id: str, error: str) -> None:
        self._wake(fulfillment_order_id, error)

    def _wake(self, fulfillment_order_id: str, outcome: str) -> None:
        if fulfillment_order_id not in self.waiting:
            raise ProviderUnavailable(f"no task waits for {fulfillment_order_id} yet")
        self.woken.setdefault(self.waiting[fulfillment_order_id], outcome)
