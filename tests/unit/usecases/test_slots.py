"""Same day and one hour: a window at the nearest store, held with its goods, its day, its courier.

Monday, 10:00 UTC; the stores' clocks are UTC too.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import placing
from doorstep.domain.calendar import Calendar
from doorstep.domain.capacity import UNITS
from doorstep.domain.errors import (
    FullyBooked,
    IllegalTransition,
    InvalidCommand,
    OutOfStock,
    PaymentDeclined,
)
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus
from doorstep.usecases.availability import Offer, WantedProduct, offer_product
from doorstep.usecases.cart import Buyer
from tests import builders as a
from tests.shop import TTL, Countdown, Killed, Shop, kill

NEAR = {"latitude": 52.53, "longitude": 13.40}
FARTHER = {"latitude": 52.48, "longitude": 13.30}
AT_NOON, AT_SIX = a.NOW.replace(hour=12), a.NOW.replace(hour=18)


@pytest.fixture
def shop() -> Shop:
    """Two stores in Berlin with couriers, and a warehouse in Hamburg."""
    shop = Shop()
    store = {"kind": "store", "capabilities": ["ship", "same_day", "one_hour"]}
    shop.catalog.save(
        a.same_day(),
        a.location("BERLIN", daily_capacity=5, **store, **NEAR),
        a.location("WEST", daily_capacity=5, **store, **FARTHER),
        a.location("HAMBURG", a.HAMBURG),
    )
    shop.sells("MUG", BERLIN=9, WEST=9, HAMBURG=9)
    return shop


def asked(shop: Shop, postal_code: str = "10119", quantity: int = 1) -> Offer:
    wanted = WantedProduct(sku="MUG", quantity=quantity, country="DE", postal_code=postal_code)
    return offer_product(
        wanted, catalog=shop.catalog, stock=shop.stock, tax=shop.tax, clock=shop.clock
    )


def windows(shop: Shop, **more: Any) -> list[str]:
    """The windows that are shown, with the minutes that are left to order."""
    return [
        f"{one.starts:%H}-{one.ends:%H} in {one.order_within_seconds // 60}"
        for option in asked(shop, **more).options
        for one in option.windows
    ]


def buys(shop: Shop, key: str = "1", quantity: int = 1, **more: Any) -> Order:
    return shop.buys(("MUG", quantity), key=key, delivery_option="same-day", **more)


def taken(shop: Shop) -> dict[tuple[str, str], int]:
    """(place, what) → how much of today."""
    return {(place, what): n for (place, _, what), n in shop.memory.days.items() if n}


# --- what is shown --------------------------------------------------------------------------------


def test_every_open_window_with_its_countdown(shop: Shop) -> None:
    assert windows(shop) == ["12-14 in 60", "18-20 in 360"]
    option = next(one for one in asked(shop).options if one.code == "same-day")
    assert (option.kind, option.price) == ("same_day", a.eur("14.90"))
    assert (option.ship_by, option.deliver_by) == (AT_NOON, a.NOW.replace(hour=14))
    assert option.order_within_seconds == 3600


def test_after_the_cut_off_the_next_window_and_in_the_end_none(shop: Shop) -> None:
    shop.clock.now = a.NOW.replace(hour=11)
    assert windows(shop) == ["18-20 in 300"]
    shop.clock.now = a.NOW.replace(hour=16)
    assert windows(shop) == []


@pytest.mark.parametrize("postal_code", ["80331", "", "?"])
def test_no_courier_goes_far_or_to_nobody_knows_where(shop: Shop, postal_code: str) -> None:
    assert windows(shop, postal_code=postal_code) == []


def test_no_courier_on_a_day_off(shop: Shop) -> None:
    shop.clock.now = a.NOW.replace(day=7)
    assert windows(shop) == []


def test_a_store_that_lacks_a_unit_is_passed_over(shop: Shop) -> None:
    shop.gets("MUG", WEST=3)
    assert buys(shop, quantity=5).promise.places == ("BERLIN",)  # type: ignore[union-attr]
    assert buys(shop, key="2", quantity=5).promise.places == ("WEST",)  # type: ignore[union-attr]


def test_within_the_hour_only_where_the_window_ends_within_it(shop: Shop) -> None:
    half_hours = [
        {"starts": f"10:{m:02}", "order_by": f"10:{m:02}", "ends": f"{e}", "parcels": 3}
        for m, e in ((15, "10:45"), (30, "11:00"), (45, "11:15"))
    ]
    shop.catalog.save(a.same_day(code="one-hour", kind="one_hour", windows=half_hours))
    shown = next(one for one in asked(shop).options if one.code == "one-hour")
    assert [f"{one.ends:%H:%M}" for one in shown.windows] == ["10:45", "11:00"]


# --- one hold -------------------------------------------------------------------------------------


def test_stock_the_day_and_the_courier_are_taken_in_one_transaction(shop: Shop) -> None:
    order = buys(shop, quantity=2)
    (one,) = order.fulfillment_orders
    assert (one.location_id, one.service, order.promise.deliver_by) == (  # type: ignore[union-attr]
        "BERLIN",
        "courier",
        a.NOW.replace(hour=14),
    )
    assert taken(shop) == {("BERLIN", UNITS): 2, ("BERLIN", "same-day@12:00"): 1}
    assert (shop.at("BERLIN", "MUG"), shop.left("MUG")) == ((9, 7, 2), (25, 0))
    shop.check()


def test_the_customer_names_the_window(shop: Shop) -> None:
    order = buys(shop, delivery_window=AT_SIX)
    assert order.promise
    assert (order.promise.ship_by, order.promise.deliver_by) == (AT_SIX, a.NOW.replace(hour=20))


def test_the_last_slot_goes_to_one_and_the_other_is_told_what_to_take(shop: Shop) -> None:
    shop.catalog.save(a.location("WEST", kind="store"))
    buys(shop, delivery_window=AT_NOON)
    with pytest.raises(FullyBooked) as refusal:
        buys(shop, key="2", delivery_window=AT_NOON)
    assert [(one["delivery_option"], one["delivery_window"]) for one in refusal.value.instead] == [
        ("same-day", AT_SIX.isoformat()),
        ("standard", None),
    ]
    assert len(shop.gateway.charges) == 1
    assert set(taken(shop).values()) == {1}
    shop.check()


def test_two_checkouts_race_for_the_last_slot_and_the_loser_is_not_charged(shop: Shop) -> None:
    """Somebody takes it between the promise and the hold."""
    shop.catalog.save(a.location("WEST", kind="store"), a.same_day(windows=[a.NOON]))
    faster = Countdown(0, lambda: buys(shop, key="faster") and None)
    with pytest.raises(FullyBooked):
        shop.check_out(
            a.cart(("MUG", 1), delivery_option="same-day"),
            "slower",
            **faster.watching({"orders": _Commits(shop)}),
        )
    assert len(shop.gateway.charges) == 1
    assert [order.status for order in shop.memory.orders.values()] == [OrderStatus.PLACED]
    shop.check()


class _Commits:
    """Orders of which only commits are watched."""

    def __init__(self, shop: Shop) -> None:
        self.commit, self.get = shop.orders.commit, shop.orders.get


def test_the_next_store_serves_where_the_nearest_has_no_courier_left(shop: Shop) -> None:
    first, second = buys(shop), buys(shop, key="2")
    places = [order.fulfillment_orders[0].location_id for order in (first, second)]
    assert places == ["BERLIN", "WEST"]


def test_a_full_day_of_the_store_leaves_its_courier_alone(shop: Shop) -> None:
    shop.catalog.save(a.location("WEST", kind="store"))
    buys(shop, quantity=5, delivery_window=AT_SIX)
    with pytest.raises(FullyBooked):
        buys(shop, key="2", delivery_window=AT_SIX)
    assert taken(shop)["BERLIN", "same-day@18:00"] == 1


def test_out_of_stock_is_said_before_anything_else(shop: Shop) -> None:
    with pytest.raises(OutOfStock):
        buys(shop, quantity=28)


@pytest.mark.parametrize("option", ["standard", "same-day"])
def test_a_window_that_there_is_not(shop: Shop, option: str) -> None:
    with pytest.raises((FullyBooked, InvalidCommand)):
        shop.buys(("MUG", 1), delivery_option=option, delivery_window=a.NOW)
    assert not shop.memory.orders


# --- given back once ------------------------------------------------------------------------------


def test_an_abandoned_checkout_gives_all_of_it_back_once(shop: Shop) -> None:
    ports = {"orders": shop.orders, "gateway": shop.gateway}
    cart = a.cart(("MUG", 2), delivery_option="same-day", token=Token.DECLINE)
    with pytest.raises(Killed):
        shop.check_out(cart, "1", **Countdown(1, kill).watching(ports))
    assert taken(shop)["BERLIN", "same-day@12:00"] == 1
    shop.check()
    shop.advance(seconds=TTL + 1)
    for _ in range(2):
        shop.expires()
        shop.settle()
    assert taken(shop) == {}
    assert (shop.at("BERLIN", "MUG"), shop.left("MUG")) == ((9, 9, 0), (27, 0))
    shop.check()


def test_a_declined_payment_gives_all_of_it_back(shop: Shop) -> None:
    for _ in range(2):
        with pytest.raises(PaymentDeclined):
            buys(shop, token=Token.DECLINE)
    assert taken(shop) == {}
    shop.settle(times=2)
    shop.check()


def test_a_canceled_order_gives_all_of_it_back_once(shop: Shop) -> None:
    order = buys(shop)
    shop.settle()
    for _ in range(2):
        shop.cancels(order.order_id)
    assert (taken(shop), shop.left("MUG")) == ({}, (27, 0))
    shop.check()


def test_the_same_checkout_twice_takes_it_once(shop: Shop) -> None:
    assert buys(shop).order_id == buys(shop).order_id
    assert taken(shop)["BERLIN", "same-day@12:00"] == 1
    shop.check()


# --- from the store that was promised -------------------------------------------------------------


def test_it_is_delivered_from_the_store_that_was_promised(shop: Shop) -> None:
    order = buys(shop)
    shop.settle()
    (one,) = shop.order(order.order_id).fulfillment_orders
    assert (one.location_id, one.status) == ("BERLIN", FulfillmentStatus.RELEASED)
    shop.packs(one.fulfillment_order_id)
    shop.settle()
    (parcel,) = shop.order(order.order_id).parcels
    shop.clock.now = a.NOW.replace(hour=13)
    shop.says(parcel.shipment_id, "delivered")
    order = shop.order(order.order_id)
    assert (order.status, parcel.location_id) == (OrderStatus.CLOSED, "BERLIN")
    shop.check()


def test_nothing_is_started_before_the_order_is_free_to_go(shop: Shop) -> None:
    mallory = Buyer(email="m@example.org", name="Mallory")
    order = buys(shop, customer=mallory)
    shop.settle()
    assert not shop.workflow.started
    (hold,) = shop.order(order.order_id).holds
    released = placing.release_hold(
        shop.order(order.order_id), hold.hold_id, by="Bea", at=shop.clock()
    )
    shop.orders.commit(released)
    shop.settle()
    assert len(shop.workflow.started) == 1
    shop.check()


def test_an_order_that_a_person_refuses_gives_all_of_it_back_and_wakes_nobody(shop: Shop) -> None:
    order = buys(shop, customer=Buyer(email="m@example.org", name="Mallory"))
    shop.settle()
    shop.cancels(order.order_id)
    shop.settle(times=2)
    assert (taken(shop), shop.left("MUG"), shop.workflow.woken) == ({}, (27, 0), {})
    shop.check()


def test_what_a_store_rejects_another_one_brings_in_the_same_window(shop: Shop) -> None:
    order = buys(shop)
    shop.settle()
    shop.rejects(order.fulfillment_orders[0].fulfillment_order_id)
    shop.settle()
    first, second = shop.order(order.order_id).fulfillment_orders
    assert (first.bookings, second.location_id) == ((), "WEST")
    assert taken(shop) == {("WEST", UNITS): 1, ("WEST", "same-day@12:00"): 1}
    shop.check()


def test_what_no_courier_can_bring_any_more_is_a_matter_for_a_person(shop: Shop) -> None:
    order = buys(shop)
    shop.settle()
    shop.clock.now = a.NOW.replace(hour=15)
    shop.rejects(order.fulfillment_orders[0].fulfillment_order_id)
    shop.settle()
    order = shop.order(order.order_id)
    assert [item.cause for item in order.work_items] == ["unfilled"]
    assert order.short_since == shop.clock.now, "a way out is offered"
    assert taken(shop) == {}
    shop.check()


def test_nothing_leaves_a_store_before_it_is_paid(shop: Shop) -> None:
    ports = {"orders": shop.orders, "gateway": shop.gateway}
    cart = a.cart(("MUG", 1), delivery_option="same-day")
    with pytest.raises(Killed):
        shop.check_out(cart, "pending", **Countdown(1, kill).watching(ports))
    (pending,) = shop.memory.orders.values()
    with pytest.raises(IllegalTransition):
        shop.releases(pending.fulfillment_orders[0].fulfillment_order_id)
    shop.check()


def test_a_late_store_is_noticed_and_a_checkout_that_is_not_paid_yet_is_not(shop: Shop) -> None:
    ports = {"orders": shop.orders, "gateway": shop.gateway}
    with pytest.raises(Killed):
        shop.check_out(
            a.cart(("MUG", 1), delivery_option="same-day"),
            "pending",
            **Countdown(1, kill).watching(ports),
        )
    order = buys(shop, key="2", delivery_window=AT_SIX)
    shop.settle()
    shop.clock.now = AT_SIX.replace(minute=1)
    assert shop.alerts() == (order.fulfillment_orders[0].fulfillment_order_id,)


# --- what a merchant may say ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "absurd",
    [
        {"windows": []},
        {"windows": [a.NOON | {"parcels": 0}]},
        {"windows": [a.NOON | {"parcels": 10**9}]},
        {"windows": [a.NOON | {"ends": "11:00"}]},
        {"windows": [a.NOON | {"order_by": "13:00"}]},
        {"windows": [a.NOON, a.NOON]},
        {"transit": []},
        {"transit": [{"days": 0}]},
        {"kind": "standard"},
    ],
)
def test_absurd_windows_are_refused(absurd: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        a.same_day(**absurd)
    assert refusal.value.errors()[0]["loc"][0] == "windows"


def test_an_absurd_capacity_is_refused() -> None:
    for absurd in (0, -1, 10**9, "many"):
        with pytest.raises(ValidationError):
            a.location("BERLIN", daily_capacity=absurd)


def test_a_clock_put_forward_does_not_open_a_closed_window(shop: Shop) -> None:
    zone = Calendar(time_zone="Europe/Berlin")
    store = {"kind": "store", "capabilities": ["same_day"], "calendar": zone}
    shop.catalog.save(a.location("BERLIN", **store, **NEAR), a.location("WEST"))
    assert windows(shop) == ["17-19 in 300"]
    shop.clock.now = datetime(2026, 3, 30, 9, 30, tzinfo=UTC)
    assert windows(shop) == ["16-18 in 270"]
