"""The promise ledger: each step's time, and whether the promise is on track, at risk, kept, broken.

Ordered on a Monday at 10:00: to be handed over on Tuesday, to be there on Friday.
"""

from datetime import datetime, timedelta

import pytest

from doorstep.domain.order import Order
from doorstep.domain.promise import Promise
from doorstep.domain.promise_ledger import PromiseLedger, PromiseState, promise_ledger
from tests.shop import Shop


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.sells("MUG", BERLIN=1, HAMBURG=2)
    return shop


def ledger(shop: Shop, order: Order) -> PromiseLedger:
    found = promise_ledger(shop.order(order.order_id), at=shop.clock())
    assert found
    return found


def promised(order: Order) -> Promise:
    assert order.promise
    return order.promise


def late(shop: Shop, until: datetime) -> None:
    """A second too late."""
    shop.clock.now = until + timedelta(seconds=1)


def test_each_step_has_its_time_and_an_arrival_in_time_keeps_the_promise(shop: Shop) -> None:
    order = shop.buys(("MUG", 1))
    assert ledger(shop, order).state is PromiseState.ON_TRACK
    assert set(ledger(shop, order).steps.model_dump().values()) == {None}
    times = [shop.clock()]
    shop.allocates(order.order_id)
    key = f"{order.order_id}-F1"
    for step in (lambda: shop.packs(key), lambda: shop.ships(key)):
        shop.advance(hours=1)
        times.append(shop.clock())
        if len(times) == 2:
            shop.releases(key)
        step()
    shop.advance(days=2)
    times.append(shop.clock())
    shop.says(f"{key}-P1", "delivered")
    found = ledger(shop, order)
    assert [at for at in found.steps.model_dump().values() if at] == times
    assert (found.state, found.late) == (PromiseState.KEPT, ())
    late(shop, promised(order).deliver_by)
    assert ledger(shop, order).state is PromiseState.KEPT


def test_a_step_is_done_with_the_last_unit(shop: Shop) -> None:
    order = shop.sold(("MUG", 3))
    first, second = (one.fulfillment_order_id for one in order.fulfillment_orders)
    shop.releases(first)
    shop.packs(first)
    assert ledger(shop, order).steps.allocated_at
    assert not ledger(shop, order).steps.packed_at
    shop.advance(hours=1)
    shop.releases(second)
    shop.packs(second)
    assert ledger(shop, order).steps.packed_at == shop.clock()


def test_a_location_that_does_not_hand_over_puts_it_at_risk_before_it_breaks(shop: Shop) -> None:
    order = shop.sold(("MUG", 1))
    shop.clock.now = promised(order).ship_by
    assert ledger(shop, order).state is PromiseState.ON_TRACK
    late(shop, promised(order).ship_by)
    found = ledger(shop, order)
    assert (found.state, found.late) == (PromiseState.AT_RISK, (f"{order.order_id}-F1",))
    late(shop, promised(order).deliver_by)
    found = ledger(shop, order)
    assert (found.state, found.late) == (PromiseState.BROKEN, (f"{order.order_id}-F1",))


def test_an_order_without_a_place_is_at_risk_when_it_should_have_left(shop: Shop) -> None:
    order = shop.buys(("MUG", 1))
    late(shop, promised(order).ship_by)
    assert ledger(shop, order).state is PromiseState.AT_RISK


def test_a_late_arrival_breaks_it_for_good(shop: Shop) -> None:
    order = shop.shipped(("MUG", 1))
    key = f"{order.order_id}-F1-P1"
    late(shop, promised(order).deliver_by)
    assert (ledger(shop, order).state, ledger(shop, order).late) == (PromiseState.BROKEN, (key,))
    shop.says(key, "delivered")
    assert (ledger(shop, order).state, ledger(shop, order).late) == (PromiseState.BROKEN, (key,))


def test_what_was_canceled_need_not_arrive(shop: Shop) -> None:
    order = shop.sold(("MUG", 3))
    first = order.fulfillment_orders[0]
    shop.releases(first.fulfillment_order_id)
    shop.packs(first.fulfillment_order_id)
    shop.cancels(order.order_id)
    shop.ships(first.fulfillment_order_id)
    shop.says(f"{first.fulfillment_order_id}-P1", "delivered")
    assert ledger(shop, order).state is PromiseState.KEPT


def test_nothing_promised_and_nothing_left_have_no_ledger(shop: Shop) -> None:
    order = shop.sold(("MUG", 1))
    assert promise_ledger(order.changed(promise=None), at=shop.clock()) is None
    shop.cancels(order.order_id)
    assert promise_ledger(shop.order(order.order_id), at=shop.clock()) is None


# --- parcels at risk ------------------------------------------------------------------------------


def test_a_parcel_that_left_too_late_is_warned_of_at_once_and_before_the_breach(shop: Shop) -> None:
    order = shop.packed(("MUG", 1))
    parcel = f"{order.order_id}-F1-P1"
    late(shop, promised(order).ship_by)
    shop.ships(f"{order.order_id}-F1")
    assert (ledger(shop, order).state, ledger(shop, order).late) == (
        PromiseState.AT_RISK,
        (parcel,),
    )
    shop.advance(seconds=1)
    assert shop.alerts() == (parcel,)
    assert shop.alerts() == ()
    assert shop.order(order.order_id).shipment(parcel).alerts == ("at_risk",)
    late(shop, promised(order).deliver_by)
    assert shop.alerts() == (parcel,)
    assert shop.order(order.order_id).shipment(parcel).alerts == ("at_risk", "late_delivery")
    assert shop.alerts() == ()


def test_whoever_heard_of_the_late_handover_is_not_told_again_that_it_left_late(shop: Shop) -> None:
    order = shop.packed(("MUG", 1))
    late(shop, promised(order).ship_by)
    assert shop.alerts() == (f"{order.order_id}-F1",)
    shop.ships(f"{order.order_id}-F1")
    shop.advance(seconds=1)
    assert shop.alerts() == ()


def test_a_parcel_that_nobody_scans_is_at_risk_by_noon(shop: Shop) -> None:
    order = shop.shipped(("MUG", 1))
    late(shop, promised(order).ship_by + timedelta(hours=11))
    assert shop.alerts() == ()
    assert ledger(shop, order).state is PromiseState.ON_TRACK
    late(shop, promised(order).ship_by + timedelta(hours=12))
    assert ledger(shop, order).state is PromiseState.AT_RISK
    assert shop.alerts() == (f"{order.order_id}-F1-P1",)


def test_a_scan_in_time_clears_it_and_a_late_one_does_not(shop: Shop) -> None:
    order = shop.shipped(("MUG", 2))
    (shipment,) = order.shipments
    shop.advance(hours=5)
    shop.says(shipment.shipment_id, "in_transit")
    late(shop, promised(order).ship_by + timedelta(hours=12))
    assert ledger(shop, order).state is PromiseState.ON_TRACK
    assert shop.alerts() == ()

    slow = Shop()
    slow.sells("MUG", BERLIN=1)
    order = slow.shipped(("MUG", 1))
    late(slow, promised(order).ship_by + timedelta(hours=10))
    slow.says(f"{order.order_id}-F1-P1", "in_transit")
    slow.advance(minutes=1)
    assert slow.alerts() == (f"{order.order_id}-F1-P1",)


def test_a_parcel_that_is_out_for_delivery_in_time_is_on_track_again(shop: Shop) -> None:
    order = shop.shipped(("MUG", 2))
    (shipment,) = order.shipments
    shop.says(shipment.shipment_id, "delayed")
    shop.advance(minutes=1)
    assert ledger(shop, order).state is PromiseState.AT_RISK
    shop.advance(days=1)
    shop.says(shipment.shipment_id, "out_for_delivery")
    assert ledger(shop, order).state is PromiseState.ON_TRACK


def test_the_customer_hears_that_it_may_be_late_before_it_is(shop: Shop) -> None:
    order = shop.shipped(("MUG", 2))
    shop.says(order.shipments[0].shipment_id, "delayed")
    shop.advance(minutes=1)
    shop.alerts()
    shop.settle()
    (mail,) = shop.notifier.mails.values()
    assert "by 2026-03-06. It is on its way but may come later" in mail.text
    assert shop.clock() < promised(order).deliver_by
