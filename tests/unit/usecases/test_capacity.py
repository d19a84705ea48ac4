"""Daily capacity in the life of an order: promised, sourced, booked once, given back once."""

from contextlib import suppress

import pytest

from doorstep.domain import allocating
from doorstep.domain.capacity import UNITS
from doorstep.domain.errors import FullyBooked, IllegalTransition
from doorstep.domain.fulfillment import WithdrawalCause
from doorstep.domain.order import Order
from doorstep.usecases.allocate import allocate_orders
from tests import builders as a
from tests.shop import Countdown, Shop


@pytest.fixture
def shop() -> Shop:
    """A shop whose only place begins three units a day."""
    shop = Shop()
    shop.catalog.save(a.location("BERLIN", daily_capacity=3))
    shop.sells("MUG", BERLIN=50)
    return shop


def days(shop: Shop, place: str = "BERLIN") -> dict[int, int]:
    """Units taken by day of the month."""
    return {
        day.day: units
        for (location_id, day, what), units in sorted(shop.memory.days.items())
        if (location_id, what) == (place, UNITS) and units
    }


def test_allocation_takes_of_the_day_and_a_full_day_is_followed_by_the_next(shop: Shop) -> None:
    shop.sold(("MUG", 2), key="1")
    shop.sold(("MUG", 2), key="2")
    assert days(shop) == {2: 3, 3: 1}
    shop.check()


def test_a_batch_is_planned_as_one(shop: Shop) -> None:
    orders = [shop.buys(("MUG", 1), key=str(number)) for number in range(8)]
    assert not shop.allocates(*(order.order_id for order in orders)).failed
    assert days(shop) == {2: 3, 3: 3, 4: 2}
    shop.check()


def test_the_promise_reckons_with_full_days(shop: Shop) -> None:
    today = shop.buys(("MUG", 3), key="1")
    shop.allocates(today.order_id)
    tomorrow = shop.buys(("MUG", 1), key="2")
    assert today.promise
    assert tomorrow.promise
    assert f"{today.promise.ship_by:%a}, {tomorrow.promise.ship_by:%a}" == "Tue, Wed"
    assert f"{tomorrow.promise.order_by:%a %H:%M}" == "Tue 15:00"
    assert f"{shop.buys(('MUG', 5), key='3').promise.ship_by:%a}" == "Thu"  # type: ignore[union-attr]


def test_a_full_location_costs_days_so_another_one_ships(shop: Shop) -> None:
    shop.gets("MUG", HAMBURG=50)
    shop.sold(("MUG", 3), key="1")
    order = shop.sold(("MUG", 3), key="2")
    assert [one.location_id for one in order.fulfillment_orders] == ["HAMBURG"]
    assert days(shop) == {2: 3}


@pytest.mark.parametrize("how", ["reject", "cancel", "withdraw", "short", "miss all"])
def test_what_is_not_done_there_is_given_back_once(shop: Shop, how: str) -> None:
    order = shop.sold(("MUG", 2))
    (one,) = order.fulfillment_orders
    key = one.fulfillment_order_id
    shop.releases(key)
    for _ in range(2):
        match how:
            case "reject":
                shop.rejects(key)
            case "cancel":
                shop.cancels(order.order_id)
            case "withdraw":
                with suppress(IllegalTransition):
                    shop.orders.commit(_withdrawn(shop, key))
            case "short":
                shop.misses(key, L1=1)
            case _:
                shop.misses(key, L1=2)
    assert days(shop) == ({2: 1} if how == "short" else {})
    shop.check()


def _withdrawn(shop: Shop, key: str) -> Order:
    cause = WithdrawalCause.TIMEOUT
    return allocating.withdraw(shop.order_of(key), key, cause=cause, reason="too slow")


def test_what_an_agent_moves_is_taken_there_and_given_back_here(shop: Shop) -> None:
    shop.catalog.save(a.location("HAMBURG", a.HAMBURG, daily_capacity=1))
    shop.gets("MUG", HAMBURG=9)
    order = shop.sold(("MUG", 2))
    assert days(shop, "BERLIN") == {2: 2}
    shop.moves(order.fulfillment_orders[0].fulfillment_order_id, "HAMBURG")
    assert (days(shop, "BERLIN"), days(shop, "HAMBURG")) == ({}, {2: 1, 3: 1})
    shop.check()


def test_what_was_done_stays_done(shop: Shop) -> None:
    shop.delivered(("MUG", 2))
    assert days(shop) == {2: 2}
    shop.check()


def test_another_batch_takes_the_last_room_at_the_same_time(shop: Shop) -> None:
    mine, theirs = shop.buys(("MUG", 3), key="1"), shop.buys(("MUG", 2), key="2")
    in_between = Countdown(0, lambda: shop.allocates(theirs.order_id) and None)
    orders = _OnCommit(shop, in_between)
    done = allocate_orders(
        [mine.order_id],
        orders=orders,  # type: ignore[arg-type]
        stock=shop.stock,
        catalog=shop.catalog,
        workflow=shop.workflow,
        clock=shop.clock,
    )
    assert done.done == (mine.order_id,)
    assert days(shop) == {2: 3, 3: 2}
    shop.check()


class _OnCommit:
    """Orders, with somebody faster just before each commit."""

    def __init__(self, shop: Shop, before: Countdown) -> None:
        self.get = shop.orders.get
        self._shop, self._before = shop, before

    def commit(self, *orders: Order) -> tuple[Order, ...]:
        self._before()
        return self._shop.orders.commit(*orders)


def test_more_than_a_day_has_is_refused_whoever_asks(shop: Shop) -> None:
    order = shop.sold(("MUG", 3))
    (one,) = order.fulfillment_orders
    (share,) = one.bookings
    more = one.model_copy(update={"bookings": (share.model_copy(update={"quantity": 4}),)})
    with pytest.raises(FullyBooked):
        shop.orders.commit(order.with_fulfillment_order(more))
    shop.check()


def test_more_than_fits_waits_and_is_tried_again(shop: Shop) -> None:
    order = shop.sold(("MUG", 25))
    (one,) = order.fulfillment_orders
    assert (one.quantity, order.lines[0].unallocated) == (21, 4)
    shop.advance(hours=1)
    shop.tries_again()
    assert [one.quantity for one in shop.order(order.order_id).fulfillment_orders] == [21, 4]
    shop.check()


def test_without_a_limit_days_are_neither_read_nor_written() -> None:
    shop = Shop()
    shop.sells("MUG", BERLIN=5)
    shop.stock.taken = None  # type: ignore[method-assign, assignment]
    shop.sold(("MUG", 1))
    assert shop.memory.days == {}
