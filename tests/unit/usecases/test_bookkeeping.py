"""Our payments against the provider's report: both ways, told once, and charged back."""

from datetime import date

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import PaymentOutcomeUnknown
from doorstep.domain.order import Order
from doorstep.domain.payment import PaymentAction
from doorstep.domain.reconciling import Booking, Difference, DifferenceKind
from tests import builders as a
from tests.shop import Shop


def paid(shop: Shop, token: Token = Token.APPROVE) -> Order:
    """28.90 EUR captured, 3.00 EUR of it given back."""
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 2), token=token)
    if token is Token.APPROVE:
        shop.gives_back(order.order_id, "3.00")
    return shop.order(order.order_id)


def causes(shop: Shop, order: Order) -> list[str]:
    return [item.cause for item in shop.order(order.order_id).work_items]


def test_what_agrees_is_compared_once_and_says_nothing(shop: Shop) -> None:
    order = paid(shop)
    assert shop.reconciles() == (0, (), ()), "too young to be missed"
    shop.advance(hours=1, seconds=1)
    assert shop.reconciles() == (2, (), ())
    assert not shop.queues.due("reconcile", shop.clock(), 10)
    shop.advance(hours=1)
    assert shop.reconciles() == (0, (), ())
    assert causes(shop, order) == []
    (day,) = shop.reconciliations.days("sandbox", 10)
    assert (day.day, day.bookings, day.differing) == (date(2026, 3, 2), 2, 0)


def test_a_capture_whose_answer_came_a_day_late_is_found_where_it_was_done(shop: Shop) -> None:
    """A crash after the provider had done it: the books have it from when we heard of it."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_TIMEOUT_AFTER)
    (piece,) = order.fulfillment_orders
    with pytest.raises(PaymentOutcomeUnknown):
        shop.captures(piece.fulfillment_order_id)
    shop.advance(hours=3)
    assert [one.kind for one in shop.reconciles().differences] == [DifferenceKind.UNANSWERED]
    shop.advance(days=2)
    shop.reconciles()
    shop.captures(piece.fulfillment_order_id)
    shop.advance(hours=2)
    assert shop.reconciles().differences == ()
    assert not shop.queues.due("reconcile", shop.clock(), 10)


def test_what_the_provider_does_not_report_is_told_once(shop: Shop) -> None:
    order = paid(shop)
    lost = shop.gateway.report.booked.pop()
    for _ in range(3):
        shop.advance(hours=2)
        shop.reconciles()
    assert causes(shop, order) == ["payment_differs"]
    (day,) = shop.reconciliations.days("sandbox", 10)
    assert day.differences == (
        Difference(
            kind=DifferenceKind.UNKNOWN_THERE,
            payment_id=lost.payment_id,
            key=lost.key,
            ours=a.eur("3.00"),
        ),
    )


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"key": "R-9"}, DifferenceKind.UNKNOWN_HERE),
        ({"amount": a.eur("28.91")}, DifferenceKind.AMOUNT),
        ({"action": PaymentAction.REFUND}, DifferenceKind.AMOUNT),
        ({"payment_id": "O-WC47N7CS7DJXYU77-T9"}, DifferenceKind.UNKNOWN_HERE),
        ({"payment_id": "O-NEVER-T1"}, DifferenceKind.UNKNOWN_HERE),
    ],
)
def test_what_the_provider_booked_and_we_did_not_is_found(
    shop: Shop, change: dict[str, object], kind: DifferenceKind
) -> None:
    paid(shop)
    booked = shop.gateway.report.booked
    booked.append(booked[0].model_copy(update=change))
    shop.advance(hours=2)
    found = shop.reconciles().differences
    assert [one.kind for one in found] == [kind]
    shop.advance(minutes=10)
    shop.reconciles()
    (day,) = shop.reconciliations.days("sandbox", 10)
    assert day.differing == 1


def test_a_capture_that_we_never_heard_the_answer_of_is_unanswered(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_TIMEOUT_AFTER)
    with pytest.raises(Exception, match="did not answer"):
        shop.captures(f"{order.order_id}-F1")
    shop.advance(hours=2)
    assert [one.kind for one in shop.reconciles().differences] == [DifferenceKind.UNANSWERED]


def test_a_charge_back_lowers_what_can_be_refunded_and_is_work_for_a_person(shop: Shop) -> None:
    order = paid(shop, Token.CHARGE_BACK)
    for _ in range(2):
        shop.advance(hours=2)
        assert not shop.reconciles().differences
    order = shop.order(order.order_id)
    (payment,) = order.payments
    assert (payment.captured, payment.charged_back) == (a.eur("28.90"), a.eur("28.90"))
    assert not payment.refundable
    assert causes(shop, order) == ["charged_back"]
    assert shop.heard(order.order_id).count("payment.charged_back") == 1


def test_a_return_after_a_charge_back_gives_nothing_back(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2), token=Token.CHARGE_BACK)
    shop.advance(hours=2)
    shop.reconciles()
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.return_(back.return_id).status == "closed"
    assert not order.refunded


def test_days_are_kept_apart(shop: Shop) -> None:
    paid(shop)
    shop.advance(hours=2)
    shop.reconciles()
    shop.advance(days=1)
    shop.reconciles()
    days = [(day.day.day, day.bookings) for day in shop.reconciliations.days("sandbox", 10)]
    assert days == [(3, 0), (2, 2)]


def test_runs_that_were_missed_are_caught_up_with(shop: Shop) -> None:
    paid(shop)
    shop.advance(days=9)
    assert shop.reconciles() == (0, (), ()), "nothing is missing, however old it is"
    shop.gateway.report.booked.append(
        Booking(
            key="late",
            payment_id="O-WC47N7CS7DJXYU77-T1",
            action=PaymentAction.REFUND,
            amount=a.eur("1.00"),
            at=shop.clock(),
        )
    )
    shop.advance(hours=2)
    assert len(shop.reconciles().differences) == 1
