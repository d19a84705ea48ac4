"""What is special about Stripe: intents of the storefront, its report, amounts and bad days."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.adapters.payments.stripe import KEY, PAYMENT, Stripe, booking
from doorstep.domain.errors import (
    InvalidCommand,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
)
from doorstep.domain.money import Money
from doorstep.domain.payment import Payment, PaymentAction, PaymentEvent, PaymentOutcome
from tests.contract import fake_stripe
from tests.contract.fake_stripe import FakeStripe

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

PAYLOADS = Path(__file__).resolve().parents[5] / "shared" / "providers" / "payloads" / "stripe"
NOW = datetime.now(UTC)


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with fake_stripe.serving() as fake:
        yield fake


@pytest.fixture
def stripe(fake: FakeStripe) -> Stripe:
    return Stripe(lambda: fake_stripe.KEY, fake.api)


def payment(token: str, minor: int = 5_000, currency: str = "EUR", key: str = "T1") -> Payment:
    amount = Money(minor=minor, currency=currency)
    return Payment(payment_id=key, provider="stripe", token=token, amount=amount)


def asks(action: PaymentAction, key: str, minor: int) -> PaymentEvent:
    return PaymentEvent(
        key=key,
        action=action,
        amount=Money(minor=minor, currency="EUR"),
        outcome=PaymentOutcome.REQUESTED,
        at=NOW,
    )


# --- an intent that the storefront confirmed ------------------------------------------------------


def test_an_intent_of_the_storefront_is_taken_over_and_marked(
    fake: FakeStripe, stripe: Stripe
) -> None:
    intent = fake.confirmed(5_000)
    for _ in range(2):
        assert stripe.authorize(payment(intent), "T1-authorize").reference == intent
    assert fake.intents[intent]["metadata"] == {PAYMENT: "T1", KEY: "T1-authorize"}
    assert len(fake.intents) == 1
    found = stripe.find(payment(intent), "T1-authorize")
    assert found
    assert found.reference == intent


def test_an_intent_pays_for_one_order_only(fake: FakeStripe, stripe: Stripe) -> None:
    intent = fake.confirmed(5_000)
    stripe.authorize(payment(intent), "T1-authorize")
    with pytest.raises(PaymentDeclined, match="used_already"):
        stripe.authorize(payment(intent, key="T2"), "T2-authorize")


@pytest.mark.parametrize(("minor", "currency"), [(4_999, "EUR"), (5_000, "USD")])
def test_an_intent_of_another_amount_is_refused(
    fake: FakeStripe, stripe: Stripe, minor: int, currency: str
) -> None:
    with pytest.raises(PaymentDeclined, match="another_amount"):
        stripe.authorize(payment(fake.confirmed(5_000), minor, currency), "T1-authorize")


def test_what_an_intent_covers_no_more_is_charged_to_its_card(
    fake: FakeStripe, stripe: Stripe
) -> None:
    intent = fake.confirmed(5_000, customer="cus_1")
    stripe.authorize(payment(intent), "T1-authorize")
    again = stripe.authorize(payment(intent, 2_000), "T1-authorize-2").reference
    assert again != intent
    assert fake.intents[again]["customer"] == "cus_1"
    assert fake.intents[again]["amount"] == 2_000


def test_an_intent_that_waits_for_the_customer_is_not_paid(
    fake: FakeStripe, stripe: Stripe
) -> None:
    intent = fake.confirmed(5_000, status="requires_action")
    with pytest.raises(PaymentDeclined, match="authentication_required"):
        stripe.authorize(payment(intent), "T1-authorize")


def test_an_intent_that_is_being_processed_is_not_known_yet(
    fake: FakeStripe, stripe: Stripe
) -> None:
    intent = fake.confirmed(5_000, status="processing")
    with pytest.raises(PaymentOutcomeUnknown):
        stripe.authorize(payment(intent), "T1-authorize")


# --- the report -----------------------------------------------------------------------------------


def test_the_report_tells_captures_refunds_and_chargebacks_by_our_keys(
    fake: FakeStripe, stripe: Stripe
) -> None:
    paid = payment(Token.APPROVE)
    paid = paid.model_copy(update=dict(stripe.authorize(paid, "T1-authorize")))
    stripe.capture(paid, asks(PaymentAction.CAPTURE, "P1-capture", 3_000))
    stripe.capture(paid, asks(PaymentAction.CAPTURE, "P2-capture", 2_000))
    stripe.refund(paid, asks(PaymentAction.REFUND, "R1-refund-T1", 500))
    fake.disputed(paid.reference, 2_000)
    told = stripe.bookings(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    found = [(one.action.value, one.key, one.amount.minor, one.payment_id) for one in told]
    assert sorted(found) == [
        ("capture", "P1-capture", 3_000, "T1"),
        ("capture", "P2-capture", 2_000, "T1"),
        ("chargeback", f"du_{paid.reference}", 2_000, "T1"),
        ("refund", "R1-refund-T1", 500, "T1"),
    ]


@pytest.mark.parametrize(
    "name",
    ["charge.refunded", "payment_intent.succeeded", "checkout.session.completed.payment_mode"],
)
def test_recorded_events_that_move_no_money_of_ours_are_nothing(name: str) -> None:
    file = PAYLOADS / f"{name}-1.json"
    if not file.exists():
        pytest.skip("../shared/providers is absent: no recorded events")
    assert booking(json.loads(file.read_text()), {}) is None


# --- amounts and bad days -------------------------------------------------------------------------


def test_iceland_has_no_cents_but_stripe_counts_them(fake: FakeStripe, stripe: Stripe) -> None:
    reference = stripe.authorize(payment(Token.APPROVE, 750, "ISK"), "T1-authorize").reference
    assert fake.intents[reference]["amount"] == 75_000


def test_dinars_go_in_steps_of_ten_fils(fake: FakeStripe, stripe: Stripe) -> None:
    reference = stripe.authorize(payment(Token.APPROVE, 1_230, "KWD"), "T1-authorize").reference
    assert fake.intents[reference]["amount"] == 1_230
    with pytest.raises(InvalidCommand, match=r"0\.010"):
        stripe.authorize(payment(Token.APPROVE, 1_234, "KWD"), "T2-authorize")


def test_a_key_that_stripe_does_not_know_is_our_failure_and_no_decline(fake: FakeStripe) -> None:
    with pytest.raises(ProviderUnavailable, match="key"):
        Stripe(lambda: "sk_wrong", fake.api).authorize(payment(Token.APPROVE), "T1-authorize")


def test_nobody_there_is_an_outcome_that_is_not_known() -> None:
    nobody = Stripe(lambda: fake_stripe.KEY, "http://127.0.0.1:9")
    with pytest.raises(PaymentOutcomeUnknown):
        nobody.authorize(payment(Token.APPROVE), "T1-authorize")
