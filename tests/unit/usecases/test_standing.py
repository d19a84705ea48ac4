"""Who waits for a change of stock is told of it, once, without a word from the checkout."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from doorstep.domain.standing import Standing
from doorstep.domain.stock import StockLevels
from doorstep.usecases.reconcile import reconcile
from doorstep.usecases.standing import watch
from tests import builders as a
from tests.contract.fakes_orders import FakeLedger, FakeStandings, FakeStock
from tests.shop import Shop


def told(shop: Shop) -> list[str]:
    return [item.name for item in shop.memory.stock_events]


def audits(shop: Shop) -> None:
    reconcile(
        ledger=FakeLedger(shop.memory),
        orders=shop.orders,
        standings=shop.standings,
        catalog=shop.catalog,
        clock=shop.clock,
    )


def test_a_sku_sells_out_and_comes_back(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=7)
    assert shop.watches().changed == ("MUG",)
    shop.buys(("MUG", 3), key="c1")
    shop.watches()
    shop.buys(("MUG", 4), key="c2")
    shop.watches()
    shop.watches()
    shop.gets("MUG", BERLIN=9)
    shop.watches()
    assert told(shop) == ["stock.back_in_stock", "stock.low", "stock.out", "stock.back_in_stock"]
    assert [item.sequence for item in shop.memory.stock_events] == [1, 2, 3, 4]


def test_two_looks_at_once_tell_it_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=7)

    class Slow(FakeStandings):
        def save(self, standing: Standing) -> None:
            FakeStandings(self.memory).save(standing)
            super().save(standing)

    watch(
        ledger=FakeLedger(shop.memory),
        queues=shop.queues,
        standings=Slow(shop.memory),
        catalog=shop.catalog,
        stock=shop.stock,
        clock=shop.clock,
    )
    shop.watches()
    assert told(shop) == ["stock.back_in_stock"]


def test_levels_that_lag_are_not_told(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=7)
    shop.watches()
    before = shop.stock.levels(["MUG"])
    shop.buys(("MUG", 7))
    shop.watches()

    class Lagging(FakeStock):
        def levels(self, skus: Iterable[str]) -> Mapping[str, StockLevels]:
            return {sku: before[sku] for sku in skus}

    found = watch(
        ledger=FakeLedger(shop.memory),
        queues=shop.queues,
        standings=shop.standings,
        catalog=shop.catalog,
        stock=Lagging(shop.memory),
        clock=shop.clock,
    )
    assert found.changed == ()
    assert told(shop) == ["stock.back_in_stock", "stock.out"]


def test_the_reconciler_tells_before_it_takes_a_sku_off_the_list(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=7)
    audits(shop)
    assert shop.watches().looked_at == 0
    assert told(shop) == ["stock.back_in_stock"]


def test_what_nobody_buys_becomes_too_much_without_a_movement(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=30)
    shop.delivered(("MUG", 4))
    audits(shop)
    assert told(shop) == ["stock.back_in_stock"]
    shop.clock.now += timedelta(weeks=9)
    assert shop.watches().changed == ("MUG",)
    assert told(shop)[-1] == "stock.overstock"
    shop.clock.now += timedelta(days=6)
    assert shop.watches().looked_at == 0


def test_how_much_is_too_much_depends_on_what_was_shipped(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=30)
    shop.clock.now += timedelta(weeks=9)
    shop.delivered(("MUG", 4))
    audits(shop)
    assert told(shop) == ["stock.back_in_stock"]
    assert shop.memory.standings["MUG"].state == "overstock"  # 26 of them last 52 weeks
    shop.catalog.save(a.product("MUG", overstock_weeks=52))
    shop.buys(("MUG", 1), key="c2")
    shop.watches()
    assert told(shop) == ["stock.back_in_stock", "stock.normal"]


def test_a_sku_that_is_not_sold_any_more_is_left_alone(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=7)
    del shop.memory.products["MUG"]
    assert shop.watches().looked_at == 0
