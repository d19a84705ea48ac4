"""Delay alerts: when a promise is at risk and when it broke, once per cause, to all concerned."""

from datetime import timedelta

from doorstep.usecases.cart import Buyer
from doorstep.usecases.delays import raise_delays
from tests.shop import Shop

MALLORY = Buyer(email="m@example.org", name="Mallory")
"""Looked at by a person first."""


def causes(shop: Shop, order_id: str) -> list[str]:
    return [item.cause for item in shop.order(order_id).work_items]


def test_a_parcel_that_was_not_handed_over_in_time_is_alerted_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 1))
    key = f"{order.order_id}-F1"
    assert order.promise
    shop.clock.now = order.promise.ship_by
    assert shop.alerts() == ()
    shop.advance(seconds=1)
    assert shop.alerts() == (key,)
    assert shop.alerts() == ()
    assert causes(shop, order.order_id) == ["late_handover"]
    assert shop.heard(order.order_id).count("shipment.delayed") == 1


def test_a_parcel_past_its_promise_is_alerted_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.shipped(("MUG", 1))
    key = f"{order.order_id}-F1-P1"
    assert order.promise
    shop.clock.now = order.promise.deliver_by + timedelta(seconds=1)
    assert shop.alerts() == (key,)
    assert shop.alerts() == ()
    assert causes(shop, order.order_id) == ["late_delivery"]


def test_an_order_that_nobody_can_ship_is_alerted_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 1))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    assert order.promise
    shop.clock.now = order.promise.ship_by
    assert shop.alerts() == ()
    shop.advance(seconds=1)
    assert shop.alerts() == (order.order_id,)
    assert shop.alerts() == ()
    assert causes(shop, order.order_id) == ["waiting_too_long"]


def test_an_order_on_hold_is_alerted_before_its_promise_breaks(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 1), customer=MALLORY)
    assert order.promise
    shop.clock.now = order.promise.ship_by
    shop.advance(seconds=1)
    assert shop.alerts() == (order.order_id,)
    shop.settle()
    (mail,) = shop.notifier.mails.values()
    assert "It has not left yet" in mail.text


def test_the_customer_hears_of_it_once_per_cause(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 1))
    shop.settle()
    shop.past_the_promise()
    for _ in range(2):
        shop.alerts()
        shop.settle(times=2)
    shop.packs(f"{order.order_id}-F1")
    shop.settle()
    shop.alerts()
    shop.settle(times=2)
    subjects = [mail.subject for mail in shop.notifier.mails.values()]
    assert subjects == [f"Your order {order.order_id} is running late"] * 2
    assert causes(shop, order.order_id) == ["late_delivery", "late_handover"]
    (first, _) = shop.notifier.mails.values()
    assert first.to == "ada@example.org"
    assert "2026-03-06" in first.text


def test_what_has_arrived_or_is_canceled_is_not_late(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.delivered(("MUG", 1))
    canceled = shop.sold(("MUG", 1), key="cart-2")
    shop.cancels(canceled.order_id)
    shop.past_the_promise()
    assert shop.alerts() == ()


def test_a_record_that_is_read_from_a_stale_index_decides_itself(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.delivered(("MUG", 1))
    shop.past_the_promise()

    class Stale:
        def due(self, queue: str, before: object, limit: int) -> list[str]:
            del before, limit
            found = {"unallocated": "", "handover": "-F1", "delivery": "-F1-P1"}[queue]
            return [f"{order.order_id}{found}", f"O-GONE{found}"]

    raised = raise_delays(orders=shop.orders, queues=Stale(), clock=shop.clock)  # type: ignore[arg-type]
    assert raised == ()
