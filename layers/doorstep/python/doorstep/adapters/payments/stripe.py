"""Stripe: PaymentIntents that are captured by hand, through Stripe's own client.

A token is a PaymentMethod (`pm_…`), which is charged here, or a PaymentIntent (`pi_…`) that the
storefront has confirmed with the customer, which strong authentication asks for. Every intent
carries the name and the key of the payment that it is for, so that what became of a request whose
answer never came can be asked, and nobody's intent pays twice.

The client is 16 MB and takes a quarter of a second to load: only functions that move money do.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from doorstep.adapters import secrets
from doorstep.domain.errors import (
    CaptureDeclined,
    DoorstepError,
    IdempotencyKeyReused,
    InvalidCommand,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
)
from doorstep.domain.money import Money
from doorstep.domain.payment import Capabilities, Payment, PaymentAction, PaymentEvent, Terms
from doorstep.domain.reconciling import Booking
from doorstep.ports import Authorization, PaymentGateway, PaymentReport

if TYPE_CHECKING:
    import stripe

    from doorstep.runtime.settings import Settings

PROVIDER = "stripe"
API = "https://api.stripe.com"

CAPABILITIES = Capabilities(multi_capture=False, authorization_life=timedelta(days=7))
"""Of most cards. Several captures are used where Stripe says that a card allows them."""

PAYMENT, KEY = "doorstep_payment", "doorstep_key"
"""The metadata by which an intent, or a refund, is found again."""

_SECONDS = 8
_LATE = timedelta(hours=1)
"""An intent that was asked for was made by then, or never will be."""

_HUNDREDFOLD = frozenset({"ISK", "UGX"})
"""Currencies without decimals that Stripe counts with two: docs.stripe.com/currencies."""

_ENDED = "payment_intent_unexpected_state"
_REASONS = {
    "charge_expired_for_capture": "expired",
    "capture_charge_authorization_expired": "expired",
}

_TOLD = {
    "charge.captured": PaymentAction.CAPTURE,
    "refund.created": PaymentAction.REFUND,
    "charge.dispute.funds_withdrawn": PaymentAction.CHARGEBACK,
}
"""The events that money moves with."""

Refused = Callable[[str], DoorstepError]


class Stripe:
    """The PaymentGateway and PaymentReport ports on Stripe's API."""

    def __init__(self, key: Callable[[], str], api: str = API) -> None:
        self._key = key
        self._api = api

    def authorize(self, payment: Payment, key: str) -> Authorization:
        with _meaning(PaymentDeclined, key):
            if payment.token.startswith("pi_"):
                intent = self._adopted(payment, key)
            else:
                intent = self._create(payment, key, payment.token)
        return _answer(intent)

    def find(self, payment: Payment, key: str) -> Authorization | None:
        with _meaning(PaymentDeclined, key):
            intent = self._known(payment, key)
        return _answer(intent) if intent else None

    def capture(self, payment: Payment, event: PaymentEvent) -> str:
        with _meaning(CaptureDeclined, event.key):
            _check_asked(payment, event)
            asked: stripe.params.PaymentIntentCaptureParams = {
                "amount_to_capture": _amount(event.amount)
            }
            if payment.terms.multi_capture:
                asked["final_capture"] = False
            intent = self._client.v1.payment_intents.capture(
                payment.reference, asked, {"idempotency_key": event.key}
            )
        return f"{intent.id}/{event.key}"

    def refund(self, payment: Payment, event: PaymentEvent) -> str:
        with _meaning(PaymentDeclined, event.key):
            _check_asked(payment, event)
            refund = self._refunded(payment, event) or self._client.v1.refunds.create(
                {
                    "payment_intent": payment.reference,
                    "amount": _amount(event.amount),
                    "metadata": {PAYMENT: payment.payment_id, KEY: event.key},
                },
                {"idempotency_key": event.key},
            )
        if refund.amount != _amount(event.amount):
            raise IdempotencyKeyReused(event.key)
        if refund.status in ("failed", "canceled"):
            raise PaymentDeclined(refund.failure_reason or refund.status)
        return refund.id

    def void(self, payment: Payment, event: PaymentEvent) -> None:
        """Give free what is left; an intent that was captured or has expired has nothing left."""
        library = importlib.import_module("stripe")
        with _meaning(PaymentDeclined, event.key):
            try:
                self._client.v1.payment_intents.cancel(
                    payment.reference or "none", options={"idempotency_key": event.key}
                )
            except library.InvalidRequestError as error:
                if error.code != _ENDED:
                    raise

    def bookings(self, since: datetime, until: datetime) -> Iterator[Booking]:
        """What Stripe's events of this time say; they are kept for thirty days."""
        with _meaning(PaymentDeclined, ""):
            pages = self._client.v1.events.list(
                {
                    "types": list(_TOLD),
                    "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
                    "limit": 100,
                }
            )
            for event in pages.auto_paging_iter():
                told = event.to_dict()
                if found := booking(told, self._marks_of(told["data"]["object"])):
                    yield found

    def _marks_of(self, one: Mapping[str, Any]) -> Mapping[str, str]:
        """What we wrote on it, or on the intent that it belongs to."""
        marks: Mapping[str, str] = one.get("metadata") or {}
        if PAYMENT in marks or not one.get("payment_intent"):
            return marks
        return _marks(self._client.v1.payment_intents.retrieve(one["payment_intent"]))

    @cached_property
    def _client(self) -> stripe.StripeClient:
        library = importlib.import_module("stripe")
        client: stripe.StripeClient = library.StripeClient(
            self._key(),
            base_addresses={"api": self._api},
            http_client=library.RequestsClient(timeout=_SECONDS),
            max_network_retries=0,  # whoever asks knows whether, and when, to ask again
        )
        return client

    def _create(
        self, payment: Payment, key: str, method: str, *, again: stripe.PaymentIntent | None = None
    ) -> stripe.PaymentIntent:
        """A new intent, confirmed at once; `again` for a customer who is not there any more."""
        asked: stripe.params.PaymentIntentCreateParams = {
            "amount": _amount(payment.amount),
            "currency": payment.amount.currency.lower(),
            "payment_method": method,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "payment_method_options": {"card": {"request_multicapture": "if_available"}},
            "capture_method": "manual",
            "confirm": True,
            "metadata": {PAYMENT: payment.payment_id, KEY: key},
            "expand": ["latest_charge"],
        }
        if again:
            asked["off_session"] = True
        if again and again.customer:
            asked["customer"] = str(again.customer)
        return self._client.v1.payment_intents.create(asked, {"idempotency_key": key})

    def _adopted(self, payment: Payment, key: str) -> stripe.PaymentIntent:
        """The intent that the storefront confirmed, marked as ours.

        Asked again, for what it does not cover any more, its card is charged without the customer.
        """
        intents = self._client.v1.payment_intents
        intent = intents.retrieve(payment.token, {"expand": ["latest_charge"]})
        owner = _marks(intent).get(PAYMENT, "")
        if owner not in ("", payment.payment_id):
            raise PaymentDeclined("payment_intent_used_already")
        if owner and _marks(intent).get(KEY) != key:
            return self._create(payment, key, str(intent.payment_method), again=intent)
        wanted = (_amount(payment.amount), payment.amount.currency.lower())
        if (intent.amount, intent.currency) != wanted:
            raise PaymentDeclined("payment_intent_of_another_amount")
        if owner:
            return intent
        mark = {PAYMENT: payment.payment_id, KEY: key}
        return intents.update(payment.token, {"metadata": mark, "expand": ["latest_charge"]})

    def _known(self, payment: Payment, key: str) -> stripe.PaymentIntent | None:
        """The intent that was made for a key. Lists are up to date at once; searches are not."""
        intents = self._client.v1.payment_intents
        if payment.token.startswith("pi_"):
            intent = intents.retrieve(payment.token, {"expand": ["latest_charge"]})
            if _marks(intent).get(KEY) == key:
                return intent
        asked: stripe.params.PaymentIntentListParams = {
            "limit": 100,
            "expand": ["data.latest_charge"],
        }
        if intent_of_ours := payment.event(key):
            at = intent_of_ours.at
            asked["created"] = {
                "gte": int((at - _LATE).timestamp()),
                "lte": int((at + _LATE).timestamp()),
            }
        pages = intents.list(asked)
        found = (one for one in pages.auto_paging_iter() if _marks(one).get(KEY) == key)
        return next(found, None)

    def _refunded(self, payment: Payment, event: PaymentEvent) -> stripe.Refund | None:
        """The refund that was made for a key; keys of requests are forgotten after a day."""
        pages = self._client.v1.refunds.list({"payment_intent": payment.reference, "limit": 100})
        found = (one for one in pages.auto_paging_iter() if _marks(one).get(KEY) == event.key)
        return next(found, None)


def build(settings: Settings) -> PaymentGateway:
    return Stripe(lambda: secrets.entry(settings.require("payments_secret"), PROVIDER))


def report(settings: Settings) -> PaymentReport:
    return Stripe(lambda: secrets.entry(settings.require("payments_secret"), PROVIDER))


def booking(event: Mapping[str, Any], marks: Mapping[str, str]) -> Booking | None:
    """The money that an event of Stripe's is about; None where it moved none, or none of ours."""
    action, one = _TOLD.get(event["type"]), event["data"]["object"]
    before = (event["data"].get("previous_attributes") or {}).get("amount_captured") or 0
    if action is None or PAYMENT not in marks:
        return None
    captured = action is PaymentAction.CAPTURE
    asked = (event.get("request") or {}).get("idempotency_key")
    minor = one["amount_captured"] - before if captured else one["amount"]
    return Booking(
        key=one["id"] if action is PaymentAction.CHARGEBACK else (asked or marks.get(KEY, "")),
        payment_id=marks[PAYMENT],
        action=action,
        amount=_money(minor, one["currency"].upper()),
        reference=one["id"],
        authorization=one.get("payment_intent") or "",
        at=datetime.fromtimestamp(event["created"], UTC),
    )


def _answer(intent: stripe.PaymentIntent) -> Authorization:
    """What an intent means for whoever wants to be paid."""
    match intent.status:
        case "requires_capture" | "succeeded":
            return Authorization(reference=intent.id, terms=_terms(intent))
        case "processing":
            raise PaymentOutcomeUnknown("Stripe is still processing it")
        case "requires_action":
            raise PaymentDeclined("authentication_required")
        case "canceled":
            raise PaymentDeclined(intent.cancellation_reason or "canceled")
        case _:
            error = intent.last_payment_error
            code = error and (getattr(error, "decline_code", None) or error.code)
            raise PaymentDeclined(code or intent.status)


def _terms(intent: stripe.PaymentIntent) -> Terms:
    """What the card allows, as far as Stripe says so; else what most cards do."""
    charge = intent.latest_charge
    details = {} if charge is None or isinstance(charge, str) else charge.to_dict()
    card = (details.get("payment_method_details") or {}).get("card") or {}
    before = card.get("capture_before")
    several = (card.get("multicapture") or {}).get("status") == "available"
    terms = CAPABILITIES.terms(datetime.fromtimestamp(intent.created, UTC))
    until = datetime.fromtimestamp(before, UTC) if before else terms.valid_until
    return terms.model_copy(update={"valid_until": until, "multi_capture": several})


def _marks(one: stripe.PaymentIntent | stripe.Refund) -> dict[str, str]:
    """What we wrote on it."""
    return one.metadata.to_dict() if one.metadata else {}


def _amount(money: Money) -> int:
    """Minor units as Stripe counts them. Raises InvalidCommand for what it cannot say."""
    if money.currency in _HUNDREDFOLD:
        return money.minor * 100
    if Money.parse("1", money.currency).minor == 1000 and money.minor % 10:
        raise InvalidCommand({"amount": f"Stripe takes {money.currency} in steps of 0.010"})
    return money.minor


def _money(minor: int, currency: str) -> Money:
    """Stripe's minor units in ours."""
    return Money(minor=minor // 100 if currency in _HUNDREDFOLD else minor, currency=currency)


def _check_asked(payment: Payment, event: PaymentEvent) -> None:
    """Raise for what Stripe need not be asked; the caller says what a refusal is."""
    if not payment.reference:
        raise _Refusal("unknown_authorization")
    if event.amount.minor <= 0:
        raise _Refusal("amount_too_small")
    if event.amount.currency != payment.amount.currency:
        raise _Refusal("wrong_currency")


class _Refusal(Exception):
    """Never leaves this module."""


@contextmanager
def _meaning(refused: Refused, key: str) -> Iterator[None]:
    """Stripe's errors in our words: a refusal, a failure before, or an answer that never came."""
    library = importlib.import_module("stripe")
    try:
        yield
    except _Refusal as refusal:
        raise refused(str(refusal)) from None
    except library.CardError as error:
        details = error.error
        raise refused(details.decline_code or error.code or "card_declined") from None
    except library.IdempotencyError:
        raise IdempotencyKeyReused(key) from None
    except library.InvalidRequestError as error:
        raise refused(_reason(error)) from None
    except library.RateLimitError:
        raise ProviderUnavailable("Stripe is busy") from None
    except (library.AuthenticationError, library.PermissionError):
        raise ProviderUnavailable("Stripe does not accept our key") from None
    except library.StripeError as error:
        raise PaymentOutcomeUnknown(f"Stripe: {type(error).__name__}") from None


def _reason(error: stripe.InvalidRequestError) -> str:
    """Why a request was refused; an intent that has ended says how."""
    code = error.code or error.param or "invalid_request"
    intent = getattr(error.error, "payment_intent", None) if code == _ENDED else None
    if intent is not None and intent.status == "canceled":
        return "expired" if intent.cancellation_reason in ("automatic", "expired") else "voided"
    return _REASONS.get(code, code)
