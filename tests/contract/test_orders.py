"""The contract of Orders: all or nothing, version by version, with a timeline without gaps."""

from datetime import date, timedelta

import pytest

from doorstep.domain import placing, shipping
from doorstep.domain.capacity import UNITS, Booking
from doorstep.domain.errors import (
    Conflict,
    Duplicate,
    FullyBooked,
    NotFound,
    OutOfStock,
    TooLarge,
)
from doorstep.domain.events import OrderClosed
from doorstep.domain.fulfillment import FulfillmentOrder, FulfillmentStatus
from doorstep.domain.order import Order, OrderStatus, order_of
from doorstep.usecases.allocate import allocate_orders
from doorstep.usecases.quote import MAX_LINES
from tests import builders as a
from tests.contract.fakes import FakeWorkflow
from tests.contract.world import World


def stocked(world: World, **units: int) -> None:
    """Products with so many units in Berlin."""
    world.catalog.save(a.location("BERLIN"))
    world.catalog.save(*(a.product(sku) for sku in units))
    goods = [a.received(sku, "BERLIN", quantity) for sku, quantity in units.items()]
    for start in range(0, len(goods), 30):
        world.stock.move(*goods[start : start + 30])


def left(world: World, sku: str) -> tuple[int, int]:
    """(available, held) of the network."""
    levels = world.stock.levels([sku])[sku]
    return levels.available, levels.held


def placed(world: World, order: Order) -> Order:
    (order,) = world.orders.commit(order)
    paid = placing.authorized(order, f"{order.order_id}-T1", reference="r", at=world.clock())
    (order,) = world.orders.commit(placing.place(paid, at=world.clock()))
    return order


def allocated(world: World, *order_ids: str) -> None:
    done = allocate_orders(
        order_ids,
        orders=world.orders,
        stock=world.stock,
        catalog=world.catalog,
        workflow=FakeWorkflow(),
        clock=world.clock,
    )
    assert not done.failed


def packed(world: World, order_id: str, parcels: int = 1) -> Order:
    """Placed, allocated, released and packed, one unit of line 1 in each parcel."""
    placed(world, a.being_checked_out(order_id, a.line("1", "MUG", parcels)))
    allocated(world, order_id)
    key = f"{order_id}-F1"
    world.orders.commit(shipping.release(world.orders.get(order_id), key))
    boxes = [a.parcel(L1=1) for _ in range(parcels)]
    (order,) = world.orders.commit(
        shipping.pack(world.orders.get(order_id), key, boxes, at=world.clock())
    )
    return order


def labeled(world: World, *shipment_ids: str) -> None:
    """All in one commit, and under one number of the carrier."""
    order = world.orders.get(order_of(shipment_ids[0]))
    for key in shipment_ids:
        order = shipping.labeled(order, key, carrier="dhl", tracking_number="JD01", label="x.pdf")
    world.orders.commit(order)


def test_an_order_is_read_as_it_was_committed(world: World) -> None:
    stocked(world, MUG=5)
    (stored,) = world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    read = world.orders.get("O-A")
    assert read.model_dump() == stored.model_dump()
    assert (read.version, read.sequence) == (1, 1)
    assert (read.raised, read.moved, read.noted) == ((), (), ())


def test_an_unknown_order_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.orders.get("O-NONE")


def test_a_commit_moves_stock_with_the_order(world: World) -> None:
    stocked(world, MUG=5)
    world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    assert left(world, "MUG") == (3, 2)


def test_a_refused_commit_writes_nothing(world: World) -> None:
    stocked(world, MUG=5, CUP=1)
    order = a.being_checked_out("O-A", a.line("1", "MUG", 2), a.line("2", "CUP", 2))
    with pytest.raises(OutOfStock) as refusal:
        world.orders.commit(order)
    assert refusal.value.short == {"CUP": (2, 1)}
    assert left(world, "MUG") == (5, 0)
    assert left(world, "CUP") == (1, 0)
    assert not world.orders.timeline("O-A")
    with pytest.raises(NotFound):
        world.orders.get("O-A")


def test_out_of_stock_names_every_short_line_and_what_is_left(world: World) -> None:
    stocked(world, MUG=3, CUP=0 + 1)
    order = a.being_checked_out(
        "O-A", a.line("1", "MUG", 4), a.line("2", "CUP", 9), a.line("3", "NEVER_SEEN")
    )
    with pytest.raises(OutOfStock) as refusal:
        world.orders.commit(order)
    assert refusal.value.short == {"MUG": (4, 3), "CUP": (9, 1), "NEVER_SEEN": (1, 0)}


def test_two_lines_with_the_same_sku_are_summed_before_they_are_checked(world: World) -> None:
    """medusa#16502, vendure#2702."""
    stocked(world, MUG=5)
    order = a.being_checked_out("O-A", a.line("1", "MUG", 3), a.line("2", "MUG", 3))
    with pytest.raises(OutOfStock) as refusal:
        world.orders.commit(order)
    assert refusal.value.short == {"MUG": (6, 5)}
    world.orders.commit(a.being_checked_out("O-B", a.line("1", "MUG", 3), a.line("2", "MUG", 2)))
    assert left(world, "MUG") == (0, 5)


def test_the_loser_of_the_last_unit_is_told(world: World) -> None:
    stocked(world, MUG=1)
    world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG")))
    with pytest.raises(OutOfStock):
        world.orders.commit(a.being_checked_out("O-B", a.line("1", "MUG")))
    assert left(world, "MUG") == (0, 1)


def test_lost_updates_on_one_order_every_write_path_carries_the_version(world: World) -> None:
    """vendure#4152."""
    stocked(world, MUG=5)
    placed(world, a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    mine, theirs = world.orders.get("O-A"), world.orders.get("O-A")
    world.orders.commit(placing.cancel(theirs, reason="changed my mind", at=world.clock()))
    with pytest.raises(Conflict) as lost:
        world.orders.commit(placing.put_on_hold(mine, "review", ("odd",), by="x", at=world.clock()))
    assert lost.value.order_ids == ("O-A",)
    assert world.orders.get("O-A").status is OrderStatus.CANCELED
    assert not world.orders.get("O-A").holds


def test_a_stale_change_without_an_event_is_refused_too(world: World) -> None:
    stocked(world, MUG=5)
    world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG")))
    mine, theirs = world.orders.get("O-A"), world.orders.get("O-A")
    world.orders.commit(theirs.changed(service="express"))
    with pytest.raises(Conflict):
        world.orders.commit(mine.changed(service="economy"))
    assert world.orders.get("O-A").service == "express"


def test_the_same_order_is_created_once(world: World) -> None:
    stocked(world, MUG=5)
    world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    with pytest.raises(Conflict):
        world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    assert left(world, "MUG") == (3, 2)


def test_a_lost_race_is_told_before_a_lack_of_stock(world: World) -> None:
    """The caller looks again, and may find that there is nothing to be held any more."""
    stocked(world, MUG=2)
    world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    with pytest.raises(Conflict):
        world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))


def test_the_events_of_an_order_are_numbered_without_gaps(world: World) -> None:
    stocked(world, MUG=5)
    placed(world, a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    order = placing.cancel(world.orders.get("O-A"), reason="x", at=world.clock())
    world.orders.commit(order)
    timeline = world.orders.timeline("O-A")
    assert [item.sequence for item in timeline] == [1, 2, 3, 4]
    assert [item.name for item in timeline] == [
        "order.received",
        "payment.authorized",
        "order.placed",
        "order.canceled",
    ]
    assert world.orders.get("O-A").sequence == 4
    assert {item.at for item in timeline} == {world.clock()}


def test_a_long_timeline_stays_in_order(world: World) -> None:
    stocked(world, MUG=1)
    (order,) = world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG")))
    for number in range(12):
        held = placing.put_on_hold(order, f"h{number}", ("x",), by="x", at=world.clock())
        (order,) = world.orders.commit(held)
    assert [item.sequence for item in world.orders.timeline("O-A")] == list(range(1, 14))


def test_what_nobody_changed_is_not_written(world: World) -> None:
    stocked(world, MUG=5)
    world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    (same,) = world.orders.commit(world.orders.get("O-A"))
    assert same.version == 1
    assert world.orders.get("O-A").version == 1


def test_a_committed_order_can_be_changed_and_committed_again(world: World) -> None:
    stocked(world, MUG=5)
    order = placed(world, a.being_checked_out("O-A", a.line("1", "MUG", 2)))
    (order,) = world.orders.commit(
        placing.put_on_hold(order, "review", ("odd",), by="ann", at=world.clock())
    )
    (order,) = world.orders.commit(
        placing.release_hold(order, "review", by="ann", at=world.clock())
    )
    assert world.orders.get("O-A").model_dump() == order.model_dump()
    assert order.version == 4


def test_several_orders_are_committed_together_or_not_at_all(world: World) -> None:
    stocked(world, MUG=3)
    first = a.being_checked_out("O-A", a.line("1", "MUG", 2))
    second = a.being_checked_out("O-B", a.line("1", "MUG", 2))
    with pytest.raises(OutOfStock) as refusal:
        world.orders.commit(first, second)
    assert refusal.value.short == {"MUG": (4, 3)}
    assert left(world, "MUG") == (3, 0)
    world.orders.commit(first, a.being_checked_out("O-B", a.line("1", "MUG", 1)))
    assert left(world, "MUG") == (0, 3)


def test_a_conflict_names_the_orders_that_lost(world: World) -> None:
    stocked(world, MUG=9)
    for key in ("O-A", "O-B", "O-C"):
        world.orders.commit(a.being_checked_out(key, a.line("1", "MUG")))
    stale = {key: world.orders.get(key) for key in ("O-A", "O-B", "O-C")}
    for key in ("O-A", "O-C"):
        held = placing.put_on_hold(stale[key], "h", ("x",), by="x", at=world.clock())
        world.orders.commit(held)
    with pytest.raises(Conflict) as lost:
        world.orders.commit(
            *(
                placing.put_on_hold(order, "review", ("x",), by="x", at=world.clock())
                for order in stale.values()
            )
        )
    assert lost.value.order_ids == ("O-A", "O-C")
    assert not world.orders.get("O-B").holds


def test_news_of_a_carrier_is_recorded_once(world: World) -> None:
    stocked(world, MUG=5)
    order = packed(world, "O-A")
    news = a.said("in_transit", a.NOW)
    world.orders.commit(shipping.track(order, "O-A-F1-P1", news))
    with pytest.raises(Duplicate):
        world.orders.commit(shipping.track(world.orders.get("O-A"), "O-A-F1-P1", news))


def test_old_news_is_recorded_and_changes_nothing(world: World) -> None:
    stocked(world, MUG=5)
    order = packed(world, "O-A")
    later = a.said("in_transit", a.NOW + timedelta(hours=2))
    (order,) = world.orders.commit(shipping.track(order, "O-A-F1-P1", later))
    earlier = a.said("exception", a.NOW + timedelta(hours=1))
    (same,) = world.orders.commit(shipping.track(order, "O-A-F1-P1", earlier))
    assert same.model_dump() == order.model_dump()
    assert world.orders.get("O-A").version == order.version
    with pytest.raises(Duplicate):
        world.orders.commit(shipping.track(world.orders.get("O-A"), "O-A-F1-P1", earlier))


def test_the_largest_checkout_fits_into_one_transaction(world: World) -> None:
    skus = {f"SKU-{number}": 1 for number in range(MAX_LINES)}
    stocked(world, **skus)
    lines = [a.line(str(number), sku) for number, sku in enumerate(skus)]
    world.orders.commit(a.being_checked_out("O-A", *lines))
    assert left(world, "SKU-0") == (0, 1)


def test_what_no_transaction_takes_is_refused_whole(world: World) -> None:
    stocked(world, MUG=5)
    order = a.being_checked_out("O-A", a.line("1", "MUG", 2))
    for number in range(100):
        order = placing.put_on_hold(order, f"h{number}", ("x",), by="x", at=world.clock())
    with pytest.raises(TooLarge):
        world.orders.commit(order)
    assert left(world, "MUG") == (5, 0)


def test_a_tracking_number_leads_to_its_order(world: World) -> None:
    stocked(world, MUG=5)
    packed(world, "O-A")
    labeled(world, "O-A-F1-P1")
    assert world.queues.tracked("dhl", "JD01") == "O-A"
    with pytest.raises(NotFound):
        world.queues.tracked("ups", "JD01")


def test_a_number_that_a_carrier_uses_again_leads_to_the_newest_parcel(world: World) -> None:
    stocked(world, MUG=5)
    for key in ("O-A", "O-B"):
        packed(world, key)
        labeled(world, f"{key}-F1-P1")
    assert world.queues.tracked("dhl", "JD01") == "O-B"
    assert world.orders.get("O-A").shipment("O-A-F1-P1").tracking_number == "JD01"


def test_parcels_may_travel_under_one_number(world: World) -> None:
    stocked(world, MUG=5)
    packed(world, "O-A", parcels=3)
    labeled(world, "O-A-F1-P1", "O-A-F1-P2")
    labeled(world, "O-A-F1-P3")
    assert world.queues.tracked("dhl", "JD01") == "O-A"


def test_children_are_read_in_the_order_of_their_numbers(world: World) -> None:
    """As text the tenth would come before the second."""
    stocked(world, MUG=12)
    packed(world, "O-A", parcels=12)
    order = world.orders.get("O-A")
    assert [s.shipment_id for s in order.shipments] == [f"O-A-F1-P{n}" for n in range(1, 13)]


def test_orders_that_are_allocated_together_draw_on_one_count(world: World) -> None:
    stocked(world, MUG=5)
    for key in ("O-A", "O-B", "O-C"):
        placed(world, a.being_checked_out(key, a.line("1", "MUG")))
    allocated(world, "O-A", "O-B", "O-C")
    (level,) = world.stock.levels(["MUG"])["MUG"].locations
    assert (level.on_hand, level.available, level.allocated) == (5, 2, 3)
    assert left(world, "MUG") == (2, 0)


# --- the days of locations ------------------------------------------------------------------------

MONDAY = a.NOW.date()


def works(order_id: str, *bookings: Booking, units: int = 0, limit: int = 5) -> Order:
    """An order that takes so many units of Monday, and what else is booked."""
    monday = Booking(location_id="BERLIN", day=MONDAY, quantity=units, limit=limit)
    one = FulfillmentOrder(
        fulfillment_order_id=f"{order_id}-F1",
        location_id="BERLIN",
        lines=(),
        bookings=((monday,) if units else ()) + bookings,
        allocated_at=a.NOW,
    )
    return a.being_checked_out(order_id).with_fulfillment_order(one)


def of_monday(world: World) -> int:
    return world.stock.taken(MONDAY, MONDAY).get(("BERLIN", MONDAY, UNITS), 0)


def test_a_day_is_taken_up_to_its_limit_and_not_beyond(world: World) -> None:
    world.orders.commit(works("O-A", units=2), works("O-B", units=3))
    assert of_monday(world) == 5
    with pytest.raises(FullyBooked):
        world.orders.commit(works("O-C", units=1))
    with pytest.raises(NotFound):
        world.orders.get("O-C")
    assert of_monday(world) == 5


def test_more_than_a_whole_day_is_refused(world: World) -> None:
    with pytest.raises(FullyBooked):
        world.orders.commit(works("O-A", units=6))


def test_what_is_not_done_is_given_back_once_and_taken_by_the_next(world: World) -> None:
    (order,) = world.orders.commit(works("O-A", units=5))
    one = order.fulfillment_order("O-A-F1").to(FulfillmentStatus.CANCELED)
    canceled = order.with_fulfillment_order(one)
    world.orders.commit(canceled, works("O-B", units=4))
    assert of_monday(world) == 4
    with pytest.raises(Conflict):
        world.orders.commit(canceled)
    assert of_monday(world) == 4


def test_a_share_is_taken_once_however_often_it_is_sent(world: World) -> None:
    order = works("O-A", units=2)
    world.orders.commit(order)
    with pytest.raises(Conflict):
        world.orders.commit(order)
    (again,) = world.orders.commit(world.orders.get("O-A").raising(OrderClosed()))
    assert again.booked == ()
    assert of_monday(world) == 2


def test_every_window_and_every_place_counts_for_itself(world: World) -> None:
    window = {"day": MONDAY, "what": "same-day@14:00", "quantity": 1, "limit": 1}
    one = Booking.model_validate({"location_id": "BERLIN"} | window)
    other = Booking.model_validate({"location_id": "HAMBURG"} | window)
    world.orders.commit(works("O-A", one, other, units=2))
    with pytest.raises(FullyBooked):
        world.orders.commit(works("O-B", one, units=1))
    assert world.stock.taken(MONDAY, MONDAY) == {
        ("BERLIN", MONDAY, UNITS): 2,
        one.key: 1,
        other.key: 1,
    }
    assert world.stock.taken(date(2026, 3, 3), date(2026, 5, 1)) == {}
