"""Money back without a return: granted once, bounded by what was captured, over several tenders."""

from contextlib import suppress

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain.errors import IdempotencyKeyReused, InvalidCommand, NotFound, NotSupported
from doorstep.domain.money import Money
from doorstep.domain.order import Order, PaymentState
from doorstep.domain.refunding import WantedRefund
from doorstep.domain.refunds import RefundReason, RefundRule
from doorstep.usecases import refund
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def paid(shop: Shop) -> Order:
    """One parcel of 28.90 EUR: 6.00 by card, 5.00 by store credit, 17.90 by another card."""
    shop.sells("MUG", BERLIN=5)
    credit = a.tender(method="store_credit", amount="5.00")
    order = shop.check_out(
        a.split_cart(("MUG", 2), pays=[a.tender(amount="6.00"), credit, a.tender()])
    ).order
    shop.allocates(order.order_id)
    key = f"{order.order_id}-F1"
    shop.releases(key)
    shop.packs(key)
    return shop.ships(key)


def given(shop: Shop, order: Order) -> list[str]:
    """What each tender gave back, by our books and by the provider's."""
    ours = [str(payment.refunded) for payment in shop.order(order.order_id).payments]
    assert ours == [str(charge.refunded) for charge in shop.gateway.charges.values()]
    return ours


def test_goodwill_is_given_back_without_a_return(shop: Shop) -> None:
    order = paid(shop)
    granted = shop.gives_back(order.order_id, "3.00", note="scratched box")
    assert (granted.reason, granted.given, granted.granted_by) == ("goodwill", a.eur("3.00"), "ann")
    assert given(shop, order) == ["0.00 EUR", "0.00 EUR", "3.00 EUR"]
    assert shop.order(order.order_id).payment_state is PaymentState.PARTIALLY_REFUNDED
    assert [name for name in shop.heard(order.order_id) if "refund" in name] == [
        "refund.granted",
        "payment.refund_requested",
        "payment.refunded",
        "refund.settled",
    ]
    shop.settle()
    assert "3.00 EUR" in next(iter(shop.notifier.mails.values())).text


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        (RefundRule.NEWEST, ["0.00 EUR", "2.10 EUR", "17.90 EUR"]),
        (RefundRule.STORE_CREDIT, ["0.00 EUR", "5.00 EUR", "15.00 EUR"]),
        (RefundRule.PROPORTIONAL, ["4.16 EUR", "3.46 EUR", "12.38 EUR"]),
    ],
)
def test_a_refund_goes_over_several_tenders_by_rule(
    shop: Shop, rule: RefundRule, parts: list[str]
) -> None:
    order = paid(shop)
    shop.gives_back(order.order_id, "20.00", rule=rule)
    assert given(shop, order) == parts


@pytest.mark.parametrize("rule", RefundRule)
def test_what_is_left_of_each_tender_bounds_the_next_refund(shop: Shop, rule: RefundRule) -> None:
    order = paid(shop)
    for number in range(4):
        shop.gives_back(order.order_id, "7.11", key=str(number), rule=rule)
    shop.gives_back(order.order_id, key="the rest", rule=rule)
    assert given(shop, order) == ["6.00 EUR", "5.00 EUR", "17.90 EUR"]
    assert shop.order(order.order_id).payment_state is PaymentState.REFUNDED


def test_the_refund_bound_is_checked_inside_the_lock(shop: Shop) -> None:
    """spree PR#14574: two agents give all of it back at the same moment."""
    order = paid(shop)
    orders = shop.orders

    def meanwhile() -> None:
        shop.orders = orders
        shop.gives_back(order.order_id, "20.00", key="the other agent's")

    watched = Countdown(1, meanwhile).watching({"orders": orders})["orders"]
    shop.orders = watched
    with pytest.raises(InvalidCommand, match=r"8\.90 EUR at the most"):
        shop.gives_back(order.order_id, "20.00", key="mine")
    shop.orders = orders
    assert shop.order(order.order_id).refunded == a.eur("20.00")
    given(shop, order)


def test_a_second_different_refund_is_not_swallowed_and_the_same_key_is_one(shop: Shop) -> None:
    """medusa#13433."""
    order = paid(shop)
    first = shop.gives_back(order.order_id, "3.00", key="one")
    assert shop.gives_back(order.order_id, "3.00", key="one") == first
    assert shop.gives_back(order.order_id, "3.00", key="two").refund_id != first.refund_id
    assert shop.order(order.order_id).refunded == a.eur("6.00")
    with pytest.raises(IdempotencyKeyReused):
        shop.gives_back(order.order_id, "4.00", key="one")


@pytest.mark.parametrize("calls", range(9))
def test_refund_retried_after_a_5xx_refunds_once(shop: Shop, calls: int) -> None:
    """saleor PR#19811; and the same after a crash between any two lines, repeated or not."""
    order = paid(shop)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.gives_back(order.order_id, "20.00")
    vars(shop).update(watched)
    shop.check()
    asked = shop.order(order.order_id).refunds
    if calls % 2:
        shop.gives_back(order.order_id, "20.00")
    shop.advance(minutes=11)
    shop.expires()
    expected = ["0.00 EUR", "2.10 EUR", "17.90 EUR"] if asked or calls % 2 else ["0.00 EUR"] * 3
    assert given(shop, order) == expected
    assert all(one.settled_at for one in shop.order(order.order_id).refunds)


def test_nothing_is_given_back_before_it_was_captured(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_TIMEOUT_AFTER)
    with suppress(Exception):
        shop.captures(f"{order.order_id}-F1")
    assert shop.order(order.order_id).payments[0].claimed == a.eur("28.90")
    with pytest.raises(InvalidCommand, match=r"0\.00 EUR at the most"):
        shop.gives_back(order.order_id, "1.00")


def test_a_lost_parcel_is_refunded_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1, HAMBURG=1)
    order = shop.shipped(("MUG", 2))
    lost, other = order.shipments
    lost_money = {"reason": RefundReason.LOST, "shipment_id": lost.shipment_id}
    assert shop.gives_back(order.order_id, **lost_money).given == lost.amount
    with pytest.raises(InvalidCommand):
        shop.gives_back(order.order_id, "0.01", key="again", **lost_money)
    assert shop.gives_back(order.order_id, key="rest").given == other.amount
    with pytest.raises(NotFound):
        shop.gives_back(order.order_id, key="x", shipment_id="O-A-F1-P9")


def test_a_refused_refund_is_work_for_a_person_and_asked_again_over_what_is_left(
    shop: Shop,
) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 2), token=Token.REFUND_DECLINE)
    granted = shop.gives_back(order.order_id, "3.00")
    assert not granted.settled_at
    order = shop.order(order.order_id)
    assert [item.cause for item in order.work_items] == ["refund_failed"]
    assert not order.refunded
    (payment,) = order.payments
    shop.orders.commit(order.with_payment(payment.model_copy(update={"token": Token.APPROVE})))
    for _ in range(2):
        granted = refund.retry_refund(
            granted.refund_id, orders=shop.orders, gateway=shop.gateway, clock=shop.clock
        )
    assert granted.given == shop.order(order.order_id).refunded == a.eur("3.00")


def test_a_return_after_goodwill_is_refunded_as_far_as_there_is_money(shop: Shop) -> None:
    """Nobody gets back more than they paid, and the return does not wait for ever."""
    shop.sells("MUG", "10.00", BERLIN=5)
    shop.catalog.save(a.delivery("0.00"))
    order = shop.delivered(("MUG", 2))
    shop.gives_back(order.order_id, "5.00")
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.return_(back.return_id).status == "refunded"
    assert order.refunded == order.captured == a.eur("20.00")
    told = [item.data for item in shop.orders.timeline(order.order_id)]
    assert {"return_id": back.return_id, "refund": {"minor": 1500, "currency": "EUR"}} in told


def test_money_the_storefront_took_is_refunded_there(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG")))
    assert order
    with pytest.raises(NotSupported, match="it can only be refunded there"):
        shop.gives_back(order.order_id, "1.00")


def test_another_currency_is_refused(shop: Shop) -> None:
    order = paid(shop)
    with pytest.raises(InvalidCommand, match="the order is in EUR"):
        refund.grant_refund(
            order.order_id,
            WantedRefund(reason=RefundReason.GOODWILL, amount=Money.parse("1", "USD")),
            "key",
            by="ann",
            orders=shop.orders,
            gateway=shop.gateway,
            clock=shop.clock,
        )
