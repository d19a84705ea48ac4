"""An authorization has a life and limits: it is asked for again before a parcel needs it."""

from contextlib import suppress

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import CaptureDeclined
from doorstep.domain.order import Order, PaymentState
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def packed(shop: Shop, token: Token = Token.APPROVE) -> Order:
    """In two parcels of 16.90 and 12.00 EUR."""
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2), token=token)
    key = f"{order.order_id}-F1"
    shop.releases(key)
    return shop.packs(key, a.parcel(L1=1), a.parcel(L1=1))


def charges(shop: Shop) -> list[tuple[str, str, str]]:
    """(authorized, captured, voided) of each authorization, as the provider has it."""
    found = shop.gateway.charges.values()
    return [(str(c.amount)[:-4], str(c.captured)[:-4], str(c.voided)[:-4]) for c in found]


def test_an_authorization_that_expired_before_the_parcel_is_packed_is_made_again(
    shop: Shop,
) -> None:
    order = packed(shop)
    shop.advance(days=8)
    shop.captures(f"{order.order_id}-F1")
    assert charges(shop) == [("28.90", "0.00", "0.00"), ("28.90", "28.90", "0.00")]
    (payment,) = shop.order(order.order_id).payments
    assert (payment.authorized, payment.expired) == (a.eur("28.90"), a.eur("28.90"))
    assert shop.order(order.order_id).payment_state is PaymentState.CAPTURED
    assert [name for name in shop.heard(order.order_id) if name.startswith("payment.")] == [
        "payment.authorized",
        "payment.renewal_requested",
        "payment.authorization_ended",
        "payment.authorized",
        "payment.capture_requested",
        "payment.captured",
        "payment.capture_requested",
        "payment.captured",
    ]


def test_an_order_that_waits_is_authorized_again_a_day_before_it_would_expire(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    for day in range(1, 13):
        shop.advance(days=1, minutes=1)
        shop.expires()
        shop.check()
        assert len(shop.gateway.charges) == 1 + day // 6
    assert charges(shop)[:2] == [("28.90", "0.00", "28.90"), ("28.90", "0.00", "28.90")]
    shop.cancels(order.order_id)
    assert {voided for _, _, voided in charges(shop)} == {"28.90"}


def test_only_what_the_order_still_needs_is_authorized_again(shop: Shop) -> None:
    """One of two parcels has left."""
    shop.sells("MUG", "10.00", BERLIN=1, HAMBURG=1)
    order = shop.packed(("MUG", 2))
    shop.captures(f"{order.order_id}-F1")
    shop.advance(days=8)
    shop.reconciles()
    shop.expires()
    assert [amount for amount, _, _ in charges(shop)] == ["24.90", "10.00"]
    shop.captures(f"{order.order_id}-F2")
    assert shop.order(order.order_id).captured == a.eur("24.90")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Token.SINGLE_CAPTURE, [("28.90", "16.90", "0.00"), ("12.00", "12.00", "0.00")]),
        (
            Token.WHOLE_CAPTURE,
            [("28.90", "0.00", "28.90"), ("16.90", "16.90", "0.00"), ("12.00", "12.00", "0.00")],
        ),
        (Token.EXPIRES, [("28.90", "28.90", "0.00")]),
    ],
)
def test_each_parcel_gets_its_share_whatever_the_provider_can_do(
    shop: Shop, token: Token, expected: list[tuple[str, str, str]]
) -> None:
    """The second shipment's share is captured too: spree#6339."""
    order = packed(shop, token)
    for _ in range(2):
        shop.captures(f"{order.order_id}-F1")
    assert charges(shop) == expected
    order = shop.order(order.order_id)
    assert (order.captured, order.payment_state) == (a.eur("28.90"), PaymentState.CAPTURED)


def test_a_payment_is_partly_captured_while_a_parcel_waits_for_its_own_authorization(
    shop: Shop,
) -> None:
    shop.sells("MUG", "10.00", BERLIN=1, HAMBURG=1)
    order = shop.packed(("MUG", 2), token=Token.SINGLE_CAPTURE)
    shop.captures(f"{order.order_id}-F1")
    assert shop.order(order.order_id).payment_state is PaymentState.PARTIALLY_CAPTURED
    shop.captures(f"{order.order_id}-F2")
    assert shop.order(order.order_id).payment_state is PaymentState.CAPTURED


def test_a_card_that_will_not_authorize_again_holds_the_parcel(shop: Shop) -> None:
    order = packed(shop)
    (payment,) = order.payments
    shop.orders.commit(order.with_payment(payment.model_copy(update={"token": Token.DECLINE})))
    shop.advance(days=8)
    with pytest.raises(CaptureDeclined, match="insufficient_funds"):
        shop.captures(f"{order.order_id}-F1")
    order = shop.order(order.order_id)
    assert order.fulfillment_orders[0].status == "on_hold"
    assert not order.captured


def test_a_renewal_that_is_declined_is_told_once_and_left_alone(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    (payment,) = order.payments
    shop.orders.commit(order.with_payment(payment.model_copy(update={"token": Token.DECLINE})))
    shop.advance(days=6, minutes=1)
    for _ in range(3):
        shop.expires()
    order = shop.order(order.order_id)
    assert [item.cause for item in order.work_items] == ["renewal_declined"]
    assert order.payments[0].authorized == order.totals.total, "what was reserved still is"
    assert len(shop.gateway.charges) == 2


@pytest.mark.parametrize("token", [Token.APPROVE, Token.WHOLE_CAPTURE, Token.SINGLE_CAPTURE])
@pytest.mark.parametrize("calls", range(16))
def test_a_crash_at_any_point_of_a_renewal_is_healed_by_a_repeat(
    shop: Shop, token: Token, calls: int
) -> None:
    order = packed(shop, token)
    shop.advance(days=8)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.captures(f"{order.order_id}-F1")
    vars(shop).update(watched)
    shop.check()
    shop.captures(f"{order.order_id}-F1")
    assert shop.order(order.order_id).captured == a.eur("28.90")
    assert sum(float(captured) for _, captured, _ in charges(shop)) == pytest.approx(28.90)


@pytest.mark.parametrize("calls", range(6))
def test_a_renewal_that_nobody_finished_is_finished_by_the_schedule(shop: Shop, calls: int) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    shop.advance(days=6, minutes=1)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.expires()
    vars(shop).update(watched)
    for _ in range(2):
        shop.advance(minutes=11)
        shop.expires()
    assert charges(shop) == [("28.90", "0.00", "28.90"), ("28.90", "0.00", "0.00")]
    assert shop.order(order.order_id).payments[0].authorized == a.eur("28.90")


@pytest.mark.parametrize("calls", range(3, 6))
def test_what_is_reserved_anew_for_an_order_that_was_canceled_is_free_again(
    shop: Shop, calls: int
) -> None:
    """The renewal died before, or after, the provider heard of it; then the customer canceled."""
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    shop.advance(days=6, minutes=1)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.expires()
    vars(shop).update(watched)
    shop.cancels(order.order_id)
    for _ in range(2):
        shop.advance(minutes=11)
        shop.expires()
    assert {voided for _, _, voided in charges(shop)} == {"28.90"}
    assert not shop.order(order.order_id).payments[0].authorized


def test_money_goes_back_to_the_authorizations_it_was_captured_on(shop: Shop) -> None:
    order = packed(shop, Token.SINGLE_CAPTURE)
    shop.captures(f"{order.order_id}-F1")
    shop.gives_back(order.order_id, "20.00")
    found = [str(charge.refunded) for charge in shop.gateway.charges.values()]
    assert found == ["8.00 EUR", "12.00 EUR"]
    shop.gives_back(order.order_id, key="the rest")
    assert shop.order(order.order_id).payment_state is PaymentState.REFUNDED
