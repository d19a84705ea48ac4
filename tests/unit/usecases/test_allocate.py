"""Allocate: a place for every held unit, in groups, and again elsewhere when a place says no."""

import pytest

from doorstep.adapters.payments.sandbox import Token
from doorstep.domain import placing
from doorstep.domain.errors import (
    IllegalTransition,
    NotFound,
    PaymentDeclined,
    QuantityExceeded,
)
from doorstep.domain.fulfillment import FulfillmentStatus
from doorstep.domain.order import FulfillmentState, Order, OrderStatus
from doorstep.domain.order import order_id as id_of
from doorstep.usecases.allocate import allocate_orders
from doorstep.usecases.cart import WantedLine
from doorstep.usecases.quote import MAX_LINES
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def places(order: Order) -> dict[str, dict[str, int]]:
    """location → line → units, over all fulfillment orders that are alive."""
    ended = (FulfillmentStatus.REJECTED, FulfillmentStatus.SHORT, FulfillmentStatus.CANCELED)
    found: dict[str, dict[str, int]] = {}
    for one in order.fulfillment_orders:
        if one.status not in ended:
            for part in one.lines:
                units = found.setdefault(one.location_id, {})
                units[part.line_id] = units.get(part.line_id, 0) + part.quantity
    return found


def test_held_units_become_units_of_one_location(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    assert places(order) == {"BERLIN": {"1": 2}}
    assert shop.left("MUG") == (3, 0)
    assert shop.at("BERLIN", "MUG") == (5, 3, 2)
    assert order.fulfillment_state is FulfillmentState.ALLOCATED
    assert list(shop.workflow.started) == [f"{order.order_id}-F1"]


def test_the_nearest_location_with_stock_is_taken(shop: Shop) -> None:
    shop.sells("MUG", HAMBURG=5, BERLIN=5)
    assert places(shop.sold(("MUG", 2))) == {"BERLIN": {"1": 2}}


def test_one_location_that_can_ship_everything_is_preferred_to_a_nearer_part(shop: Shop) -> None:
    """Availability summed over locations but taken from one: medusa#14987."""
    shop.sells("MUG", BERLIN=1, HAMBURG=2)
    assert places(shop.sold(("MUG", 2))) == {"HAMBURG": {"1": 2}}


def test_an_order_that_no_single_location_can_ship_is_split(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2, HAMBURG=2)
    order = shop.sold(("MUG", 3))
    assert places(order) == {"BERLIN": {"1": 2}, "HAMBURG": {"1": 1}}
    why = shop.orders.timeline(order.order_id)[-1].data["why"]
    assert why == "no single location can ship everything: split over BERLIN, HAMBURG"


def test_two_lines_with_the_same_sku_draw_on_one_count(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3, HAMBURG=1)
    assert places(shop.sold(("MUG", 2), ("MUG", 2))) == {
        "BERLIN": {"1": 2, "2": 1},
        "HAMBURG": {"2": 1},
    }


def test_a_made_to_order_piece_goes_to_the_workshop_with_its_instructions(shop: Shop) -> None:
    shop.catalog.save(a.engraved("PEN"), a.location("ATELIER", a.HAMBURG, kind="workshop"))
    shop.gets("PEN", BERLIN=5, ATELIER=5)
    line = WantedLine(sku="PEN", quantity=1, instructions={"engraving": "For Ada"})
    order = shop.check_out(a.cart(lines=(line,))).order
    shop.allocates(order.order_id)
    (one,) = shop.order(order.order_id).fulfillment_orders
    assert one.location_id == "ATELIER"
    assert one.lines[0].instructions == {"engraving": "For Ada"}


def test_a_location_that_is_closed_gets_nothing(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    shop.catalog.save(a.location("BERLIN", active=False))
    assert places(shop.sold(("MUG", 1))) == {"HAMBURG": {"1": 1}}


def test_a_message_that_comes_twice_allocates_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    assert shop.allocates(order.order_id, order.order_id).done == (order.order_id,)
    assert shop.order(order.order_id).version == order.version
    assert shop.at("BERLIN", "MUG") == (5, 3, 2)


def test_an_order_on_hold_is_not_allocated_until_it_is_released(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    held = placing.put_on_hold(order, "review", ("odd",), by="ann", at=shop.clock())
    (order,) = shop.orders.commit(held)
    shop.allocates(order.order_id)
    assert not shop.order(order.order_id).fulfillment_orders
    freed = placing.release_hold(shop.order(order.order_id), "review", by="ann", at=shop.clock())
    shop.orders.commit(freed)
    shop.settle()
    assert places(shop.order(order.order_id)) == {"BERLIN": {"1": 2}}


def test_a_batch_is_committed_as_a_group(shop: Shop) -> None:
    """All demand on one SKU and location is one row of the ledger: one update, one transaction."""
    shop.sells("MUG", BERLIN=50)
    keys = [shop.buys(("MUG", 1), key=f"cart-{n}").order_id for n in range(24)]
    assert shop.allocates(*keys) == (tuple(keys), {})
    rows = [row for (_, _, kind, _), row in shop.memory.ledger.items() if kind == "allocated"]
    assert [len(row) for row in rows] == [24]
    assert shop.at("BERLIN", "MUG") == (50, 26, 24)


def test_a_group_that_cannot_be_committed_falls_back_to_order_by_order(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=50)
    keys = [shop.buys(("MUG", 1), key=f"cart-{n}").order_id for n in range(3)]

    def somebody_cancels_one() -> None:
        shop.cancels(keys[1])

    countdown = Countdown(3, somebody_cancels_one)  # after the three orders were read
    watched = countdown.watching({"orders": shop.orders})
    done = allocate_orders(
        keys,
        **watched,
        stock=shop.stock,
        catalog=shop.catalog,
        workflow=shop.workflow,
        clock=shop.clock,
    )
    assert countdown.done
    assert done == (tuple(keys), {})
    assert len(shop.workflow.started) == 2
    assert shop.at("BERLIN", "MUG") == (50, 48, 2)


def test_stock_that_somebody_else_took_first_is_found_elsewhere(shop: Shop) -> None:
    """Fulfillment from another location than allocated: medusa#16338."""
    shop.sells("MUG", BERLIN=1, HAMBURG=1)
    first, second = (shop.buys(("MUG", 1), key=key).order_id for key in ("a", "b"))
    countdown = Countdown(1, lambda: shop.allocates(second) and None)
    allocate_orders(
        [first],
        **countdown.watching({"orders": shop.orders}),
        stock=shop.stock,
        catalog=shop.catalog,
        workflow=shop.workflow,
        clock=shop.clock,
    )
    assert places(shop.order(second)) == {"BERLIN": {"1": 1}}
    assert places(shop.order(first)) == {"HAMBURG": {"1": 1}}


def test_an_order_that_is_not_there_yet_is_tried_again(shop: Shop) -> None:
    """The event consumer runs before the row is visible: saleor PR#17086."""
    assert isinstance(shop.allocates("O-NOWHERE").failed["O-NOWHERE"], NotFound)


@pytest.mark.parametrize("calls", range(5))
def test_a_crash_at_any_point_is_healed_by_the_next_delivery(shop: Shop, calls: int) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    ports = Countdown(calls, kill).watching(
        {"orders": shop.orders, "stock": shop.stock, "workflow": shop.workflow}
    )
    try:
        allocate_orders([order.order_id], **ports, catalog=shop.catalog, clock=shop.clock)
    except Killed:
        shop.check()
    shop.allocates(order.order_id)
    assert shop.at("BERLIN", "MUG") == (5, 3, 2)
    assert list(shop.workflow.started) == [f"{order.order_id}-F1"]


# --- when a place says no -------------------------------------------------------------------------


def test_a_rejected_fulfillment_order_is_routed_elsewhere(shop: Shop) -> None:
    """With the target's stock checked: reservation moved without checking it: medusa#16488."""
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    assert shop.left("MUG") == (8, 2)
    shop.settle()
    order = shop.order(order.order_id)
    assert places(order) == {"HAMBURG": {"1": 2}}
    assert shop.at("BERLIN", "MUG") == (5, 5, 0)
    assert shop.workflow.woken[f"{order.order_id}-F1"] == "Rejected"


def test_where_every_location_has_said_no_a_person_is_asked_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    shop.rejects(f"{order.order_id}-F1")
    shop.settle(times=2)
    order = shop.order(order.order_id)
    assert places(order) == {}
    assert [item.cause for item in order.work_items] == ["unfilled"]
    assert shop.left("MUG") == (3, 2)


def test_a_rejection_that_is_sent_twice_counts_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 2))
    shop.releases(f"{order.order_id}-F1")
    for _ in range(2):
        shop.rejects(f"{order.order_id}-F1")
    assert shop.left("MUG") == (3, 2)


def test_missing_units_leave_the_location_and_are_found_elsewhere(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3, HAMBURG=3)
    order = shop.sold(("MUG", 3))
    key = f"{order.order_id}-F1"
    shop.releases(key)
    shop.misses(key, L1=2)
    shop.settle()
    order = shop.order(order.order_id)
    assert places(order) == {"BERLIN": {"1": 1}, "HAMBURG": {"1": 2}}
    assert shop.memory.places["MUG", "BERLIN"].unsellable == 2
    assert shop.left("MUG") == (1, 0)
    assert order.fulfillment_order(key).status is FulfillmentStatus.RELEASED


def test_missing_units_that_nobody_has_are_a_shortage(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    order = shop.sold(("MUG", 3))
    key = f"{order.order_id}-F1"
    shop.releases(key)
    shop.misses(key, L1=3)
    shop.settle()
    order = shop.order(order.order_id)
    assert order.fulfillment_order(key).status is FulfillmentStatus.SHORT
    assert shop.workflow.woken[key] == "Short"
    assert order.lines[0].backordered == 3
    assert [item.cause for item in order.work_items] == ["shortage"]
    shop.gets("MUG", BERLIN=0 + 5, HAMBURG=5)
    shop.allocates(order.order_id)
    assert places(shop.order(order.order_id)) == {"HAMBURG": {"1": 3}}


def test_a_shortage_that_is_reported_twice_counts_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 3))
    key = f"{order.order_id}-F1"
    shop.releases(key)
    for _ in range(2):
        shop.misses(key, L1=1)
    assert shop.fulfillment_order(key).quantity == 2
    assert shop.memory.places["MUG", "BERLIN"].unsellable == 1
    shop.misses(key, L1=2)
    assert shop.fulfillment_order(key).quantity == 1
    for _ in range(2):
        shop.misses(key, L1=3)
    assert shop.fulfillment_order(key).status is FulfillmentStatus.SHORT
    assert shop.memory.places["MUG", "BERLIN"].unsellable == 3


def test_what_is_packed_or_gone_cannot_be_missing(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 3))
    key = f"{order.order_id}-F1"
    with pytest.raises(IllegalTransition):
        shop.misses(key, L1=1)
    shop.releases(key)
    shop.packs(key)
    with pytest.raises(IllegalTransition):
        shop.misses(key, L1=1)
    shop.ships(key)
    with pytest.raises(IllegalTransition):
        shop.misses(key, L1=1)
    assert shop.at("BERLIN", "MUG") == (2, 2, 0)


@pytest.mark.parametrize("missing", [{"L1": 4}, {"L1": 0}, {"L1": -1}, {"L9": 1}])
def test_no_more_can_be_missing_than_is_there(shop: Shop, missing: dict[str, int]) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.sold(("MUG", 3))
    shop.releases(f"{order.order_id}-F1")
    with pytest.raises(QuantityExceeded):
        shop.misses(f"{order.order_id}-F1", **missing)


def test_the_largest_checkout_is_allocated_in_parts_rejected_shipped_and_canceled(
    shop: Shop,
) -> None:
    """DynamoDB takes 100 actions in one transaction, and so does the memory of this shop."""
    skus = [f"SKU-{number}" for number in range(MAX_LINES)]
    for sku in skus:
        shop.sells(sku, "1.00", BERLIN=2)
    lines = [(sku, 1) for sku in skus]
    with pytest.raises(PaymentDeclined):
        shop.buys(*lines, token=Token.DECLINE, key="declined")
    order = shop.sold(*lines)
    assert places(order) == {"BERLIN": {line.line_id: 1 for line in order.lines}}
    first, second = (one.fulfillment_order_id for one in order.fulfillment_orders)
    for key in (first, second):
        shop.releases(key)
    shop.rejects(first)
    shop.packs(second)
    shop.ships(second)
    shop.cancels(order.order_id)
    order = shop.order(order.order_id)
    shipped = {part.line_id for part in order.fulfillment_order(second).lines}
    assert {line.line_id for line in order.lines if line.shipped} == shipped
    assert sum(shop.left(sku)[0] for sku in skus) == 2 * MAX_LINES - len(shipped)


def test_a_storefront_order_of_any_size_is_placed_allocated_and_canceled(shop: Shop) -> None:
    skus = [f"SKU-{number}" for number in range(90)]
    for sku in skus[:-1]:
        shop.sells(sku, "1.00", BERLIN=2, HAMBURG=1)
    lines = (a.sold(str(number), sku, 3, "1.00") for number, sku in enumerate(skus))
    order = shop.hears(a.storefront_order(*lines))
    assert order
    shop.settle(times=2)
    order = shop.order(order.order_id)
    assert sum(line.allocated for line in order.lines) == 89 * 3
    assert [item.text for item in order.work_items] == ["Paid for, but not in stock: 3 × SKU-89."]
    shop.hears_cancellation(str(order.external_id))
    assert shop.order(order.order_id).status is OrderStatus.CANCELED
    assert all(shop.left(sku) == (3, 0) for sku in skus[:-1])


def test_one_order_that_fails_does_not_keep_its_batch_waiting(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    bad, good = (shop.buys(("MUG", 1), key=key).order_id for key in ("a", "b"))

    class Odd:
        def get(self, order_id: str) -> Order:
            return shop.orders.get(order_id)

        def commit(self, *orders: Order) -> tuple[Order, ...]:
            if bad in [order.order_id for order in orders]:
                raise RuntimeError("the adapter has a fault")
            return shop.orders.commit(*orders)

    done = allocate_orders(
        [bad, good],
        orders=Odd(),  # type: ignore[arg-type]
        stock=shop.stock,
        catalog=shop.catalog,
        workflow=shop.workflow,
        clock=shop.clock,
    )
    assert (done.done, list(done.failed)) == ((good,), [bad])


def test_ids_tell_where_they_belong() -> None:
    assert id_of("web", "a") != id_of("web", "b") != id_of("app", "b")
