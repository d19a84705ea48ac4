"""The contract of Queues: exactly what waits for an hour or for a person, and nothing else."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from doorstep.domain import (
    capturing,
    dunning,
    placing,
    reconciling,
    remedying,
    shipping,
    shortfall,
    voiding,
)
from doorstep.domain.catalog import Terms
from doorstep.domain.errors import InvalidCommand
from doorstep.domain.order import Order
from doorstep.domain.payment import Terms as PaymentTerms
from doorstep.domain.remedy import RemedyKind
from doorstep.domain.storefront import OrderNews
from doorstep.domain.work_items import close_work_item, open_work_item
from doorstep.usecases import ingest, ship
from tests import builders as a
from tests.contract.fakes import FakeWorkflow
from tests.contract.test_orders import allocated, packed, placed, stocked
from tests.contract.world import World

DAY = timedelta(days=1)


def due(world: World, queue: str, *, days: float) -> Sequence[str]:
    return world.queues.due(queue, a.NOW + DAY * days, 100)


def released(world: World, order_id: str) -> Order:
    """Placed, allocated and shown to its location."""
    placed(world, a.being_checked_out(order_id, a.line("1", "MUG"), at=world.clock()))
    allocated(world, order_id)
    (order,) = world.orders.commit(shipping.release(world.orders.get(order_id), f"{order_id}-F1"))
    return order


def test_a_pending_checkout_is_due_until_it_is_placed(world: World) -> None:
    stocked(world, MUG=9)
    (order,) = world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG")))
    assert order.expires_at
    assert list(world.queues.due("checkout", order.expires_at, 10)) == []
    assert list(world.queues.due("checkout", order.expires_at + timedelta(seconds=1), 10)) == [
        "O-A"
    ]
    paid = placing.authorized(order, "O-A-T1", reference="r", at=world.clock())
    world.orders.commit(placing.place(paid, at=world.clock()))
    assert not due(world, "checkout", days=9)


def test_an_undone_checkout_is_not_due(world: World) -> None:
    stocked(world, MUG=9)
    (order,) = world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG")))
    world.orders.commit(placing.decline(order, "O-A-T1", reason="no", at=world.clock()))
    assert not due(world, "checkout", days=9)


def test_units_without_a_location_are_due_until_they_have_one(world: World) -> None:
    stocked(world, MUG=9)
    order = placed(world, a.being_checked_out("O-A", a.line("1", "MUG")))
    assert order.retry_at
    assert list(world.queues.due("unallocated", order.retry_at, 10)) == []
    assert list(world.queues.due("unallocated", order.retry_at + timedelta(seconds=1), 10)) == [
        "O-A"
    ]
    (held,) = world.orders.commit(
        placing.put_on_hold(order, "h", ("odd",), by="agent", at=world.clock())
    )
    assert held.promise
    assert list(world.queues.due("unallocated", held.promise.ship_by, 10)) == []
    assert list(due(world, "unallocated", days=30)) == ["O-A"]
    world.orders.commit(placing.release_hold(held, "h", by="agent", at=world.clock()))
    allocated(world, "O-A")
    assert not due(world, "unallocated", days=30)


def test_units_are_given_up_when_their_time_comes_before_the_next_look(world: World) -> None:
    stocked(world, MUG=9)
    order = placed(world, a.being_checked_out("O-A", a.line("1", "MUG")))
    assert order.retry_at
    for at, queue in (
        (order.retry_at - timedelta(minutes=1), "unfillable"),
        (order.retry_at + timedelta(minutes=1), "unallocated"),
    ):
        (order,) = world.orders.commit(order.changed(cancel_at=at, cancel_why="too late"))
        found = {name: due(world, name, days=30) for name in ("unfillable", "unallocated")}
        assert {name for name, keys in found.items() if keys} == {queue}
    assert list(world.queues.due("unfillable", order.retry_at, 10)) == []
    (held,) = world.orders.commit(
        placing.put_on_hold(order, "h", ("odd",), by="agent", at=world.clock())
    )
    assert held.cancel_at is None
    assert not due(world, "unfillable", days=30)


def test_what_is_due_comes_oldest_first_and_no_more_than_asked_for(world: World) -> None:
    stocked(world, MUG=99)
    names = [f"O-{letter}" for letter in "KCZAQ"]
    for minutes, key in enumerate(names):
        at = a.NOW + timedelta(minutes=minutes)
        world.orders.commit(a.being_checked_out(key, a.line("1", "MUG"), at=at))
    assert list(due(world, "checkout", days=1)) == names
    assert list(world.queues.due("checkout", a.NOW + DAY, 2)) == names[:2]


def test_a_handover_is_due_from_allocation_until_the_parcel_has_left(world: World) -> None:
    stocked(world, MUG=9)
    placed(world, a.being_checked_out("O-A", a.line("1", "MUG")))
    assert not due(world, "handover", days=30)
    allocated(world, "O-A")
    assert list(due(world, "handover", days=30)) == ["O-A-F1"]
    assert not due(world, "handover", days=1)
    world.orders.commit(shipping.release(world.orders.get("O-A"), "O-A-F1"))
    ship.pack("O-A-F1", [a.parcel(L1=1)], orders=world.orders, clock=world.clock)
    assert list(due(world, "handover", days=30)) == ["O-A-F1"]
    assert not due(world, "delivery", days=30)
    world.orders.commit(shipping.dispatch(world.orders.get("O-A"), "O-A-F1", at=world.clock()))
    assert not due(world, "handover", days=30)
    assert list(due(world, "delivery", days=30)) == ["O-A-F1-P1"]


def test_an_answer_is_due_until_the_location_has_gone_on(world: World) -> None:
    stocked(world, MUG=9)
    world.catalog.save(a.location("BERLIN", terms=Terms(accept_hours=1, pack_hours=2)))
    order = released(world, "O-A")
    assert list(due(world, "answer", days=1)) == ["O-A-F1"]
    assert not due(world, "handover", days=30)
    (order,) = world.orders.commit(shipping.accept(order, "O-A-F1"))
    assert order.fulfillment_orders[0].pack_by == a.NOW + timedelta(hours=2)
    assert not due(world, "answer", days=1.5 / 24)
    assert list(due(world, "answer", days=1)) == ["O-A-F1"]
    ship.pack("O-A-F1", [a.parcel(L1=1)], orders=world.orders, clock=world.clock)
    assert not due(world, "answer", days=30)
    assert list(due(world, "handover", days=30)) == ["O-A-F1"]


def test_money_is_due_to_be_reserved_anew_compared_and_asked_for_again(world: World) -> None:
    stocked(world, MUG=9)
    (order,) = world.orders.commit(a.being_checked_out("O-A", a.line("1", "MUG")))
    week = PaymentTerms(valid_until=a.NOW + 7 * DAY)
    paid = placing.authorized(order, "O-A-T1", reference="r", at=world.clock(), terms=week)
    world.orders.commit(placing.place(paid, at=world.clock()))
    assert not due(world, "authorization", days=5.9)
    assert list(due(world, "authorization", days=6.1)) == ["O-A"]

    order = packed(world, "O-B")
    held = dunning.hold(order, "O-B-F1", reason="declined", at=world.clock())
    (held,) = world.orders.commit(held)
    world.orders.commit(shipping.alert(held, "O-B-F1", cause="late_handover", deliver_by=a.NOW))
    assert not due(world, "payment", days=0.9 / 24)
    assert list(due(world, "payment", days=1.1 / 24)) == ["O-B-F1"]
    (gone_on,) = world.orders.commit(shipping.resume(world.orders.get("O-B"), "O-B-F1"))
    assert not due(world, "payment", days=30)

    (parcel,) = gone_on.parcels
    claimed = capturing.claim(gone_on, parcel, "O-B-T1", parcel.amount, at=world.clock())
    about = (parcel, "O-B-T1", claimed[2])
    taken = capturing.captured(claimed[0], *about, reference="c", at=world.clock())
    (taken,) = world.orders.commit(taken)
    assert list(due(world, "reconcile", days=1)) == ["O-B"]
    until = world.clock() + DAY
    world.orders.commit(reconciling.reconciled(taken, "O-B-T1", [], until=until, at=world.clock()))
    assert not due(world, "reconcile", days=30)


def test_a_delivery_is_due_until_the_parcel_has_arrived(world: World) -> None:
    stocked(world, MUG=9)
    order = packed(world, "O-A")
    (order,) = world.orders.commit(shipping.dispatch(order, "O-A-F1", at=world.clock()))
    (order,) = world.orders.commit(
        shipping.track(order, "O-A-F1-P1", a.said("in_transit", a.NOW + DAY))
    )
    assert list(due(world, "delivery", days=30)) == ["O-A-F1-P1"]
    world.orders.commit(shipping.track(order, "O-A-F1-P1", a.said("delivered", a.NOW + DAY * 2)))
    assert not due(world, "delivery", days=30)


def test_an_alerted_record_leaves_the_time_index(world: World) -> None:
    stocked(world, MUG=9)
    order = released(world, "O-A")
    alerted = shipping.alert(order, "O-A-F1", cause="late_handover", deliver_by=a.NOW)
    world.orders.commit(alerted)
    assert not due(world, "handover", days=30)


def test_money_that_was_asked_back_is_due_until_it_is_answered(world: World) -> None:
    stocked(world, MUG=9)
    order = placed(world, a.being_checked_out("O-A", a.line("1", "MUG")))
    canceled = placing.cancel(order, reason="x", at=world.clock())
    (order,) = world.orders.commit(voiding.request_void(canceled, "O-A-T1", at=world.clock()))
    assert list(due(world, "money", days=1)) == ["O-A"]
    assert not due(world, "money", days=-1)
    (_, void) = order.payments[0].events
    world.orders.commit(voiding.voided(order, "O-A-T1", void, at=world.clock()))
    assert not due(world, "money", days=1)


def test_a_location_sees_its_work_the_most_urgent_first(world: World) -> None:
    stocked(world, MUG=9)
    for days, key in ((2, "O-LATER"), (0, "O-FIRST"), (1, "O-NEXT")):
        world.clock.now = a.NOW + DAY * days
        released(world, key)
    found, cursor = world.queues.fulfillment_orders("BERLIN", 10, None)
    assert [one.fulfillment_order_id for one in found] == ["O-FIRST-F1", "O-NEXT-F1", "O-LATER-F1"]
    assert cursor is None
    assert world.queues.fulfillment_orders("HAMBURG", 10, None) == ([], None)


def test_a_location_does_not_see_what_is_not_released_or_is_done(world: World) -> None:
    stocked(world, MUG=9)
    placed(world, a.being_checked_out("O-A", a.line("1", "MUG")))
    allocated(world, "O-A")
    assert world.queues.fulfillment_orders("BERLIN", 10, None)[0] == []
    ship.release("O-A-F1", "token", orders=world.orders, workflow=FakeWorkflow())
    assert len(world.queues.fulfillment_orders("BERLIN", 10, None)[0]) == 1
    ship.reject("O-A-F1", "damaged", orders=world.orders)
    assert world.queues.fulfillment_orders("BERLIN", 10, None)[0] == []


def test_a_long_list_comes_in_pages(world: World) -> None:
    stocked(world, MUG=9)
    keys = [f"O-{number}" for number in range(5)]
    for number, key in enumerate(keys):
        world.clock.now = a.NOW + DAY * number
        released(world, key)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        found, cursor = world.queues.fulfillment_orders("BERLIN", 2, cursor)
        seen += [one.fulfillment_order_id for one in found]
    assert cursor is None
    assert seen == [f"{key}-F1" for key in keys]


@pytest.mark.parametrize(
    "cursor", ["x", "IjUi", "W10=", "eyJwayI6IDF9", "ÿ", "bnVsbA==", "WzEsMiwzXQ=="]
)
def test_a_cursor_that_is_none_of_ours_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidCommand):
        world.queues.work_items(10, cursor)


def test_open_work_items_wait_for_a_person(world: World) -> None:
    stocked(world, MUG=9)
    order = placed(world, a.being_checked_out("O-A", a.line("1", "MUG")))
    odd = open_work_item(order, "odd", subject="O-A", text="Look.", at=world.clock())
    (order,) = world.orders.commit(odd)
    found, _ = world.queues.work_items(10, None)
    assert [item.work_item_id for item in found] == ["O-A-W-odd-order"]
    world.orders.commit(close_work_item(order, "O-A-W-odd-order", by="ann", at=world.clock()))
    assert world.queues.work_items(10, None) == ([], None)


def sold_without_goods(world: World, external_id: str, *skus: str) -> str:
    """A placed order that waits for all that it is about."""
    lines = [a.sold(str(number), sku) for number, sku in enumerate(skus, start=1)]
    news = OrderNews(order=a.storefront_order(*lines, external_id=external_id))
    order = ingest.follow_storefront(
        "shopify",
        news,
        orders=world.orders,
        catalog=world.catalog,
        stock=world.stock,
        clock=world.clock,
    )
    assert order
    return order.order_id


def test_orders_that_wait_for_goods_are_listed_the_oldest_first(world: World) -> None:
    names = []
    for external_id in ("7", "9", "8"):
        names.append(sold_without_goods(world, external_id, "MUG", "CUP"))
        world.clock.advance(minutes=1)
    waiting = list(world.queues.waiting())
    assert [one.order_id for one in waiting] == names
    assert {one.skus for one in waiting} == {("MUG", "CUP")}
    order = placing.cancel(world.orders.get(names[1]), reason="no", at=world.clock())
    world.orders.commit(order)
    stocked(world, MUG=9)
    first = world.orders.get(names[0])
    world.orders.commit(placing.hold_units(first, {"1": 1}))
    left = list(world.queues.waiting())
    assert [(one.order_id, one.skus) for one in left] == [
        (names[0], ("CUP",)),
        (names[2], ("MUG", "CUP")),
    ]
    assert list(world.queues.waiting(left[0].place)) == left[1:]
    assert list(world.queues.waiting(left[1].place)) == []


def test_an_order_that_no_location_can_ship_waits_in_the_same_list(world: World) -> None:
    stocked(world, MUG=9)
    released(world, "O-A")
    ship.reject("O-A-F1", "damaged", orders=world.orders)
    assert list(world.queues.waiting()) == []
    world.orders.commit(shortfall.follow(world.orders.get("O-A"), at=world.clock()))
    assert [(one.order_id, one.skus) for one in world.queues.waiting()] == [("O-A", ())]


def test_a_remedy_is_due_at_its_deadline_and_until_it_is_carried_out(world: World) -> None:
    name = sold_without_goods(world, "7", "MUG")
    order, key = world.orders.get(name), f"{name}-M1"
    options = remedying.options(order, (), None, ask_again_at=a.NOW + DAY * 14)
    kind, at = RemedyKind.REFUND, world.clock()
    offered = remedying.offer(order, options, deadline=a.NOW + DAY, at_deadline=kind, at=at)
    (order,) = world.orders.commit(offered)
    assert world.orders.get(name).remedies == order.remedies
    assert not due(world, "remedy", days=1)
    assert list(due(world, "remedy", days=2)) == [key]
    (order,) = world.orders.commit(remedying.choose(order, key, kind, {}, at=at))
    assert list(due(world, "remedy", days=1)) == [key]
    world.orders.commit(remedying.carry_out(order, key, at=at))
    assert not due(world, "remedy", days=30)


def test_an_order_that_waits_for_very_much_is_listed_without_saying_what(world: World) -> None:
    skus = [f"{'M' * 100}-{number}" for number in range(20)]
    name = sold_without_goods(world, "7", *skus)
    (one,) = world.queues.waiting()
    assert one.order_id == name
    assert one.skus in (None, tuple(skus))


def test_what_an_order_is_owed_is_told_apart_from_what_it_does_not_hold(world: World) -> None:
    name = sold_without_goods(world, "7", "MUG", "CUP")
    stocked(world, MUG=1)
    world.orders.commit(placing.hold_units(world.orders.get(name), {"1": 1}, owed={"MUG"}))
    (one,) = world.queues.waiting()
    assert (one.order_id, one.skus, one.owed) == (name, ("CUP",), ("MUG",))
    stocked(world, CUP=1)
    world.orders.commit(placing.hold_units(world.orders.get(name), {"2": 1}))
    (one,) = world.queues.waiting()
    assert (one.order_id, one.skus, one.owed) == (name, (), ("MUG",))
    assert world.stock.levels(["MUG"])["MUG"].owed == 1


def test_of_two_orders_of_one_second_the_older_one_comes_first(world: World) -> None:
    names = []
    for external_id in range(6):
        names.append(sold_without_goods(world, str(external_id), "MUG"))
        world.clock.advance(milliseconds=7)
    assert [one.order_id for one in world.queues.waiting()] == names
