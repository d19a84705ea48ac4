"""A whole location switched off: what is sold can be shipped, what is not packed goes elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest

from doorstep.domain.errors import NotFound, OutOfStock
from doorstep.domain.order import Order
from doorstep.usecases import outage
from tests import builders as a
from tests.shop import Countdown, Killed, Shop, kill


def routed(order: Order) -> list[tuple[str, str]]:
    return [(one.location_id, one.status.value) for one in order.fulfillment_orders]


def released(shop: Shop, units: int = 1, key: str = "cart-1") -> Order:
    order = shop.sold(("MUG", units), key=key)
    shop.settle()
    return shop.order(order.order_id)


def test_what_is_not_packed_is_routed_elsewhere_and_what_is_packed_stays(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=5)
    orders = [released(shop, key=f"cart-{number}").order_id for number in range(3)]
    shop.packs(f"{orders[0]}-F1")
    shop.switches("BERLIN")
    done = shop.carries_out_switches()
    assert (done.units, sorted(done.withdrawn)) == (2, sorted(f"{o}-F1" for o in orders[1:]))
    shop.settle(times=2)
    assert [routed(shop.order(order_id)) for order_id in orders] == [
        [("BERLIN", "shipped")],
        [("BERLIN", "withdrawn"), ("HAMBURG", "released")],
        [("BERLIN", "withdrawn"), ("HAMBURG", "released")],
    ]
    (one, _) = shop.order(orders[1]).fulfillment_orders
    assert one.reason == "BERLIN is switched off: flooded"
    assert shop.carries_out_switches() == (0, ())
    shop.check()


def test_what_is_sold_while_a_location_is_off_can_be_shipped(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5, HAMBURG=2)
    shop.switches("BERLIN")
    shop.carries_out_switches()
    assert shop.left("MUG") == (2, 0)
    assert shop.at("BERLIN", "MUG") == (5, 0, 0)
    with pytest.raises(OutOfStock):
        shop.buys(("MUG", 3))
    assert routed(released(shop, 2, key="fits")) == [("HAMBURG", "released")]
    shop.check()


def test_switched_on_again_its_stock_counts_again_and_fills_who_waits(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = released(shop, 2)
    shop.switches("BERLIN")
    shop.carries_out_switches()
    shop.settle()
    order = shop.order(order.order_id)
    assert routed(order) == [("BERLIN", "withdrawn")]
    assert order.lines[0].backordered == 2
    assert order.lines[0].excluded == ()
    assert "order.shortage" in shop.heard(order.order_id)
    shop.switches("BERLIN", None)
    assert shop.carries_out_switches() == (5, ())
    assert shop.left("MUG") == (5, 0)
    shop.allocates(order.order_id)
    shop.settle()
    assert routed(shop.order(order.order_id))[1:] == [("BERLIN", "released")]
    assert shop.at("BERLIN", "MUG") == (5, 3, 2)
    shop.check()


def test_units_that_an_order_holds_already_are_not_taken_from_it(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    shop.switches("BERLIN")
    assert shop.carries_out_switches().units == 3
    assert shop.left("MUG") == (0, 2)
    shop.settle()
    assert routed(shop.order(order.order_id)) == []
    shop.gets("MUG", HAMBURG=3)
    follow(shop)
    assert shop.left("MUG") == (1, 2)
    shop.requests_allocation(order.order_id)
    shop.settle()
    assert routed(shop.order(order.order_id)) == [("HAMBURG", "released")]
    shop.check()


def follow(shop: Shop) -> int:
    """The reconciler comes by."""
    shop.advance(minutes=15)
    return outage.follow_switches(["MUG"], catalog=shop.catalog, stock=shop.stock, clock=shop.clock)


def test_goods_that_arrive_where_a_location_is_off_are_not_sold(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1, HAMBURG=1)
    shop.switches("BERLIN")
    shop.carries_out_switches()
    shop.gets("MUG", BERLIN=4)
    assert (follow(shop), follow(shop)) == (4, 0)
    assert shop.left("MUG") == (1, 0)
    shop.check()


def test_the_last_units_of_a_hot_sku_are_taken_from_every_shard(shop: Shop) -> None:
    shop.catalog.save(a.product("MUG", stock_shards=4))
    for shard in range(4):
        goods = a.received("MUG", "BERLIN", 2, cause=f"r{shard}")
        shop.stock.move(goods.model_copy(update={"shard": shard}))
    shop.switches("BERLIN")
    assert shop.carries_out_switches().units == 8
    assert shop.left("MUG") == (0, 0)
    shop.check()


def test_an_outage_that_is_killed_anywhere_is_finished_by_the_next_run(shop: Shop) -> None:
    """Repeat-safe and resumable: killed before every read and write of it, one after the other."""
    shop.sells("MUG", BERLIN=20, HAMBURG=20)
    shop.sells("CUP", BERLIN=3, HAMBURG=3)
    orders = [released(shop, key=f"cart-{number}").order_id for number in range(4)]
    shop.switches("BERLIN")
    names = ("places", "queues", "orders", "stock")
    real: dict[str, Any] = {name: getattr(shop, name) for name in names}
    for calls in range(40):
        vars(shop).update(Countdown(calls, kill).watching(real))
        try:
            shop.carries_out_switches()
        except Killed:
            pass
        finally:
            vars(shop).update(real)
        shop.check()
    shop.settle(times=2)
    assert shop.left("MUG") == (16, 0)
    for order_id in orders:
        assert routed(shop.order(order_id)) == [("BERLIN", "withdrawn"), ("HAMBURG", "released")]
        assert shop.heard(order_id).count("fulfillment_order.withdrawn") == 1


def test_two_runs_at_once_take_everything_back_once(shop: Shop) -> None:
    for calls in range(12):
        for step in both(shop, calls):
            step.check()


def both(shop: Shop, calls: int) -> Iterator[Shop]:
    """One run, in which another one comes in before its n-th call."""
    del shop
    here = Shop()
    here.sells("MUG", BERLIN=5, HAMBURG=5)
    order = here.sold(("MUG", 1))
    here.settle()
    here.switches("BERLIN")
    names = ("places", "queues", "orders", "stock")
    real: dict[str, Any] = {name: getattr(here, name) for name in names}

    def meanwhile() -> None:
        vars(here).update(real)
        here.carries_out_switches()

    vars(here).update(Countdown(calls, meanwhile).watching(real))
    here.carries_out_switches()
    vars(here).update(real)
    here.settle()
    assert routed(here.order(order.order_id))[1:] == [("HAMBURG", "released")]
    assert here.left("MUG") == (4, 0)
    yield here


def test_a_location_is_looked_at_until_nobody_takes_it_for_what_it_was(shop: Shop) -> None:
    """Whoever routes may know a location for a minute as it was."""
    shop.sells("MUG", BERLIN=5)
    shop.switches("BERLIN")
    shop.carries_out_switches()
    shop.carries_out_switches()
    assert "BERLIN" in shop.memory.switched
    shop.advance(minutes=2)
    shop.carries_out_switches()
    assert shop.memory.switched == {}
    shop.switches("BERLIN", "still flooded")
    assert shop.memory.locations["BERLIN"].outage == "still flooded"


def test_a_location_that_is_only_renamed_is_not_switched(shop: Shop) -> None:
    ports: dict[str, Any] = {"catalog": shop.catalog, "places": shop.places, "clock": shop.clock}
    outage.save_location(a.location("BERLIN", priority=1), **ports)
    assert shop.memory.switched == {}
    saved = outage.save_location(a.location("ROME", active=False, outage="not open yet"), **ports)
    assert (saved.switched_at, saved.outage) == (shop.clock(), "not open yet")


def test_nobody_switches_a_location_that_is_not_there(shop: Shop) -> None:
    with pytest.raises(NotFound):
        shop.switches("ATLANTIS")
