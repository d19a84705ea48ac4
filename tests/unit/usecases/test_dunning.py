"""A declined capture at pack time: hold, tell the customer, retry, then cancel and restock."""

from contextlib import suppress

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import dunning, placing
from doorstep.domain.dunning import SCHEDULE
from doorstep.domain.errors import (
    CaptureDeclined,
    IdempotencyKeyReused,
    IllegalTransition,
    PaymentDeclined,
)
from doorstep.domain.order import Order, OrderStatus, PaymentState
from doorstep.usecases.cart import Tender
from doorstep.usecases.ingest import AWAITING_PAYMENT
from doorstep.usecases.refund import carry_out_refunds
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def declined(shop: Shop, *pays: Tender) -> Order:
    """Two mugs, packed in two parcels of 16.90 and 12.00 EUR, whose card declines the capture."""
    shop.sells("MUG", BERLIN=5)
    tenders = pays or (a.tender(Token.CAPTURE_DECLINE),)
    order = shop.check_out(a.split_cart(("MUG", 2), pays=tenders)).order
    shop.settle()
    shop.packs(key(order), a.parcel(L1=1), a.parcel(L1=1))
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_orders[0].status == "on_hold"
    return order


def key(order: Order) -> str:
    return f"{order.order_id}-F1"


def asked(order: Order) -> int:
    """How often a capture was asked for."""
    return sum(event.action == "capture" for one in order.payments for event in one.events)


def test_the_customer_is_asked_once_for_another_way_to_pay(shop: Shop) -> None:
    order = declined(shop)
    (one,) = order.fulfillment_orders
    assert one.pay_by == shop.clock() + SCHEDULE.give_up_after
    assert [item.cause for item in order.work_items] == ["capture_declined"]
    for _ in range(2):
        shop.advance(days=1)
        shop.expires()
        shop.settle()
    wanted = [x for x in shop.orders.timeline(order.order_id) if x.name == "payment.wanted"]
    assert [item.data["amount"] for item in wanted] == [{"minor": 2890, "currency": "EUR"}]
    (mail,) = (x for x in shop.notifier.mails.values() if "in another way" in x.subject)
    assert "28.90 EUR of it could not be charged" in mail.text
    assert f"https://shop.example/pay/{key(order)}?token=" in mail.text
    assert shop.order(order.order_id).fulfillment_orders[0].pay_by == one.pay_by


def test_the_money_is_asked_for_again_by_the_schedule_and_then_given_up(shop: Shop) -> None:
    """An hour, a day and three days after the first refusal; after a week it is over."""
    order = declined(shop)
    tried = []
    for hours in range(1, 24 * 8):
        shop.advance(hours=1, seconds=1)
        known = asked(shop.order(order.order_id))
        shop.alerts()
        shop.expires()
        shop.settle(times=2)
        shop.check()
        if asked(shop.order(order.order_id)) > known:
            tried.append(hours)
    assert tried == [1, 24, 72]
    order = shop.order(order.order_id)
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELED, "payment_declined")
    assert shop.left("MUG") == (5, 0)
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    assert not order.payments[0].capturable
    (item,) = (item for item in order.work_items if item.cause == "capture_declined")
    assert item.status == "closed"
    assert "payment.given_up" in shop.heard(order.order_id)


def test_another_card_lets_the_parcels_go_and_frees_the_first(shop: Shop) -> None:
    order = declined(shop)
    for _ in range(2):
        shop.pays_again(key(order))
    shop.settle(times=2)
    order = shop.order(order.order_id)
    first, second = order.payments
    assert order.fulfillment_orders[0].status == "shipped"
    assert (first.amount, first.authorized) == (a.eur("0"), a.eur("0"))
    assert second.captured == order.totals.total == a.eur("28.90")
    assert order.payment_state is PaymentState.CAPTURED
    assert [item.status for item in order.work_items] == ["closed"]
    assert order.fulfillment_orders[0].pay_by is None


def test_another_card_may_decline_too_and_a_third_be_given(shop: Shop) -> None:
    order = declined(shop)
    for _ in range(2):
        with pytest.raises(PaymentDeclined, match="insufficient_funds"):
            shop.pays_again(key(order), Token.DECLINE, "a bad one")
    assert shop.order(order.order_id).fulfillment_orders[0].status == "on_hold"
    with pytest.raises(IdempotencyKeyReused):
        shop.pays_again(key(order), Token.APPROVE, "a bad one")
    shop.pays_again(key(order), Token.APPROVE, "a good one")
    shop.settle()
    order = shop.order(order.order_id)
    assert order.captured == order.totals.total
    assert [str(payment.amount) for payment in order.payments] == [
        "0.00 EUR",
        "0.00 EUR",
        "28.90 EUR",
    ]


def test_only_what_the_declined_tender_owes_is_paid_in_another_way(shop: Shop) -> None:
    order = declined(shop, a.tender(amount="6.00"), a.tender(Token.CAPTURE_DECLINE))
    shop.pays_again(key(order))
    shop.settle()
    order = shop.order(order.order_id)
    assert [str(one.captured) for one in order.payments] == ["6.00 EUR", "0.00 EUR", "22.90 EUR"]


def test_what_is_paid_is_not_asked_for_another_card(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 1))
    with pytest.raises(IllegalTransition, match="not waiting for its payment"):
        shop.pays_again(key(order))
    assert len(shop.order(order.order_id).payments) == 1


def test_another_card_comes_too_late_when_it_is_given_up(shop: Shop) -> None:
    order = declined(shop)
    shop.advance(days=8)
    with pytest.raises(IllegalTransition):
        shop.pays_again(key(order))
    shop.expires()
    assert shop.order(order.order_id).status is OrderStatus.CANCELED


@pytest.mark.parametrize("calls", range(10))
def test_a_crash_while_another_card_is_given_is_healed(shop: Shop, calls: int) -> None:
    order = declined(shop)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.pays_again(key(order))
    vars(shop).update(watched)
    shop.check()
    if calls % 2:
        shop.pays_again(key(order))
    shop.advance(minutes=11)
    shop.expires()
    shop.settle()
    given = len(shop.order(order.order_id).payments) == 2
    assert shop.order(order.order_id).captured == a.eur("28.90" if given else "0.00")
    assert given or not calls % 2


@pytest.mark.parametrize("calls", range(14))
def test_what_was_paid_in_part_is_given_back_before_the_goods_are(shop: Shop, calls: int) -> None:
    """One card pays its part of the first parcel, the other declines, and a crash is healed."""
    order = declined(shop, a.tender(Token.CAPTURE_DECLINE, amount="5.00"), a.tender())
    (first, second) = order.payments
    assert (first.captured, bool(second.captured)) == (a.eur("0"), True)
    shop.advance(days=8)
    watched = {name: getattr(shop, name) for name in ("orders", "gateway")}
    vars(shop).update(Countdown(calls, kill).watching(watched))
    with suppress(Killed):
        shop.expires()
    vars(shop).update(watched)
    shop.check()
    for _ in range(2):
        shop.advance(minutes=11)
        shop.expires()
    order = shop.order(order.order_id)
    assert order.status is OrderStatus.CANCELED
    assert order.refunded == order.captured
    assert order.payment_state is PaymentState.REFUNDED
    assert shop.left("MUG") == (5, 0)


def test_a_capture_that_cannot_be_given_back_is_left_to_a_person(shop: Shop) -> None:
    bad = a.tender(Token.CAPTURE_DECLINE, amount="5.00")
    order = declined(shop, bad, a.tender(Token.REFUND_DECLINE))
    shop.advance(days=8)
    for _ in range(3):
        shop.expires()
    order = shop.order(order.order_id)
    assert {item.cause for item in order.work_items} == {"capture_declined", "refund_failed"}
    assert order.fulfillment_orders[0].status == "on_hold"
    assert order.fulfillment_orders[0].dun_at is None


def test_what_the_storefront_has_not_taken_is_left_to_the_storefront(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG"), paid="0.00"))
    assert order
    agent = placing.release_hold(order, AWAITING_PAYMENT, by="ann", at=shop.clock())
    shop.orders.commit(agent)
    shop.settle()
    shop.packs(key(order))
    shop.settle()
    assert shop.order(order.order_id).fulfillment_orders[0].status == "on_hold"
    shop.advance(days=9)
    shop.expires()
    order = shop.order(order.order_id)
    assert order.status is OrderStatus.PLACED
    assert "payment.wanted" not in shop.heard(order.order_id)


def test_a_parcel_taken_back_is_captured_anew_if_it_leaves_after_all(shop: Shop) -> None:
    """Its first capture was given back: it does not count for the second."""
    bad = a.tender(Token.CAPTURE_DECLINE, amount="5.00")
    order = declined(shop, bad, a.tender())
    (undone,) = shop.orders.commit(dunning.undo(order, key(order), at=shop.clock()))
    ports = {"orders": shop.orders, "gateway": shop.gateway, "clock": shop.clock}
    order = carry_out_refunds(undone, **ports)  # type: ignore[arg-type]
    assert order.refunded == order.captured == a.eur("11.90")
    assert order.fulfillment_orders[0].status == "on_hold"
    first = order.payments[0].model_copy(update={"token": Token.APPROVE})
    shop.orders.commit(order.with_payment(first))
    shop.retries(key(order))
    with suppress(CaptureDeclined):
        shop.ships(key(order))
    order = shop.order(order.order_id)
    assert order.captured - order.refunded == order.totals.total
