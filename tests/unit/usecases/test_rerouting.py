"""Back from a location that has not packed: its time is up, or an agent names another one."""

from datetime import UTC, datetime, timedelta

import pytest

from doorstep.domain.catalog import Terms
from doorstep.domain.errors import Conflict, IllegalTransition, InvalidCommand, OutOfStock
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import Order
from doorstep.usecases import ship
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill

HOUR = timedelta(hours=1)


def punctual(shop: Shop, **terms: int) -> str:
    """Sold, released to Berlin, whose terms are these; Hamburg has the goods, too."""
    shop.catalog.save(a.location("BERLIN", terms=Terms(**terms)))
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    key = shop.sold(("MUG", 2)).fulfillment_orders[0].fulfillment_order_id
    shop.settle()
    assert shop.fulfillment_order(key).location_id == "BERLIN"
    return key


def alive(order: Order) -> dict[str, str]:
    """location → state, of what has not ended."""
    over = (FulfillmentStatus.WITHDRAWN, FulfillmentStatus.REJECTED)
    return {f.location_id: f.status for f in order.fulfillment_orders if f.status not in over}


# --- time is up -----------------------------------------------------------------------------------


def test_what_nobody_accepted_in_time_goes_elsewhere(shop: Shop) -> None:
    key = punctual(shop, accept_hours=4)
    shop.advance(hours=4)
    assert shop.takes_back() == ()
    shop.advance(seconds=1)
    assert shop.takes_back() == (key,)
    assert shop.takes_back() == ()
    shop.settle(times=2)
    order = shop.order_of(key)
    assert alive(order) == {"HAMBURG": "released"}
    assert order.lines[0].excluded == ("BERLIN",)
    assert order.fulfillment_order(key).reason == "not accepted by 2026-03-02 14:00 UTC"
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    assert shop.workflow.woken[key] == "Withdrawn"
    assert shop.heard(order.order_id).count("fulfillment_order.withdrawn") == 1
    shop.check()


def test_what_was_accepted_has_its_time_to_be_packed(shop: Shop) -> None:
    key = punctual(shop, accept_hours=4, pack_hours=8)
    ship.accept(key, orders=shop.orders)
    shop.advance(hours=7)
    assert shop.takes_back() == ()
    shop.advance(hours=2)
    assert shop.takes_back() == (key,)
    assert shop.fulfillment_order(key).reason == "not packed by 2026-03-02 18:00 UTC"


def test_what_is_packed_in_time_stays(shop: Shop) -> None:
    key = punctual(shop, accept_hours=4, pack_hours=8)
    shop.packs(key)
    shop.advance(hours=99)
    assert shop.takes_back() == ()


def test_hours_in_which_a_location_is_closed_do_not_count(shop: Shop) -> None:
    shop.clock.now = datetime(2026, 3, 6, 22, tzinfo=UTC)  # a Friday evening
    key = punctual(shop, accept_hours=4)
    assert shop.fulfillment_order(key).accept_by == datetime(2026, 3, 9, 2, tzinfo=UTC)


def test_a_location_without_terms_may_take_its_time(shop: Shop) -> None:
    punctual(shop)
    shop.advance(days=9)
    assert shop.takes_back() == ()


def test_a_callback_after_the_time_out_is_refused_and_changes_nothing(shop: Shop) -> None:
    """A callback arrives before its task token is stored, twice, or after the time-out."""
    key = punctual(shop, accept_hours=4)
    shop.advance(hours=5)
    shop.takes_back()
    before = shop.order_of(key)
    for late in (
        lambda: ship.accept(key, orders=shop.orders),
        lambda: shop.packs(key),
        lambda: shop.rejects(key),
        lambda: shop.misses(key, L1=1),
    ):
        with pytest.raises(IllegalTransition, match="is withdrawn"):
            late()
    assert shop.order_of(key) == before
    for _ in range(2):
        ship.wake(key, orders=shop.orders, workflow=shop.workflow)
    assert shop.workflow.woken == {key: "Withdrawn"}


def test_an_answer_at_the_last_moment_and_the_clock_have_one_winner(shop: Shop) -> None:
    key = punctual(shop, accept_hours=4)
    shop.advance(hours=5)
    real = shop.orders
    watched = Countdown(1, lambda: ship.accept(key, orders=real)).watching({"orders": real})
    shop.orders = watched["orders"]
    assert shop.takes_back() == ()
    shop.orders = real
    assert shop.fulfillment_order(key).status is FulfillmentStatus.ACCEPTED
    shop.check()


def test_what_somebody_let_go_on_is_not_taken_back_once_more(shop: Shop) -> None:
    key = punctual(shop, accept_hours=4)
    shop.sets_aside(key)
    shop.retries(key)
    shop.advance(hours=9)
    shop.settle()
    assert shop.takes_back() == ()


def test_the_handover_is_still_watched_while_an_answer_is_waited_for(shop: Shop) -> None:
    key = punctual(shop, pack_hours=99)
    promise = shop.order_of(key).promise
    assert promise
    shop.clock.now = promise.ship_by + timedelta(seconds=1)
    assert shop.alerts() == (key,)
    shop.advance(hours=99)
    assert shop.takes_back() == (key,)


# --- moved ----------------------------------------------------------------------------------------


def test_a_fulfillment_order_is_moved_in_one_transaction(shop: Shop) -> None:
    key = punctual(shop)
    for _ in range(2):
        order = shop.moves(key, "HAMBURG")
    assert alive(order) == {"HAMBURG": "allocated"}
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    assert shop.at("HAMBURG", "MUG") == (5, 3, 2)
    shop.settle(times=2)
    assert alive(shop.order_of(key)) == {"HAMBURG": "released"}
    shop.check()


def test_a_reservation_is_moved_only_where_the_target_has_the_units(shop: Shop) -> None:
    """Reservation moved without checking the target: medusa#16488."""
    shop.sells("MUG", BERLIN=5, HAMBURG=1)
    key = shop.sold(("MUG", 1), ("MUG", 1)).fulfillment_orders[0].fulfillment_order_id
    before = shop.order_of(key)
    with pytest.raises(OutOfStock) as refusal:
        shop.moves(key, "HAMBURG")
    assert refusal.value.short == {"MUG": (2, 1)}
    assert shop.order_of(key) == before
    shop.check()


def test_a_unit_is_not_shipped_from_elsewhere_than_it_is_allocated(shop: Shop) -> None:
    """Fulfillment from another location than allocated: medusa#16338."""
    key = punctual(shop)
    shop.moves(key, "HAMBURG")
    shop.settle()
    with pytest.raises(IllegalTransition):
        shop.packs(key)
    moved = shop.order_of(key).fulfillment_orders[-1]
    shop.packs(moved.fulfillment_order_id)
    shop.ships(moved.fulfillment_order_id)
    assert shop.at("HAMBURG", "MUG") == (3, 3, 0)
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    shop.check()


def test_two_moves_at_once_move_it_once(shop: Shop) -> None:
    key = punctual(shop)
    shop.gets("MUG", ROME=5)
    real = shop.orders
    watched = Countdown(1, lambda: shop.moves(key, "ROME")).watching({"orders": real})

    def first() -> None:
        shop.orders = watched["orders"]
        shop.moves(key, "HAMBURG")

    with pytest.raises((IllegalTransition, Conflict)):
        first()
    shop.orders = real
    assert len(alive(shop.order_of(key))) == 1
    shop.check()


def test_a_move_that_dies_moves_all_or_nothing(shop: Shop) -> None:
    key = punctual(shop)
    for calls in range(3):
        ports = Countdown(calls, kill).watching({"orders": shop.orders})
        real, shop.orders = shop.orders, ports["orders"]
        try:
            shop.moves(key, "HAMBURG")
        except Killed:
            pass
        finally:
            shop.orders = real
        shop.check()
        assert len(alive(shop.order_of(key))) == 1


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({}, "there is no location"),
        ({"active": False}, "inactive"),
        ({"capabilities": ("pickup",)}, "unable"),
    ],
)
def test_a_location_that_may_not_ship_it_is_no_target(
    shop: Shop, place: dict[str, object], why: str
) -> None:
    key = punctual(shop)
    if place:
        shop.catalog.save(a.location("ROME", **place))
        shop.gets("MUG", ROME=5)
    with pytest.raises(InvalidCommand, match=why):
        shop.moves(key, "ROME")


def test_a_packed_fulfillment_order_stays_where_it_is(shop: Shop) -> None:
    key = punctual(shop)
    shop.packs(key)
    with pytest.raises(IllegalTransition, match="packed"):
        shop.moves(key, "HAMBURG")
