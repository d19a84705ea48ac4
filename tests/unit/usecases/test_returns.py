"""Returns: asked for in time, counted as they come, paid back once and to the cent."""

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import refunding
from doorstep.domain.errors import (
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    ProviderUnavailable,
    QuantityExceeded,
    ReturnRefused,
)
from doorstep.domain.money import total
from doorstep.domain.order import LineKind, OrderStatus, PaymentState, ReturnState
from doorstep.domain.refunds import RefundRule
from doorstep.domain.returns import ReturnStatus
from doorstep.usecases.refund import refund_return
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def test_a_return_has_a_label_and_goes_back_to_where_it_came_from(shop: Shop) -> None:
    shop.sells("MUG", HAMBURG=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 1, "damaged"))
    assert back.return_id == f"{order.order_id}-R1"
    assert back.location_id == "HAMBURG"
    assert back.status is ReturnStatus.APPROVED
    assert back.label in shop.documents.files
    assert shop.queues.tracked("sandbox", back.tracking_number) == order.order_id
    assert shop.order(order.order_id).return_state is ReturnState.REQUESTED


def test_the_window_is_thirty_days_from_the_last_delivery(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    shop.advance(days=30)
    shop.wants_back(order.order_id, a.back("1"), key="in-time")
    shop.advance(seconds=1)
    with pytest.raises(ReturnRefused, match="ended on 2026-04-01"):
        shop.wants_back(order.order_id, a.back("1"), key="late")


def test_nothing_can_be_returned_before_it_was_delivered(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 2))
    with pytest.raises(ReturnRefused):
        shop.wants_back(order.order_id, a.back("1"))


def test_no_more_can_be_returned_than_was_delivered(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2, HAMBURG=2)
    order = shop.shipped(("MUG", 3))
    shop.says(order.shipments[0].shipment_id, "delivered")
    with pytest.raises(QuantityExceeded) as refusal:
        shop.wants_back(order.order_id, a.back("1", 3))
    assert refusal.value.available == 2


def test_faults_are_named_at_their_path(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    with pytest.raises(InvalidCommand) as refusal:
        shop.wants_back(order.order_id, a.back("1"), a.back("9"), a.back("1"))
    assert set(refusal.value.faults) == {"lines.1.line_id", "lines.2.line_id"}


def test_the_same_request_again_is_the_same_return(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 3))
    first = shop.wants_back(order.order_id, a.back("1", 2))
    assert shop.wants_back(order.order_id, a.back("1", 2)) == first
    assert shop.order(order.order_id).lines[0].return_requested == 2
    with pytest.raises(IdempotencyKeyReused):
        shop.wants_back(order.order_id, a.back("1", 1))


def test_a_label_that_fails_is_bought_by_the_repeat(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 3))
    shop.carrier.down = True
    with pytest.raises(ProviderUnavailable):
        shop.wants_back(order.order_id, a.back("1"))
    shop.carrier.down = False
    assert shop.wants_back(order.order_id, a.back("1")).label
    assert len(shop.order(order.order_id).returns) == 1


def test_refund_for_units_received_not_announced(shop: Shop) -> None:
    """spree PR#14574, PR#14678."""
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 3))
    back = shop.wants_back(order.order_id, a.back("1", 3))
    shop.counts(back.return_id, L1=2)
    assert shop.at("BERLIN", "MUG") == (4, 4, 0)
    shop.settle(times=2)
    order = shop.order(order.order_id)
    (charge,) = shop.gateway.charges.values()
    assert charge.refunded == order.refunded == a.eur("20.00")
    assert order.return_(back.return_id).status is ReturnStatus.REFUNDED
    assert order.payment_state is PaymentState.PARTIALLY_REFUNDED
    assert (order.lines[0].return_requested, order.lines[0].returned) == (2, 2)


def test_a_returned_unit_cannot_be_returned_again(shop: Shop) -> None:
    """Invariant 3."""
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    with pytest.raises(QuantityExceeded):
        shop.wants_back(order.order_id, a.back("1"), key="again")
    with pytest.raises(IllegalTransition):
        shop.counts(back.return_id, L1=1)


def test_units_that_did_not_come_may_be_announced_again(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=1)
    again = shop.wants_back(order.order_id, a.back("1"), key="again")
    shop.counts(again.return_id, L1=1)
    shop.settle()
    (charge,) = shop.gateway.charges.values()
    assert charge.refunded == a.eur("20.00")


def test_nothing_that_came_is_nothing_owed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id)
    shop.settle()
    assert shop.order(order.order_id).return_(back.return_id).status is ReturnStatus.CLOSED
    (charge,) = shop.gateway.charges.values()
    assert not charge.refunded


def test_damaged_units_are_paid_back_and_not_sold_again(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2, "damaged"))
    shop.counts(back.return_id, L1=(2, 1))
    shop.settle()
    level = shop.memory.places["MUG", "BERLIN"]
    assert (level.on_hand, level.available, level.unsellable) == (5, 4, 1)
    assert shop.left("MUG") == (4, 0)
    assert shop.order(order.order_id).refunded == a.eur("20.00")


def test_the_same_count_again_is_taken_for_a_repeat(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    for _ in range(2):
        shop.counts(back.return_id, L1=(2, 1))
    assert shop.memory.places["MUG", "BERLIN"].on_hand == 5
    with pytest.raises(IllegalTransition):
        shop.counts(back.return_id, L1=(2, 2))


def test_a_count_cannot_exceed_what_was_announced_nor_name_other_lines(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 3))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    with pytest.raises(QuantityExceeded):
        shop.counts(back.return_id, L1=3)
    with pytest.raises(QuantityExceeded):
        shop.counts(back.return_id, L1=(1, 2))
    with pytest.raises(InvalidCommand):
        shop.counts(back.return_id, L9=1)


def test_shares_of_discount_and_tax_come_back_to_the_cent(shop: Shop) -> None:
    """Discount and tax share on partial returns and refunds: vendure#890, medusa#13405."""
    shop.sells("MUG", BERLIN=9)
    sold = a.sold(
        "1", "MUG", 3, "4.00", discount=a.eur("2.00"), tax=a.eur("1.60"), total=a.eur("10.00")
    )
    order = shop.hears(a.storefront_order(sold))
    assert order
    shop.settle()
    for one in shop.order(order.order_id).fulfillment_orders:
        shop.packs(one.fulfillment_order_id)
    shop.settle()
    (shipment,) = shop.order(order.order_id).shipments
    shop.says(shipment.shipment_id, "delivered")
    refunds = []
    for number in range(3):
        back = shop.wants_back(order.order_id, a.back("1"), key=f"r{number}")
        shop.counts(back.return_id, L1=1)
        refunds.append(shop.order(order.order_id).return_(back.return_id).refund)
    assert refunds == [a.eur("3.33"), a.eur("3.33"), a.eur("3.34")]
    assert total(refunds, "EUR") == sold.total


def test_a_return_from_one_of_two_locations_refunds_what_its_parcel_captured(shop: Shop) -> None:
    """Units that are packed but not captured elsewhere are not paid back."""
    shop.sells("MUG", "0.05", BERLIN=2, HAMBURG=2)
    order = shop.packed(("MUG", 3))
    near, _ = order.fulfillment_orders
    shop.ships(near.fulfillment_order_id)
    shop.says(f"{near.fulfillment_order_id}-P1", "delivered")
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.return_(back.return_id).refund == a.eur("0.10")


def test_delivery_is_not_refunded_and_never_more_than_was_captured(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.refunded == a.eur("20.00")
    assert order.captured == a.eur("24.90")


def test_no_more_is_asked_back_than_was_captured(shop: Shop) -> None:
    """Invariant 4, whatever else went wrong."""
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    order = shop.counts(back.return_id, L1=2)
    (payment,) = order.payments
    less = [
        event.model_copy(update={"amount": a.eur("15.00")}) if event.action == "capture" else event
        for event in payment.events
    ]
    order = order.with_payment(payment.model_copy(update={"events": tuple(less)}))
    owed = order.return_(back.return_id).refund
    assert owed
    newest = RefundRule.NEWEST
    asked = refunding.request(order, back.return_id, owed, rule=newest, at=shop.clock())
    assert asked.payments[0].refunded == a.eur("15.00")


def test_a_second_different_refund_is_not_swallowed_by_a_coarse_key(shop: Shop) -> None:
    """medusa#13433."""
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    for number in (1, 2):
        back = shop.wants_back(order.order_id, a.back("1"), key=f"r{number}")
        shop.counts(back.return_id, L1=1)
        shop.refunds(back.return_id)
    (charge,) = shop.gateway.charges.values()
    assert charge.refunded == a.eur("20.00")


@pytest.mark.parametrize("calls", range(7))
def test_refund_retried_after_a_5xx_refunds_once(shop: Shop, calls: int) -> None:
    """saleor PR#19811; and the same after a crash between any two lines."""
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    ports = Countdown(calls, kill).watching({"orders": shop.orders, "gateway": shop.gateway})
    try:
        refund_return(back.return_id, clock=shop.clock, **ports)
    except Killed:
        shop.check()
    shop.refunds(back.return_id)
    (charge,) = shop.gateway.charges.values()
    assert charge.refunded == shop.order(order.order_id).refunded == a.eur("20.00")
    assert shop.order(order.order_id).return_(back.return_id).status is ReturnStatus.REFUNDED


def test_a_refund_that_nobody_carried_out_is_carried_out_by_the_schedule(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    ports = Countdown(0, kill).watching({"gateway": shop.gateway})
    with pytest.raises(Killed):
        refund_return(back.return_id, orders=shop.orders, clock=shop.clock, **ports)
    shop.expires()
    (charge,) = shop.gateway.charges.values()
    assert not charge.refunded
    shop.advance(minutes=11)
    shop.expires()
    assert charge.refunded == a.eur("20.00")


def test_a_refund_that_is_refused_becomes_work_for_a_person(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2), token=Token.REFUND_DECLINE)
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.settle(times=2)
    order = shop.order(order.order_id)
    assert [item.cause for item in order.work_items] == ["refund_failed"]
    assert order.refunded == a.eur("0")
    assert order.return_(back.return_id).status is ReturnStatus.RECEIVED
    assert "return.refunded" not in shop.heard(order.order_id)


def test_a_refund_that_was_refused_is_asked_for_again_under_another_key(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=5)
    order = shop.delivered(("MUG", 2), token=Token.REFUND_DECLINE)
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.refunds(back.return_id)
    (payment,) = shop.order(order.order_id).payments
    better = payment.model_copy(update={"token": Token.APPROVE})
    shop.orders.commit(shop.order(order.order_id).with_payment(better))
    for _ in range(2):
        refund_return(
            back.return_id,
            orders=shop.orders,
            gateway=shop.gateway,
            clock=shop.clock,
            again=True,
        )
    order = shop.order(order.order_id)
    keys = [event.key for event in order.payments[0].events if event.action == "refund"]
    assert keys == [f"{back.return_id}-refund-T1", f"{back.return_id}-refund-T1-2"]
    assert order.refunded == a.eur("20.00")
    assert order.return_(back.return_id).status is ReturnStatus.REFUNDED


def test_what_a_storefront_took_is_paid_back_there_by_a_person(shop: Shop) -> None:
    """Our provider never saw that money, and is not asked for it."""
    shop.sells("MUG", BERLIN=5)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 2)))
    assert order
    shop.settle()
    for one in shop.order(order.order_id).fulfillment_orders:
        shop.packs(one.fulfillment_order_id)
    shop.settle()
    shop.says(shop.order(order.order_id).shipments[0].shipment_id, "delivered")
    back = shop.wants_back(order.order_id, a.back("1", 2))
    shop.counts(back.return_id, L1=2)
    shop.settle(times=2)
    order = shop.order(order.order_id)
    (item,) = order.work_items
    assert item.cause == "refund_elsewhere"
    assert "storefront" in item.text
    assert order.return_(back.return_id).status is ReturnStatus.CLOSED
    assert not shop.gateway.charges


def test_a_line_that_was_not_shipped_by_us_cannot_come_back(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    book = a.sold("2", None, 1, kind=LineKind.DIGITAL)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 1), book))
    assert order
    shop.settle()
    shop.packs(f"{order.order_id}-F1")
    shop.settle()
    shop.says(f"{order.order_id}-F1-P1", "delivered")
    assert shop.order(order.order_id).status is OrderStatus.CLOSED
    for wanted in ((a.back("2"),), (a.back("1"), a.back("2"))):
        with pytest.raises(ReturnRefused):
            shop.wants_back(order.order_id, *wanted)


def test_a_final_sale_is_refused_with_the_reason(shop: Shop) -> None:
    shop.catalog.save(a.product("MUG", returnable=False))
    shop.gets("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 1))
    with pytest.raises(ReturnRefused, match=r"Mug \(MUG\) was a final sale"):
        shop.wants_back(order.order_id, a.back("1"))


def test_what_could_be_returned_when_it_was_sold_still_can(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 1))
    shop.catalog.save(a.product("MUG", returnable=False))
    assert shop.wants_back(order.order_id, a.back("1")).lines[0].quantity == 1


def test_a_return_of_an_unknown_order_is_not_found(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.wants_back("O-NOWHERE", a.back("1"))


def test_what_the_customer_keeps_may_be_announced_again(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 2))
    back = shop.wants_back(order.order_id, a.back("1", 2))
    for _ in range(2):
        assert shop.keeps(back.return_id).status is ReturnStatus.CANCELED
    assert shop.order(order.order_id).return_state is ReturnState.NONE
    assert shop.heard(order.order_id).count("return.canceled") == 1
    with pytest.raises(IllegalTransition):
        shop.counts(back.return_id, L1=2)
    again = shop.wants_back(order.order_id, a.back("1", 2), key="r2")
    shop.counts(again.return_id, L1=2)
    with pytest.raises(IllegalTransition):
        shop.keeps(again.return_id)
    shop.check()
