"""Every payment provider, and the fake, keeps the same promises about money."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters import payments
from doorstep.adapters.payments import sandbox
from doorstep.adapters.payments.sandbox import Token
from doorstep.adapters.payments.stripe import Stripe
from doorstep.domain.errors import (
    CaptureDeclined,
    IdempotencyKeyReused,
    NotFound,
    NotSupported,
    PaymentDeclined,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
    Refusal,
)
from doorstep.domain.money import Money
from doorstep.domain.payment import (
    STOREFRONT,
    Payment,
    PaymentAction,
    PaymentEvent,
    PaymentOutcome,
)
from doorstep.ports import PaymentGateway
from doorstep.runtime.settings import Settings
from tests.contract import fake_stripe
from tests.contract.fakes import FakeGateway

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)

#: Those that move money: the storefront's own payments are followed only.
MOVERS = sorted({*payments.NAMES, "fake"} - {STOREFRONT})


@pytest.fixture(params=MOVERS)
def gateway(
    request: pytest.FixtureRequest, sandbox_table: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PaymentGateway]:
    monkeypatch.setattr(sandbox, "SLOW_SECONDS", 0.0)
    with provided(request.param, sandbox_table) as gateway:
        yield gateway


@contextmanager
def provided(name: str, table: str) -> Iterator[PaymentGateway]:
    """A provider, with a fake of itself on this machine where it is somewhere else."""
    if name == "fake":
        yield FakeGateway()
    elif name == "stripe":
        with fake_stripe.serving() as fake:
            yield Stripe(lambda: fake_stripe.KEY, fake.api)
    else:
        yield payments.load(name).build(Settings(sandbox_table_name=table))


def euros(cents: int) -> Money:
    return Money(minor=cents, currency="EUR")


def payment(token: str = Token.APPROVE, cents: int = 10_000, key: str = "T1") -> Payment:
    return Payment(payment_id=key, provider="sandbox", token=token, amount=euros(cents))


def asks(action: PaymentAction, key: str, cents: int, currency: str = "EUR") -> PaymentEvent:
    return PaymentEvent(
        key=key,
        action=action,
        amount=Money(minor=cents, currency=currency),
        outcome=PaymentOutcome.REQUESTED,
        at=AT,
    )


def capture(key: str, cents: int) -> PaymentEvent:
    return asks(PaymentAction.CAPTURE, key, cents)


def refund(key: str, cents: int) -> PaymentEvent:
    return asks(PaymentAction.REFUND, key, cents)


def void(key: str, cents: int = 0) -> PaymentEvent:
    return asks(PaymentAction.VOID, key, cents)


def authorized(gateway: PaymentGateway, token: str = Token.APPROVE, cents: int = 10_000) -> Payment:
    asked = payment(token, cents)
    return asked.model_copy(update=dict(gateway.authorize(asked, "T1-authorize")))


# --- authorize and find -------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["tok_approve", "tok_slow"])
def test_an_authorization_is_found_by_its_key(gateway: PaymentGateway, token: str) -> None:
    assert gateway.find(payment(), "T1-authorize") is None
    answer = gateway.authorize(payment(token), "T1-authorize")
    assert answer.reference
    assert gateway.find(payment(), "T1-authorize") == answer
    assert gateway.find(payment(), "T2-authorize") is None


def test_the_same_key_authorizes_once(gateway: PaymentGateway) -> None:
    first = gateway.authorize(payment(), "T1-authorize")
    assert gateway.authorize(payment(), "T1-authorize") == first
    paid = payment().model_copy(update={"reference": first.reference})
    gateway.capture(paid, capture("P1", 10_000))
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P2", 1))


def test_two_keys_are_two_authorizations(gateway: PaymentGateway) -> None:
    first = gateway.authorize(payment(key="T1"), "T1-authorize")
    assert gateway.authorize(payment(key="T2"), "T2-authorize") != first


def test_a_key_cannot_authorize_another_amount(gateway: PaymentGateway) -> None:
    gateway.authorize(payment(cents=10_000), "T1-authorize")
    with pytest.raises(IdempotencyKeyReused):
        gateway.authorize(payment(cents=10_001), "T1-authorize")


def test_a_decline_says_why_and_is_remembered(gateway: PaymentGateway) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as declined:
            gateway.authorize(payment("tok_decline"), "T1-authorize")
        assert declined.value.reason == "insufficient_funds"
    with pytest.raises(PaymentDeclined):
        gateway.find(payment(), "T1-authorize")


@pytest.mark.parametrize("token", ["4111", ""])
def test_a_method_that_there_is_not_is_declined(gateway: PaymentGateway, token: str) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as declined:
            gateway.authorize(payment(token), "T1-authorize")
        assert declined.value.reason in ("unknown_token", "resource_missing")


def test_a_timeout_before_leaves_nothing_and_heals(gateway: PaymentGateway) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        gateway.authorize(payment("tok_timeout_before"), "T1-authorize")
    assert gateway.find(payment(), "T1-authorize") is None
    answer = gateway.authorize(payment("tok_timeout_before"), "T1-authorize")
    assert gateway.find(payment(), "T1-authorize") == answer
    paid = payment("tok_timeout_before").model_copy(update={"reference": answer.reference})
    assert gateway.capture(paid, capture("P1", 10_000))


def test_a_timeout_after_is_found(gateway: PaymentGateway) -> None:
    with pytest.raises(PaymentOutcomeUnknown):
        gateway.authorize(payment("tok_timeout_after"), "T1-authorize")
    found = gateway.find(payment(), "T1-authorize")
    assert found is not None
    assert gateway.authorize(payment("tok_timeout_after"), "T1-authorize") == found


def test_nothing_happens_at_a_provider_that_is_down(gateway: PaymentGateway) -> None:
    with pytest.raises(ProviderUnavailable):
        gateway.authorize(payment("tok_down"), "T1-authorize")
    assert gateway.find(payment(), "T1-authorize") is None


# --- capture ------------------------------------------------------------------------------------


def test_the_second_shipments_share_is_captured_too(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    first = gateway.capture(paid, capture("P1", 6_000))
    second = gateway.capture(paid, capture("P2", 4_000))
    assert first != second
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P3", 1))


def test_capture_called_on_a_captured_payment_takes_nothing_more(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    reference = gateway.capture(paid, capture("P1", 10_000))
    assert gateway.capture(paid, capture("P1", 10_000)) == reference
    gateway.refund(paid, refund("R1", 10_000))
    with pytest.raises(PaymentDeclined):
        gateway.refund(paid, refund("R2", 1))


def test_more_than_authorized_is_not_captured(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P1", 10_001))
    gateway.capture(paid, capture("P1", 10_000))


def test_a_voided_authorization_is_not_captured(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    gateway.void(paid, void("V1", 10_000))
    with pytest.raises(CaptureDeclined) as declined:
        gateway.capture(paid, capture("P1", 1))
    assert declined.value.reason == "voided"


def test_another_amount_under_the_same_key_is_refused(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    gateway.capture(paid, capture("P1", 6_000))
    with pytest.raises(IdempotencyKeyReused):
        gateway.capture(paid, capture("P1", 4_000))
    with pytest.raises(IdempotencyKeyReused):
        gateway.refund(paid, refund("P1", 6_000))


def test_a_capture_may_be_declined(gateway: PaymentGateway) -> None:
    paid = authorized(gateway, "tok_capture_decline")
    for _ in range(2):
        with pytest.raises(CaptureDeclined) as declined:
            gateway.capture(paid, capture("P1", 10_000))
        assert declined.value.reason == "do_not_honor"
    gateway.void(paid, void("V1", 10_000))


def test_a_capture_that_was_not_answered_is_done_once(gateway: PaymentGateway) -> None:
    paid = authorized(gateway, "tok_capture_timeout_after")
    with pytest.raises(PaymentOutcomeUnknown):
        gateway.capture(paid, capture("P1", 7_000))
    assert gateway.capture(paid, capture("P1", 7_000))
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P2", 3_001))


def test_another_currency_is_refused(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, asks(PaymentAction.CAPTURE, "P1", 100, "USD"))


@pytest.mark.parametrize("reference", ["", "never-heard-of"])
def test_an_authorization_that_never_was_moves_nothing(
    gateway: PaymentGateway, reference: str
) -> None:
    unpaid = payment().model_copy(update={"reference": reference})
    with pytest.raises(CaptureDeclined):
        gateway.capture(unpaid, capture("P1", 1))
    with pytest.raises(PaymentDeclined):
        gateway.refund(unpaid, refund("R1", 1))
    with pytest.raises(PaymentDeclined):
        gateway.void(unpaid, void("V1"))


def test_negative_amounts_move_nothing(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P1", -1))
    with pytest.raises(PaymentDeclined):
        gateway.refund(paid, refund("R1", -1))


def test_an_authorization_says_how_long_it_lives_and_is_not_captured_after(
    gateway: PaymentGateway,
) -> None:
    asked = payment("tok_expires")
    answer = gateway.authorize(asked, "T1-authorize")
    assert answer.terms.valid_until
    assert answer.terms.valid_until <= datetime.now(UTC) + timedelta(seconds=2)
    paid = asked.model_copy(update={"reference": answer.reference})
    later = answer.terms.valid_until
    vars(gateway)["_clock"] = lambda: later
    with pytest.raises(CaptureDeclined) as declined:
        gateway.capture(paid, capture("P1", 1))
    assert declined.value.reason == "expired"


def test_one_capture_ends_an_authorization_that_gives_only_one(gateway: PaymentGateway) -> None:
    assert not gateway.authorize(payment("tok_single_capture"), "T1-authorize").terms.multi_capture
    paid = authorized(gateway, "tok_single_capture")
    gateway.capture(paid, capture("P1", 6_000))
    gateway.capture(paid, capture("P1", 6_000))
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P2", 1))
    gateway.refund(paid, refund("R1", 6_000))


def test_an_authorization_that_is_captured_whole_is_not_captured_in_part(
    gateway: PaymentGateway,
) -> None:
    paid = authorized(gateway, "tok_whole_capture")
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P1", 9_999))
    gateway.capture(paid, capture("P2", 10_000))


# --- refund and void ----------------------------------------------------------------------------


def test_more_than_captured_is_not_refunded(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    gateway.capture(paid, capture("P1", 6_000))
    with pytest.raises(PaymentDeclined):
        gateway.refund(paid, refund("R1", 6_001))
    gateway.refund(paid, refund("R1", 6_000))


def test_a_refund_retried_after_a_failure_refunds_once(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    gateway.capture(paid, capture("P1", 10_000))
    reference = gateway.refund(paid, refund("R1", 4_000))
    assert gateway.refund(paid, refund("R1", 4_000)) == reference
    gateway.refund(paid, refund("R2", 6_000))


def test_a_second_different_refund_is_not_swallowed(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    gateway.capture(paid, capture("P1", 10_000))
    first = gateway.refund(paid, refund("R1", 4_000))
    assert gateway.refund(paid, refund("R2", 4_000)) != first
    with pytest.raises(PaymentDeclined):
        gateway.refund(paid, refund("R3", 4_000))


def test_a_refund_may_be_declined(gateway: PaymentGateway) -> None:
    paid = authorized(gateway, "tok_refund_decline")
    gateway.capture(paid, capture("P1", 10_000))
    with pytest.raises(PaymentDeclined) as declined:
        gateway.refund(paid, refund("R1", 10_000))
    assert declined.value.reason == "refund_refused"


def test_a_void_frees_what_is_left_and_leaves_what_is_captured(gateway: PaymentGateway) -> None:
    paid = authorized(gateway)
    gateway.capture(paid, capture("P1", 6_000))
    for _ in range(2):
        gateway.void(paid, void("V1", 4_000))
    with pytest.raises(CaptureDeclined):
        gateway.capture(paid, capture("P2", 1))
    gateway.refund(paid, refund("R1", 6_000))


# --- the report ---------------------------------------------------------------------------------


def test_the_sandbox_reports_what_it_has_moved(sandbox_table: str) -> None:
    gateway = sandbox.SandboxGateway(sandbox_table)
    paid = authorized(gateway, "tok_charge_back")
    since = datetime.now(UTC) - timedelta(minutes=1)
    gateway.capture(paid, capture("P1", 6_000))
    kept = payment(key="T2")
    reference = gateway.authorize(kept, "T2-authorize").reference
    kept = kept.model_copy(update={"reference": reference})
    gateway.capture(kept, capture("P2", 4_000))
    gateway.refund(kept, refund("R1", 1_000))
    gateway.void(kept, void("V1"))
    report = payments.load("sandbox").report(Settings(sandbox_table_name=sandbox_table))
    found = {
        (one.payment_id, one.key, str(one.action), one.amount.minor)
        for one in report.bookings(since, datetime.now(UTC) + timedelta(minutes=1))
    }
    assert found == {
        ("T1", "P1", "capture", 6_000),
        ("T1", "P1-chargeback", "chargeback", 6_000),
        ("T2", "P2", "capture", 4_000),
        ("T2", "R1", "refund", 1_000),
    }
    assert not list(report.bookings(since - timedelta(hours=1), since))
    with pytest.raises(PaymentDeclined):
        gateway.refund(paid, refund("R2", 1))


# --- whatever the sequence ----------------------------------------------------------------------

ATTEMPTS = st.lists(
    st.tuples(
        st.sampled_from([PaymentAction.CAPTURE, PaymentAction.REFUND, PaymentAction.VOID]),
        st.integers(0, 5),
        st.sampled_from([0, 1, 30, 50, 100, 101]),
    ),
    max_size=14,
)


@pytest.mark.parametrize("name", MOVERS)
def test_captured_never_exceeds_authorized_nor_refunded_captured(
    name: str, sandbox_table: str
) -> None:
    """Whatever is asked for, in whatever order, however often."""
    numbers = iter(range(1_000_000))

    @given(attempts=ATTEMPTS)
    @settings(max_examples=40, deadline=None)
    def conserves(gateway: PaymentGateway, attempts: list[tuple[PaymentAction, int, int]]) -> None:
        key = f"T{next(numbers)}"
        paid = payment(cents=100, key=key)
        answer = gateway.authorize(paid, f"{key}-authorize")
        paid = paid.model_copy(update={"reference": answer.reference})
        moved: dict[str, tuple[PaymentAction, int]] = {}
        for action, number, cents in attempts:
            event = asks(action, f"{key}-{number}", cents)
            try:
                getattr(gateway, action)(paid, event)
            except Refusal:
                continue
            asked = (action, 0 if action is PaymentAction.VOID else cents)  # it gives all free
            assert moved.setdefault(event.key, asked) == asked
        captured = sum(c for action, c in moved.values() if action is PaymentAction.CAPTURE)
        refunded = sum(c for action, c in moved.values() if action is PaymentAction.REFUND)
        assert refunded <= captured <= 100
        if refunded < captured:
            gateway.refund(paid, refund(f"{key}-rest", captured - refunded))
        with pytest.raises(PaymentDeclined):
            gateway.refund(paid, refund(f"{key}-more", 1))

    with provided(name, sandbox_table) as made:
        conserves(made)


# --- the storefront's own money -----------------------------------------------------------------


def test_money_the_storefront_took_is_never_moved() -> None:
    gateway = payments.load(STOREFRONT).build(Settings())
    asked = payment()
    calls: list[Callable[[], object]] = [
        lambda: gateway.authorize(asked, "T1-authorize"),
        lambda: gateway.find(payment(), "T1-authorize"),
        lambda: gateway.capture(asked, capture("P1", 1)),
        lambda: gateway.refund(asked, refund("R1", 1)),
        lambda: gateway.void(asked, void("V1")),
    ]
    for call in calls:
        with pytest.raises(NotSupported, match="storefront took this payment"):
            call()


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="sandbox, storefront, stripe"):
        payments.load("../sandbox")
