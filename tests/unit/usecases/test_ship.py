"""Ship: packed, paid parcel by parcel, labeled, handed over, followed to the doorstep."""

from datetime import timedelta
from itertools import permutations

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import capturing
from doorstep.domain.errors import (
    CaptureDeclined,
    IllegalTransition,
    InvalidCommand,
    NotFound,
    PaymentOutcomeUnknown,
    ProviderUnavailable,
)
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.money import total
from doorstep.domain.order import FulfillmentState, Order, OrderStatus, PaymentState
from doorstep.domain.shipment import ShipmentStatus
from doorstep.ports import CarrierNews, Label
from doorstep.usecases import ship
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def first(order: Order) -> str:
    return order.fulfillment_orders[0].fulfillment_order_id


# --- release and pack -----------------------------------------------------------------------------


def test_an_answer_before_the_token_is_stored_is_tried_again(shop: Shop) -> None:
    """A callback arrives before its task token is stored, twice, or after the time-out."""
    shop.sells("MUG", BERLIN=5)
    key = first(shop.sold(("MUG", 1)))
    shop.releases(key, token="t1")
    shop.packs(key)
    shop.workflow.waiting.clear()
    with pytest.raises(ProviderUnavailable):
        ship.wake(key, orders=shop.orders, workflow=shop.workflow)
    shop.releases(key, token="t2")
    assert shop.workflow.woken == {"t2": ""}
    for _ in range(2):
        ship.wake(key, orders=shop.orders, workflow=shop.workflow)
    assert shop.workflow.woken == {"t2": ""}


def test_a_release_that_runs_twice_releases_once_and_the_newest_token_counts(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    key = first(shop.sold(("MUG", 1)))
    shop.releases(key, token="t1")
    shop.releases(key, token="t2")
    assert shop.workflow.waiting == {key: "t2"}
    assert shop.heard(key.rpartition("-")[0]).count("fulfillment_order.released") == 1


def test_packing_takes_exactly_what_the_fulfillment_order_holds(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    key = first(shop.sold(("MUG", 2)))
    shop.releases(key)
    for wrong in (a.parcel(L1=1), a.parcel(L1=3), a.parcel(L1=2, L2=1), a.parcel(L9=2)):
        with pytest.raises(InvalidCommand):
            shop.packs(key, wrong)
    shop.packs(key, a.parcel(L1=1), a.parcel(L1=1))
    assert len(shop.order_of(key).shipments) == 2


def test_the_same_packing_twice_is_packed_once_and_another_is_refused(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    key = first(shop.sold(("MUG", 2)))
    shop.releases(key)
    for _ in range(2):
        order = shop.packs(key, a.parcel(L1=1), a.parcel(L1=1))
    assert order.lines[0].settled_units == 2
    with pytest.raises(IllegalTransition):
        shop.packs(key, a.parcel(L1=2))


def test_what_waits_for_its_money_cannot_be_packed_anew(shop: Shop) -> None:
    """Its parcels carry shares already; others would carry them twice."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), ("MUG", 1), token=Token.CAPTURE_DECLINE)
    with pytest.raises(CaptureDeclined):
        shop.captures(first(order))
    with pytest.raises(IllegalTransition):
        shop.packs(first(order), a.parcel(L1=1), a.parcel(L1=1, L2=1))
    assert shop.order(order.order_id).shipments == order.shipments


def test_a_fulfillment_order_that_is_not_released_cannot_be_packed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    key = first(shop.sold(("MUG", 2)))
    with pytest.raises(IllegalTransition):
        shop.packs(key)


# --- money ----------------------------------------------------------------------------------------


def test_shares_of_parcels_add_up_to_the_order_to_the_cent(shop: Shop) -> None:
    """Several parcels, carriers and tracking numbers per order: vendure#3588."""
    shop.sells("MUG", "3.33", BERLIN=9)
    shop.sells("CUP", "0.01", BERLIN=9)
    order = shop.sold(("MUG", 3), ("CUP", 2))
    shop.releases(first(order))
    order = shop.packs(first(order), a.parcel(L1=2), a.parcel(L1=1, L2=1), a.parcel(L2=1))
    amounts = [shipment.amount for shipment in order.shipments]
    assert amounts == [a.eur("11.56"), a.eur("3.34"), a.eur("0.01")]
    assert total(amounts, "EUR") == order.totals.total


def test_a_second_locations_parcel_captures_its_own_share(shop: Shop) -> None:
    """The second shipment's share is captured too: spree#6339."""
    shop.sells("MUG", "10.00", BERLIN=2, HAMBURG=2)
    order = shop.packed(("MUG", 3))
    one, two = order.fulfillment_orders
    shop.ships(two.fulfillment_order_id)
    order = shop.order(order.order_id)
    (charge,) = shop.gateway.charges.values()
    assert order.captured == charge.captured == a.eur("10.00")
    assert order.payment_state is PaymentState.PARTIALLY_CAPTURED
    shop.ships(one.fulfillment_order_id)
    order = shop.order(order.order_id)
    assert order.captured == charge.captured == order.totals.total == a.eur("34.90")
    assert order.payment_state is PaymentState.CAPTURED


def test_capture_called_on_a_captured_payment_takes_nothing(shop: Shop) -> None:
    """medusa#11090."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2))
    for _ in range(3):
        shop.captures(first(order))
    (charge,) = shop.gateway.charges.values()
    assert charge.captured == order.totals.total


def test_a_capture_that_is_done_but_not_answered_is_captured_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_TIMEOUT_AFTER)
    with pytest.raises(PaymentOutcomeUnknown):
        shop.captures(first(order))
    assert shop.order(order.order_id).payments[0].claimed == order.totals.total
    shop.captures(first(order))
    (charge,) = shop.gateway.charges.values()
    assert charge.captured == shop.order(order.order_id).captured == order.totals.total


def test_the_intent_to_capture_is_written_before_the_provider_is_called(shop: Shop) -> None:
    """Invariant 8: a crash leaves something to reconcile."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2))
    ports = Countdown(0, kill).watching({"gateway": shop.gateway})
    with pytest.raises(Killed):
        ship.capture(first(order), orders=shop.orders, clock=shop.clock, **ports)
    (intent,) = [e for e in shop.order(order.order_id).payments[0].events if e.action == "capture"]
    assert (intent.outcome, intent.amount) == ("requested", order.totals.total)
    assert intent.key == f"{first(order)}-P1-capture-T1"


@pytest.mark.parametrize("calls", range(8))
def test_a_crash_between_any_two_lines_of_a_capture_is_healed_by_a_repeat(
    shop: Shop, calls: int
) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    shop.releases(first(order))
    shop.packs(first(order), a.parcel(L1=1), a.parcel(L1=1))
    ports = Countdown(calls, kill).watching({"orders": shop.orders, "gateway": shop.gateway})
    try:
        ship.capture(first(order), clock=shop.clock, **ports)
    except Killed:
        shop.check()
    shop.captures(first(order))
    (charge,) = shop.gateway.charges.values()
    assert charge.captured == shop.order(order.order_id).captured == order.totals.total


def test_a_declined_capture_at_pack_time_holds_retries_then_cancels(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_DECLINE)
    key = first(order)
    for _ in range(2):
        with pytest.raises(CaptureDeclined, match="do_not_honor"):
            shop.captures(key)
    order = shop.order(order.order_id)
    one = order.fulfillment_order(key)
    assert (one.status, one.reason) == (FulfillmentStatus.ON_HOLD, "do_not_honor")
    assert [item.cause for item in order.work_items] == ["capture_declined"]
    assert order.payments[0].claimed == a.eur("0")
    with pytest.raises(IllegalTransition):
        shop.dispatches(key)


def test_a_held_fulfillment_order_goes_on_where_it_stopped_in_a_new_execution(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2), token=Token.CAPTURE_DECLINE)
    shop.settle()
    key = first(shop.order(order.order_id))
    shop.packs(key)
    shop.settle()
    assert shop.fulfillment_order(key).status is FulfillmentStatus.ON_HOLD
    # The customer gives another card.
    (payment,) = shop.order(order.order_id).payments
    better = payment.model_copy(update={"token": Token.APPROVE})
    shop.orders.commit(shop.order(order.order_id).with_payment(better))
    ship.retry(key, orders=shop.orders)
    shop.settle(times=2)
    assert list(shop.workflow.started) == [key, f"{key}-try2"]
    assert shop.fulfillment_order(key).status is FulfillmentStatus.SHIPPED
    assert shop.order(order.order_id).captured == order.totals.total


def test_a_refused_capture_is_asked_again_under_another_key(shop: Shop) -> None:
    """The provider would answer the old key with the old refusal."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2), token=Token.CAPTURE_DECLINE)
    key = first(order)
    for _ in range(3):
        with pytest.raises(CaptureDeclined):
            shop.captures(key)
        ship.retry(key, orders=shop.orders)
    keys = [e.key for e in shop.order(order.order_id).payments[0].events if e.action == "capture"]
    tried = f"{key}-P1-capture-T1"
    assert keys == [tried, f"{tried}-2", f"{tried}-3"]


def test_claims_never_exceed_what_is_authorized(shop: Shop) -> None:
    shop.sells("MUG", "10.00", BERLIN=2, HAMBURG=2)
    order = shop.packed(("MUG", 3))
    (payment,) = order.payments
    less = payment.model_copy(
        update={"events": (payment.events[0].model_copy(update={"amount": a.eur("25.00")}),)}
    )
    order = order.with_payment(less)
    large, small = order.shipments
    key, at = payment.payment_id, shop.clock()
    claimed, _, _ = capturing.claim(order, large, key, large.amount, at=at)
    with pytest.raises(CaptureDeclined, match=r"0\.10 EUR is authorized, 10\.00 EUR is needed"):
        capturing.claim(claimed, small, key, small.amount, at=at)


# --- labels and handover --------------------------------------------------------------------------


def test_every_parcel_gets_its_label_and_number(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    key = first(order)
    shop.releases(key)
    shop.packs(key, a.parcel(L1=1), a.parcel(L1=1))
    shop.captures(key)
    for _ in range(2):
        shop.labels(key)
    order = shop.order(order.order_id)
    assert [s.tracking_number for s in order.shipments] == ["T0001", "T0002"]
    assert set(shop.documents.files) == {f"labels/{key}-P1.pdf", f"labels/{key}-P2.pdf"}
    assert shop.heard(order.order_id).count("shipment.label_bought") == 2


def test_a_label_that_fails_is_bought_by_the_repeat(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2))
    shop.carrier.down = True
    with pytest.raises(ProviderUnavailable):
        shop.labels(first(order))
    shop.carrier.down = False
    shop.labels(first(order))
    assert shop.order(order.order_id).shipments[0].tracking_number == "T0001"


def test_on_hand_falls_when_the_parcel_leaves_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 2))
    assert shop.at("BERLIN", "MUG") == (5, 3, 2)
    for _ in range(2):
        shop.ships(first(order))
    assert shop.at("BERLIN", "MUG") == (3, 3, 0)
    assert shop.order(order.order_id).fulfillment_state is FulfillmentState.SHIPPED


def test_partial_fulfillment_reduces_only_what_was_fulfilled(shop: Shop) -> None:
    """medusa PR#9736."""
    shop.sells("MUG", BERLIN=2, HAMBURG=2)
    order = shop.packed(("MUG", 3))
    shop.ships(first(order))
    order = shop.order(order.order_id)
    assert (order.lines[0].shipped, order.lines[0].allocated) == (2, 3)
    assert order.fulfillment_state is FulfillmentState.PARTIALLY_SHIPPED
    assert (shop.at("BERLIN", "MUG"), shop.at("HAMBURG", "MUG")) == ((0, 0, 0), (2, 1, 1))


def test_a_step_that_fails_for_good_is_set_aside_and_resumed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    shop.settle()
    key = first(shop.order(order.order_id))
    shop.carrier.down = True
    shop.packs(key)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_order(key).status is FulfillmentStatus.EXCEPTION
    assert [item.cause for item in order.work_items] == ["workflow_failed"]
    shop.carrier.down = False
    ship.retry(key, orders=shop.orders)
    shop.settle()
    assert shop.fulfillment_order(key).status is FulfillmentStatus.SHIPPED
    assert shop.order(order.order_id).captured == order.totals.total


def test_set_aside_comes_too_late_for_what_has_left(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 2))
    ship.set_aside(first(order), "odd", orders=shop.orders, clock=shop.clock)
    assert shop.fulfillment_order(first(order)).status is FulfillmentStatus.SHIPPED


# --- on the way -----------------------------------------------------------------------------------


def test_delivered_closes_the_fulfillment_order_and_the_order_when_all_are(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2, HAMBURG=2)
    order = shop.shipped(("MUG", 3))
    one, two = order.shipments
    shop.says(one.shipment_id, "delivered")
    order = shop.order(order.order_id)
    assert order.fulfillment_orders[0].status is FulfillmentStatus.DELIVERED
    assert order.fulfillment_state is FulfillmentState.PARTIALLY_DELIVERED
    assert order.status is OrderStatus.PLACED
    shop.says(two.shipment_id, "delivered")
    order = shop.order(order.order_id)
    assert order.fulfillment_state is FulfillmentState.DELIVERED
    assert order.status is OrderStatus.CLOSED


JOURNEY = ["in_transit", "out_for_delivery", "exception", "delivered"]


@pytest.mark.parametrize("order_of_arrival", list(permutations(range(4))))
def test_carrier_events_late_twice_and_out_of_order_end_the_same(
    shop: Shop, order_of_arrival: tuple[int, ...]
) -> None:
    """`delivered` then an older `in_transit`: karrio#660, woocommerce-services#1449."""
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 1))
    key = order.shipments[0].shipment_id
    for number in order_of_arrival:
        at = shop.clock() + timedelta(hours=number)
        assert shop.says(key, JOURNEY[number], at)
        assert not shop.says(key, JOURNEY[number], at)
    shipment = shop.order(order.order_id).shipment(key)
    assert shipment.status is ShipmentStatus.DELIVERED
    assert shipment.delivered_at == shop.clock() + timedelta(hours=3)
    assert shop.order(order.order_id).status is OrderStatus.CLOSED


def test_delivered_before_it_was_dispatched_is_counted_when_it_is(shop: Shop) -> None:
    """The carrier may be faster than our workflow."""
    shop.sells("MUG", BERLIN=5)
    order = shop.packed(("MUG", 1))
    key = first(order)
    shop.captures(key)
    shop.labels(key)
    shop.says(f"{key}-P1", "delivered")
    assert shop.order(order.order_id).lines[0].delivered == 0
    shop.dispatches(key)
    order = shop.order(order.order_id)
    assert order.lines[0].delivered == 1
    assert order.status is OrderStatus.CLOSED
    assert shop.fulfillment_order(key).status is FulfillmentStatus.DELIVERED


def test_a_parcel_that_goes_back_was_still_delivered_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 1))
    key = order.shipments[0].shipment_id
    shop.says(key, "return_to_sender", shop.clock() + timedelta(days=1))
    shipment = shop.order(order.order_id).shipment(key)
    assert shipment.status is ShipmentStatus.RETURN_TO_SENDER
    assert shop.order(order.order_id).lines[0].delivered == 1


def test_parcels_under_one_number_arrive_together(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    key = first(order)
    label = Label(carrier="sandbox", tracking_number="MASTER", pdf=b"%PDF-")
    shop.carrier.labels = {f"{key}-P{number}": label for number in (1, 2)}
    shop.releases(key)
    shop.packs(key, a.parcel(L1=1), a.parcel(L1=1))
    shop.ships(key)
    assert shop.says(f"{key}-P1", "delivered")
    assert not shop.says(f"{key}-P2", "delivered")
    order = shop.order(order.order_id)
    assert all(shipment.delivered_at for shipment in order.shipments)
    assert order.status is OrderStatus.CLOSED


def test_a_number_that_a_carrier_uses_again_is_about_the_newest_parcel(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    label = Label(carrier="sandbox", tracking_number="AGAIN", pdf=b"%PDF-")
    old, new = (shop.packed(("MUG", 1), key=key) for key in ("a", "b"))
    for order in (old, new):
        shop.carrier.labels[f"{first(order)}-P1"] = label
        shop.ships(first(order))
    shop.says(f"{first(new)}-P1", "delivered")
    assert shop.order(new.order_id).shipments[0].delivered_at
    assert not shop.order(old.order_id).shipments[0].delivered_at


def test_news_of_a_number_that_nobody_knows_yet_is_tried_again(shop: Shop) -> None:
    news = CarrierNews(
        carrier="sandbox", tracking_number="T1", tracking=a.said("in_transit", shop.clock())
    )
    with pytest.raises(NotFound):
        ship.track(news, orders=shop.orders, queues=shop.queues)


def test_news_of_a_return_on_its_way_is_nothing_yet(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 1))
    back = shop.wants_back(order.order_id, a.back("1"))
    news = CarrierNews(
        carrier=back.carrier,
        tracking_number=back.tracking_number,
        tracking=a.said("in_transit", shop.clock()),
    )
    assert not ship.track(news, orders=shop.orders, queues=shop.queues)


@pytest.mark.parametrize("times", [1, 2])
def test_a_whole_life_with_every_message_delivered_once_or_twice(shop: Shop, times: int) -> None:
    """Invariant 7."""
    shop.sells("MUG", "9.99", BERLIN=2, HAMBURG=5)
    order = shop.buys(("MUG", 3), ("MUG", 1))
    shop.settle(times)
    for one in shop.order(order.order_id).fulfillment_orders:
        for _ in range(times):
            shop.packs(one.fulfillment_order_id)
    shop.settle(times)
    for shipment in shop.order(order.order_id).shipments:
        for _ in range(times):
            shop.says(shipment.shipment_id, "delivered")
    shop.settle(times)
    order = shop.order(order.order_id)
    assert order.status is OrderStatus.CLOSED
    (charge,) = shop.gateway.charges.values()
    assert charge.captured == order.totals.total
    back = shop.wants_back(order.order_id, a.back("1", 2))
    for _ in range(times):
        shop.counts(back.return_id, L1=2)
    shop.settle(times)
    assert charge.refunded == a.eur("19.98")
