"""Storefront orders: placed once, followed afterwards, never refused."""

from datetime import timedelta
from itertools import permutations

import pytest

from doorstep.domain import placing
from doorstep.domain.errors import NotFound
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import FulfillmentState, LineKind, Order, OrderStatus, PaymentState
from doorstep.domain.storefront import Ignored, StorefrontOrder
from doorstep.usecases.ingest import ALREADY_FULFILLED, AWAITING_PAYMENT
from tests import builders as a
from tests.shop import Countdown, Shop

ID = "820982911946154508"
HOUR = timedelta(hours=1)


def heard(shop: Shop, *news: StorefrontOrder) -> Order:
    for one in news:
        order = shop.hears(one)
        assert order
    return shop.order(order.order_id)


def causes(order: Order) -> list[str]:
    return [item.cause for item in order.work_items]


def active_holds(order: Order) -> list[str]:
    return [hold.hold_id for hold in order.holds if hold.active]


def test_an_order_is_placed_as_it_was_sold_and_goes_its_way(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2, "9.99")))
    assert order.status is OrderStatus.PLACED
    assert (order.external_id, order.external_name) == (ID, "#1001")
    assert order.totals.total == order.captured == a.eur("24.88")
    assert order.payment_state is PaymentState.CAPTURED
    assert shop.left("MUG") == (3, 2)
    shop.settle()
    shop.packs(f"{order.order_id}-F1")
    shop.settle()
    assert shop.order(order.order_id).fulfillment_state is FulfillmentState.SHIPPED
    assert not shop.gateway.charges


def test_the_same_order_is_placed_once_and_its_stock_reduced_once(shop: Shop) -> None:
    """Webhook and checkout both report the same order: woocommerce#38786."""
    shop.sells("MUG", BERLIN=5)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    first = heard(shop, sold)
    again = heard(shop, sold, sold)
    assert again.version == first.version
    assert shop.left("MUG") == (3, 2)
    assert len(shop.memory.orders) == 1


def test_two_consumers_at_once_place_one_order(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    for calls in range(3):
        countdown = Countdown(calls, lambda: shop.hears(sold) and None)
        shop.hears_through(sold, countdown.watching({"orders": shop.orders, "stock": shop.stock}))
        assert len(shop.memory.orders) == 1
        assert shop.left("MUG") == (3, 2)


def test_ids_beyond_2_to_the_53_stay_apart(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    line = a.sold("1", "MUG")
    one = heard(shop, a.storefront_order(line, external_id="9007199254740992"))
    two = heard(shop, a.storefront_order(line, external_id="9007199254740993"))
    assert one.order_id != two.order_id


@pytest.mark.parametrize("sequence", list(permutations(range(3))))
def test_created_paid_and_updated_in_any_order_end_the_same(
    shop: Shop, sequence: tuple[int, ...]
) -> None:
    """A storefront webhook delivered a day late, duplicated, or never."""
    shop.sells("MUG", BERLIN=5)
    moved = a.BERLIN.model_copy(update={"line1": "Torstraße 2"})
    line = a.sold("1", "MUG", 2)
    news = [
        a.storefront_order(line, paid="0"),
        a.storefront_order(line, updated_at=a.NOW + HOUR),
        a.storefront_order(line, updated_at=a.NOW + 2 * HOUR, shipping_address=moved),
    ]
    order = heard(shop, *(news[number] for number in sequence), news[sequence[0]])
    assert order.captured == order.totals.total
    assert not order.on_hold
    assert order.shipping_address == moved
    assert not causes(order)
    shop.settle()
    assert shop.order(order.order_id).fulfillment_state is FulfillmentState.ALLOCATED


def test_an_unpaid_order_waits_for_its_money(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2), paid="10.00"))
    assert active_holds(order) == [AWAITING_PAYMENT]
    shop.settle()
    assert not shop.order(order.order_id).fulfillment_orders
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2)))
    assert not order.on_hold
    shop.settle()
    assert shop.order(order.order_id).fulfillment_orders


def test_money_of_units_that_were_removed_is_not_waited_for(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    lines = (a.sold("1", "MUG", 1), a.sold("2", "MUG", 1, removed=1))
    order = heard(shop, a.storefront_order(*lines, paid="0", total=a.eur("28.90")))
    assert active_holds(order) == [AWAITING_PAYMENT]
    order = heard(shop, a.storefront_order(*lines, paid="16.90", total=a.eur("28.90")))
    assert not order.on_hold
    assert order.lines[1].canceled == 1
    assert shop.left("MUG") == (4, 1)


def test_goods_only_leave_when_the_storefront_has_the_money(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2), paid="0"))
    agent = placing.release_hold(order, AWAITING_PAYMENT, by="ann", at=shop.clock())
    shop.orders.commit(agent)
    shop.settle()
    key = f"{order.order_id}-F1"
    shop.packs(key)
    shop.settle()
    assert shop.fulfillment_order(key).status is FulfillmentStatus.ON_HOLD
    assert causes(shop.order(order.order_id)) == ["capture_declined"]


def test_an_order_that_cannot_be_filled_is_placed_with_a_shortage_never_refused(shop: Shop) -> None:
    """Order paid elsewhere but not fillable: vendure#3065."""
    shop.sells("MUG", BERLIN=2)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 5), a.sold("2", "UNKNOWN", 1)))
    assert order.status is OrderStatus.PLACED
    assert [line.backordered for line in order.lines] == [3, 1]
    assert shop.left("MUG") == (0, 2)
    assert causes(order) == ["shortage"]
    assert "3 × MUG, 1 × UNKNOWN" in order.work_items[0].text
    shop.settle(times=2)
    assert shop.heard(order.order_id).count("order.shortage") == 1


def test_a_shortage_is_filled_when_goods_arrive_and_it_is_allocated_again(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 3)))
    shop.settle()
    shop.gets("MUG", BERLIN=1)
    shop.allocates(order.order_id)
    line = shop.order(order.order_id).lines[0]
    assert (line.allocated, line.backordered) == (3, 0)


def test_two_lines_of_one_sku_draw_on_one_count(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2), a.sold("2", "MUG", 2)))
    assert [line.backordered for line in order.lines] == [0, 1]
    assert shop.left("MUG") == (0, 3)


def test_stock_that_is_sold_at_the_same_moment_becomes_a_shortage(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    countdown = Countdown(2, lambda: shop.buys(("MUG", 1)) and None)
    shop.hears_through(sold, countdown.watching({"orders": shop.orders, "stock": shop.stock}))
    assert countdown.done
    (order,) = (o for o in shop.memory.orders.values() if o.external_id)
    assert order.lines[0].backordered == 1


def test_custom_lines_are_shipped_without_stock(shop: Shop) -> None:
    shop.catalog.save(a.location("BERLIN"))
    line = a.sold("1", None, 2, "0.00", kind=LineKind.CUSTOM)
    order = heard(shop, a.storefront_order(line))
    shop.settle()
    (one,) = shop.order(order.order_id).fulfillment_orders
    assert (one.location_id, one.quantity) == ("BERLIN", 2)
    shop.packs(one.fulfillment_order_id)
    shop.settle()
    assert shop.order(order.order_id).fulfillment_state is FulfillmentState.SHIPPED


def test_an_order_of_digital_goods_is_closed_at_once(shop: Shop) -> None:
    order = heard(shop, a.storefront_order(a.sold("1", "EBOOK", kind=LineKind.DIGITAL)))
    assert order.status is OrderStatus.CLOSED
    assert order.fulfillment_state is FulfillmentState.DELIVERED
    unpaid = a.storefront_order(
        a.sold("1", "EBOOK", kind=LineKind.DIGITAL), external_id="2", paid="0"
    )
    assert heard(shop, unpaid).status is OrderStatus.PLACED
    paid = unpaid.model_copy(update={"paid": unpaid.total})
    assert heard(shop, paid).status is OrderStatus.CLOSED


def test_a_digital_line_that_was_removed_does_not_keep_the_order_out(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(
        shop,
        a.storefront_order(
            a.sold("1", "EBOOK", kind=LineKind.DIGITAL, removed=1), a.sold("2", "MUG", 1)
        ),
    )
    assert order.status is OrderStatus.PLACED
    assert order.lines[0].open == 0


def test_what_is_made_to_order_goes_to_the_workshop(shop: Shop) -> None:
    shop.catalog.save(a.engraved("PEN"), a.location("ATELIER", kind="workshop"))
    shop.gets("PEN", BERLIN=5, ATELIER=5)
    said = {"Engraving": " Bob ", "gift wrap": "red"}
    order = heard(shop, a.storefront_order(a.sold("1", "PEN", instructions=said)))
    shop.settle()
    (one,) = shop.order(order.order_id).fulfillment_orders
    assert one.location_id == "ATELIER"
    assert one.lines[0].instructions == {"engraving": "Bob", "gift wrap": "red"}


def test_what_the_storefront_shipped_already_is_not_shipped_twice(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2), fulfilled=True))
    assert active_holds(order) == [ALREADY_FULFILLED]
    shop.settle()
    assert not shop.order(order.order_id).fulfillment_orders


def test_what_is_no_order_has_no_effect(shop: Shop) -> None:
    assert shop.hears(Ignored(why="a product was changed")) is None
    assert shop.hears(a.storefront_order(a.sold("1", "MUG"), test=True)) is None
    assert not shop.memory.orders


# --- cancellations --------------------------------------------------------------------------------


def test_a_cancellation_frees_what_is_not_packed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2)))
    shop.settle()
    for _ in range(2):
        shop.hears_cancellation(ID)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.status is OrderStatus.CANCELED
    assert shop.left("MUG") == (5, 0)
    assert shop.heard(order.order_id).count("order.canceled") == 1


def test_a_cancellation_before_its_order_is_kept_and_the_order_stays_canceled(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    order = shop.hears_cancellation(ID, sold)
    assert order
    assert order.status is OrderStatus.CANCELED
    later = heard(shop, sold, sold.model_copy(update={"updated_at": a.NOW + HOUR}))
    assert later.status is OrderStatus.CANCELED
    assert not causes(later)
    assert shop.left("MUG") == (5, 0)
    shop.settle()
    assert not shop.order(order.order_id).fulfillment_orders


def test_a_cancellation_without_its_order_is_tried_again_until_it_is_there(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.hears_cancellation(ID)


def test_an_update_that_says_it_is_canceled_cancels_it(shop: Shop) -> None:
    """The cancellation itself may never come."""
    shop.sells("MUG", BERLIN=5)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    heard(shop, sold)
    gone = sold.model_copy(update={"canceled_at": a.NOW + HOUR, "updated_at": a.NOW + HOUR})
    assert heard(shop, gone, gone).status is OrderStatus.CANCELED
    assert shop.left("MUG") == (5, 0)


def test_news_older_than_a_cancellation_changes_nothing(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    heard(shop, sold)
    shop.hears_cancellation(ID)
    order = heard(shop, sold.model_copy(update={"updated_at": a.NOW + HOUR}))
    assert order.status is OrderStatus.CANCELED
    assert not causes(order)


def test_what_is_packed_when_the_cancellation_comes_is_looked_at_by_a_person(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = heard(shop, a.storefront_order(a.sold("1", "MUG", 2)))
    shop.settle()
    shop.packs(f"{order.order_id}-F1")
    for _ in range(2):
        shop.hears_cancellation(ID)
    order = shop.order(order.order_id)
    assert order.status is OrderStatus.PLACED
    assert causes(order) == ["canceled_after_packing"]


# --- changes --------------------------------------------------------------------------------------


def test_customer_changes_address_before_and_after_the_parcel_was_packed(shop: Shop) -> None:
    """Customer changes address after the label was bought."""
    shop.sells("MUG", BERLIN=5)
    sold = a.storefront_order(a.sold("1", "MUG", 2))
    order = heard(shop, sold)
    shop.settle()
    moved = a.BERLIN.model_copy(update={"city": "Potsdam"})
    order = heard(
        shop, sold.model_copy(update={"shipping_address": moved, "updated_at": a.NOW + HOUR})
    )
    assert order.shipping_address == moved
    shop.packs(f"{order.order_id}-F1")
    again = a.BERLIN.model_copy(update={"city": "Bonn"})
    order = heard(
        shop, sold.model_copy(update={"shipping_address": again, "updated_at": a.NOW + 2 * HOUR})
    )
    assert order.shipping_address == moved
    assert causes(order) == ["address_changed"]


def test_an_older_address_does_not_replace_a_newer_one(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    moved = a.BERLIN.model_copy(update={"city": "Potsdam"})
    new = a.storefront_order(a.sold("1", "MUG", 2), shipping_address=moved, updated_at=a.NOW + HOUR)
    order = heard(shop, new, a.storefront_order(a.sold("1", "MUG", 2)))
    assert order.shipping_address == moved


def test_lines_that_the_storefront_changes_are_looked_at_by_a_person(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    heard(shop, a.storefront_order(a.sold("1", "MUG", 2)))
    order = heard(
        shop, a.storefront_order(a.sold("1", "MUG", 2, removed=1), updated_at=a.NOW + HOUR)
    )
    assert causes(order) == ["lines_changed"]
