"""What rules do with orders: hold them, queue them, and give up on what nobody could ship."""

from datetime import timedelta

import pytest

from doorstep.domain.errors import IllegalTransition
from doorstep.domain.order import OrderStatus, PaymentState
from doorstep.domain.work import WorkItemStatus
from tests import builders as a
from tests.shop import Shop

DEAR = {"total_from": {"minor": 10_000, "currency": "EUR"}}
HOLD = {"name": "dear", "do": "hold", "orders": DEAR, "reason": "worth a look"}
QUEUE = {"name": "vip", "do": "queue", "orders": {"customers": ["ada"]}}
GIVE_UP = {"name": "two-hours", "do": "cancel_after", "hours": 2, "reason": "sold out"}


def open_items(shop: Shop, order_id: str) -> list[str]:
    items = shop.order(order_id).work_items
    return [item.cause for item in items if item.status is WorkItemStatus.OPEN]


# --- hold -----------------------------------------------------------------------------------------


def test_an_order_is_held_by_a_rule_until_somebody_releases_it(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[HOLD])
    order = shop.sold(("MUG", 10))
    (hold,) = order.holds
    assert (hold.hold_id, hold.reasons, hold.by) == ("rules-dear", ("worth a look",), "web@1")
    assert order.fulfillment_orders == ()
    shop.releases_hold(order.order_id, "rules-dear")
    shop.settle(times=2)
    assert len(shop.order(order.order_id).fulfillment_orders) == 1
    assert shop.heard(order.order_id).count("order.held") == 1
    shop.check()


def test_an_order_that_does_not_match_goes_on(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[HOLD])
    assert len(shop.sold(("MUG", 1)).fulfillment_orders) == 1


def test_a_message_that_comes_twice_holds_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[HOLD, QUEUE])
    order = shop.buys(("MUG", 10))
    shop.settle(times=2)
    assert shop.heard(order.order_id).count("order.held") == 2
    assert [hold.hold_id for hold in shop.order(order.order_id).holds] == [
        "rules-dear",
        "rules-vip",
    ]


# --- queue ----------------------------------------------------------------------------------------


def test_an_order_waits_in_a_queue_until_somebody_asks_for_it(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[QUEUE])
    order = shop.sold(("MUG", 1))
    (item,) = order.work_items
    assert (item.cause, item.text) == ("queued", "To be routed: vip.")
    shop.advance(hours=5)
    shop.tries_again()
    assert shop.order(order.order_id).fulfillment_orders == ()
    shop.requests_allocation(order.order_id)
    shop.settle(times=2)
    assert len(shop.order(order.order_id).fulfillment_orders) == 1
    assert open_items(shop, order.order_id) == []
    (hold,) = shop.order(order.order_id).holds
    assert hold.released_by == "ann"
    shop.check()


def test_an_order_that_is_on_hold_besides_does_not_leave_the_queue(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[HOLD, QUEUE])
    order = shop.sold(("MUG", 10))
    with pytest.raises(IllegalTransition):
        shop.requests_allocation(order.order_id)
    assert all(hold.active for hold in shop.order(order.order_id).holds)
    shop.releases_hold(order.order_id, "rules-dear")
    shop.requests_allocation(order.order_id)
    shop.settle()
    assert len(shop.order(order.order_id).fulfillment_orders) == 1


def test_releasing_the_hold_of_a_queue_settles_its_work_item(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[QUEUE])
    order = shop.sold(("MUG", 1))
    shop.releases_hold(order.order_id, "rules-vip")
    assert open_items(shop, order.order_id) == []


def test_canceling_a_queued_order_leaves_nothing_to_do(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=20)
    shop.rules(actions=[QUEUE])
    order = shop.sold(("MUG", 1))
    shop.cancels(order.order_id)
    assert open_items(shop, order.order_id) == []
    assert shop.left("MUG") == (20, 0)


# --- cancel after ---------------------------------------------------------------------------------


def unfillable(shop: Shop) -> str:
    """An order of two mugs, which the only location has rejected."""
    shop.sells("MUG", BERLIN=2)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    shop.settle()
    return order.order_id


def test_what_nobody_could_ship_is_canceled_after_so_long(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP])
    order_id = unfillable(shop)
    shop.advance(hours=1, minutes=59)
    shop.tries_again()
    shop.expires()
    assert shop.order(order_id).status is OrderStatus.PLACED
    shop.advance(minutes=2)
    shop.expires()
    shop.expires()
    shop.settle(times=2)
    order = shop.order(order_id)
    assert (order.status, order.payment_state) == (OrderStatus.CANCELED, PaymentState.VOIDED)
    assert order.cancel_reason == "sold out"
    assert shop.left("MUG") == (2, 0)
    assert shop.heard(order_id).count("order.canceled") == 1
    assert open_items(shop, order_id) == []
    (mail,) = shop.notifier.mails.values()
    assert mail.subject == f"Canceled from your order {order_id}"
    assert "2 × Mug" in mail.text
    shop.check()


def test_what_has_a_location_is_shipped_and_the_rest_is_canceled(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP])
    shop.sells("MUG", "10.00", BERLIN=5, HAMBURG=1)
    shop.sells("CUP", "20.00", HAMBURG=1)
    order = shop.sold(("MUG", 1), ("CUP", 1))
    (whole,) = order.fulfillment_orders
    shop.releases(whole.fulfillment_order_id)
    shop.misses(whole.fulfillment_order_id, L2=1)
    shop.settle()
    shop.advance(hours=3)
    shop.expires()
    order = shop.order(order.order_id)
    assert order.status is OrderStatus.PLACED
    assert [(line.open, line.canceled) for line in order.lines] == [(1, 0), (0, 1)]
    shop.packs(whole.fulfillment_order_id)
    shop.settle()
    order = shop.order(order.order_id)
    (payment,) = order.payments
    assert payment.voided
    assert payment.captured == payment.authorized
    shop.check()


def test_the_clock_runs_from_the_first_look_that_found_nothing(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP, GIVE_UP | {"name": "day", "hours": 24}])
    order_id = unfillable(shop)
    first = shop.order(order_id).cancel_at
    shop.advance(hours=1)
    shop.tries_again()
    assert shop.order(order_id).cancel_at == first


def test_what_has_found_a_location_in_time_is_not_canceled(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP])
    order_id = unfillable(shop)
    shop.gets("MUG", HAMBURG=2)
    shop.advance(hours=1)
    shop.tries_again()
    shop.settle()
    order = shop.order(order_id)
    assert (order.cancel_at, len(order.fulfillment_orders)) == (None, 2)
    shop.advance(hours=5)
    shop.expires()
    assert shop.order(order_id).status is OrderStatus.PLACED


def test_a_hold_stops_the_clock_and_its_end_starts_it_anew(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP])
    order_id = unfillable(shop)
    shop.holds(order_id)
    shop.advance(hours=5)
    shop.expires()
    assert shop.order(order_id).status is OrderStatus.PLACED
    shop.releases_hold(order_id, "h")
    shop.expires()
    shop.settle()
    assert shop.order(order_id).cancel_at == shop.clock() + timedelta(hours=2)


def test_rules_that_give_up_no_more_let_it_wait(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP])
    order_id = unfillable(shop)
    shop.rules(actions=[])
    shop.advance(hours=1)
    shop.tries_again()
    shop.advance(hours=5)
    shop.expires()
    assert shop.order(order_id).status is OrderStatus.PLACED


def test_goods_that_no_stock_holds_are_given_up_as_well(shop: Shop) -> None:
    shop.rules("shopify", actions=[GIVE_UP])
    shop.sells("MUG", BERLIN=1)
    order = shop.hears(a.storefront_order(a.sold("1", "MUG", 3)))
    assert order
    shop.settle()
    shop.advance(hours=3)
    shop.expires()
    (line,) = shop.order(order.order_id).lines
    assert (line.open, line.canceled, line.backordered, line.allocated) == (1, 2, 0, 1)
    shop.check()


def test_what_was_sold_before_its_release_is_not_given_up_before_it(shop: Shop) -> None:
    shop.rules(actions=[GIVE_UP])
    release = shop.clock() + timedelta(days=20)
    shop.saves(a.preordered("MUG", release_at=release))
    order = shop.sold(("MUG", 1))
    assert order.cancel_at == release + timedelta(hours=2)
    shop.advance(days=20)
    shop.tries_again()
    shop.expires()
    assert shop.order(order.order_id).status is OrderStatus.PLACED
    shop.advance(hours=3)
    shop.tries_again()
    shop.expires()
    assert shop.order(order.order_id).status is OrderStatus.CANCELED
    shop.check()
