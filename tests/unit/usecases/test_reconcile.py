"""The reconciler: ledger, levels and orders compared, and levels mended."""

from collections.abc import Sequence

import pytest

from doorstep.domain.errors import Conflict, NotFound
from doorstep.domain.ledger import Drift
from doorstep.domain.stock import StockLevels
from doorstep.usecases.reconcile import Audit, Reconciled, audit, reconcile, repair
from tests import builders as a
from tests.contract.fakes_orders import FakeLedger
from tests.shop import Shop


def run(shop: Shop) -> Reconciled:
    return reconcile(
        ledger=FakeLedger(shop.memory),
        orders=shop.orders,
        standings=shop.standings,
        catalog=shop.catalog,
        clock=shop.clock,
    )


def look(shop: Shop) -> Audit:
    return audit("MUG", ledger=FakeLedger(shop.memory), orders=shop.orders)


def mend_with(shop: Shop, ledger: FakeLedger) -> Sequence[Drift]:
    return repair(
        "MUG",
        by="Ann",
        ledger=ledger,
        orders=shop.orders,
        standings=shop.standings,
        catalog=shop.catalog,
        clock=shop.clock,
    )


def mend(shop: Shop) -> int:
    return len(mend_with(shop, FakeLedger(shop.memory)))


def spoil(shop: Shop, **counters: int) -> None:
    """Change a location's level behind the ledger's back."""
    level = shop.memory.places["MUG", "BERLIN"]
    shop.memory.places["MUG", "BERLIN"] = level.model_copy(update=counters)


def test_a_whole_life_of_orders_is_sound(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9, HAMBURG=3)
    shop.delivered(("MUG", 2), key="c1")
    shop.packed(("MUG", 1), key="c2")
    shop.sold(("MUG", 1), key="c3")
    shop.buys(("MUG", 1), key="c4")
    shop.cancels(shop.buys(("MUG", 1), key="c5").order_id)
    order = shop.sold(("MUG", 2), key="c6")
    shop.releases(f"{order.order_id}-F1")
    shop.misses(f"{order.order_id}-F1", L1=1)
    shop.allocates(order.order_id)
    found = run(shop)
    assert (found.checked, found.faulty) == (("MUG",), ())


def test_only_what_moved_is_looked_at(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    shop.sells("CUP", BERLIN=9)
    assert run(shop).checked == ("MUG", "CUP")
    assert run(shop).checked == ()
    shop.buys(("MUG", 2))
    assert run(shop).checked == ("MUG",)


def test_a_drift_is_reported_until_it_is_mended(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    spoil(shop, available=8)
    for _ in range(2):
        (faulty,) = run(shop).faulty
        assert [(one.counter, one.level, one.ledger) for one in faulty.drift] == [
            ("available", 8, 9)
        ]
    assert mend(shop) == 1
    assert shop.memory.corrections == [("MUG", "Ann")]
    assert run(shop).faulty == ()
    assert mend(shop) == 0


def test_units_kept_for_an_order_that_does_not_ask_for_them(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    order = shop.buys(("MUG", 2))
    stored = shop.memory.orders.pop(order.order_id)
    (strange,) = look(shop).unexplained
    assert (strange.order_id, strange.counter, strange.ledger, strange.order) == (
        order.order_id,
        "held",
        2,
        0,
    )
    assert mend(shop) == 0
    shop.memory.orders[order.order_id] = stored


def test_what_moves_all_the_time_is_not_judged(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)

    class Busy(FakeLedger):
        def levels(self, sku: str) -> StockLevels:
            shop.gets("MUG", BERLIN=1)
            return super().levels(sku)

    found = audit("MUG", ledger=Busy(shop.memory), orders=shop.orders)
    assert (found.busy, found.drift) == (True, ())
    with pytest.raises(Conflict):
        mend_with(shop, Busy(shop.memory))


def test_what_nobody_has_cannot_be_mended(shop: Shop) -> None:
    with pytest.raises(NotFound):
        mend(shop)


def test_a_ledger_below_zero_is_for_a_person(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1)
    (key,) = (key for key in shop.memory.ledger if key[2] == "received")
    row = shop.memory.ledger.pop(key)
    shop.buys(("MUG", 1))
    with pytest.raises(Conflict):
        mend(shop)
    shop.memory.ledger[key] = row


def test_a_life_beyond_the_stock_is_sound(shop: Shop) -> None:
    shop.saves(a.backordered(cap=5))
    shop.sold(("MUG", 2), key="c1")
    shop.cancels(shop.sold(("MUG", 1), key="c2").order_id)
    assert look(shop).sound
    shop.gets("MUG", BERLIN=1)
    shop.refills()
    shop.saves(a.product("MUG"))
    assert look(shop).sound
    assert look(shop).levels.owed == 1


def test_goods_that_nobody_is_owed_are_found(shop: Shop) -> None:
    """An order forgot that it waits: the level goes on counting it."""
    shop.saves(a.backordered())
    order = shop.sold(("MUG", 1))
    forgot = order.with_lines([order.line("1").changed(owed=0)])
    shop.memory.orders[order.order_id] = forgot
    (found,) = look(shop).unexplained
    assert (found.counter, found.ledger, found.order) == ("owed", 1, 0)
    shop.memory.orders[order.order_id] = order


def test_room_that_the_ledger_does_not_know_is_taken_from_the_level(shop: Shop) -> None:
    shop.saves(a.backordered(cap=2))
    level = shop.memory.network["MUG", 0]
    shop.memory.network["MUG", 0] = level.model_copy(update={"available": 5, "room": 5})
    assert [(one.counter, one.level, one.ledger) for one in look(shop).drift] == [
        ("available", 5, 2),
        ("room", 5, 2),
    ]
    assert mend(shop) == 2
    assert look(shop).sound
