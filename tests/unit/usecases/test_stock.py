"""Stock as people keep it: more, less, damaged, kept back; never less than what is promised."""

from contextlib import suppress
from typing import Any

import pytest
from pydantic import ValidationError

from doorstep.domain.errors import (
    IdempotencyKeyReused,
    InvalidCommand,
    NotFound,
    QuantityExceeded,
)
from doorstep.domain.stock import LocationLevel, MovementKind
from doorstep.domain.stockkeeping import QUALITY_MOVES, drawn, spread
from doorstep.usecases import stock
from tests import builders as a
from tests.shop import TTL, Countdown, Killed, Shop, kill


def adjust(shop: Shop, change: int, key: str = "adj-1", place: str = "BERLIN", **more: Any) -> None:
    given = {"adjustment_id": key, "sku": "MUG", "change": change, "reason": "correction"}
    command = stock.Adjustment.model_validate(given | more)
    stock.adjust(place, command, by="Bea", catalog=shop.catalog, stock=shop.stock)


def move(shop: Shop, units: int, before: str, after: str, key: str = "") -> None:
    given = {"move_id": key or f"{before}-{after}", "sku": "MUG", "quantity": units}
    command = stock.QualityMove.model_validate(
        given | {"from": before, "to": after, "reason": "dropped"}
    )
    stock.move_quality("BERLIN", command, by="Bea", catalog=shop.catalog, stock=shop.stock)


def keep_back(shop: Shop, units: int) -> None:
    command = stock.SafetyStock(units=units, reason="the shelves are a mess")
    stock.keep_safety_stock(
        "BERLIN",
        "MUG",
        command,
        by="Bea",
        catalog=shop.catalog,
        stock=shop.stock,
        clock=shop.clock,
    )


def level(shop: Shop) -> LocationLevel:
    return shop.memory.places["MUG", "BERLIN"]


def test_what_is_found_can_be_sold(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=1)
    adjust(shop, 2)
    assert shop.left("MUG") == (3, 0)
    assert shop.at("BERLIN", "MUG") == (3, 3, 0)


def test_what_is_lost_cannot_be_sold(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    adjust(shop, -2)
    assert shop.left("MUG") == (1, 0)
    assert shop.at("BERLIN", "MUG") == (1, 1, 0)


def test_the_ledger_says_who_adjusted_and_why(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    adjust(shop, -1, reason="stolen", note="window 4")
    (row,) = (m for m in shop.memory.movements if m.kind is MovementKind.ADJUSTED_DOWN)
    assert (row.reason, row.by, row.cause) == ("stolen: window 4", "Bea", "adj-1")


def test_units_that_are_allocated_stay(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    shop.sold(("MUG", 2))
    with pytest.raises(QuantityExceeded) as refusal:
        adjust(shop, -2)
    assert (refusal.value.asked, refusal.value.available) == (2, 1)
    assert shop.at("BERLIN", "MUG") == (3, 1, 2)


def test_units_that_a_checkout_holds_stay(shop: Shop) -> None:
    """They are in no place yet, but they are in one of them."""
    shop.sells("MUG", BERLIN=2, HAMBURG=1)
    shop.buys(("MUG", 2))
    with pytest.raises(QuantityExceeded):
        adjust(shop, -2)
    adjust(shop, -1, key="adj-2")
    assert shop.left("MUG") == (0, 2)


def test_the_same_adjustment_twice_adjusts_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    adjust(shop, -3)
    adjust(shop, -3)
    assert shop.left("MUG") == (0, 0)


def test_another_adjustment_under_the_same_id_is_refused(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    adjust(shop, -1)
    with pytest.raises(IdempotencyKeyReused):
        adjust(shop, 1)
    assert shop.left("MUG") == (2, 0)


def test_an_unknown_location_or_product_changes_nothing(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    with pytest.raises(NotFound):
        adjust(shop, 1, place="ATLANTIS")
    with pytest.raises(InvalidCommand) as refusal:
        adjust(shop, 1, sku="CUP")
    assert refusal.value.faults == {"sku": "there is no product 'CUP'"}
    assert set(shop.memory.places) == {("MUG", "BERLIN")}


@pytest.mark.parametrize(
    "fault",
    [{"change": 0}, {"change": 10**9}, {"reason": ""}, {"reason": "because"}, {"change": 1.5}],
)
def test_absurd_adjustments_are_refused(fault: dict[str, Any]) -> None:
    sound = {"adjustment_id": "adj-1", "sku": "MUG", "change": 1, "reason": "found"}
    stock.Adjustment.model_validate(sound)
    with pytest.raises(ValidationError):
        stock.Adjustment.model_validate(sound | fault)


@pytest.mark.parametrize("units", [-1, 10**9])
def test_absurd_safety_stock_is_refused(units: int) -> None:
    with pytest.raises(ValidationError):
        stock.SafetyStock(units=units, reason="x")


def test_an_expired_hold_is_released_exactly_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    ports = {"orders": shop.orders, "gateway": shop.gateway}
    with suppress(Killed):
        shop.check_out(a.cart(("MUG", 2)), "cart-1", **Countdown(1, kill).watching(ports))
    assert shop.left("MUG") == (1, 2)
    shop.clock.advance(seconds=TTL + 1)
    shop.expires()
    shop.expires()
    assert shop.left("MUG") == (3, 0)
    released = [m.quantity for m in shop.memory.movements if m.kind is MovementKind.RELEASED]
    assert released == [2]


def test_damaged_units_are_on_hand_but_not_for_sale(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    move(shop, 2, "sellable", "damaged")
    assert shop.left("MUG") == (1, 0)
    assert (level(shop).on_hand, level(shop).unsellable, level(shop).damaged) == (3, 2, 2)


def test_quality_control_passes_some_and_fails_others(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    move(shop, 3, "sellable", "quality_control")
    move(shop, 2, "quality_control", "sellable")
    move(shop, 1, "quality_control", "damaged")
    move(shop, 1, "damaged", "gone")
    assert shop.left("MUG") == (2, 0)
    assert (level(shop).on_hand, level(shop).unsellable) == (2, 0)


def test_a_missing_unit_is_found_again(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    order = shop.sold(("MUG", 1))
    shop.releases(f"{order.order_id}-F1")
    shop.misses(f"{order.order_id}-F1", L1=1)
    assert level(shop).missing == 1
    move(shop, 1, "missing", "sellable")
    assert level(shop).unsellable == 0


def test_no_more_units_change_condition_than_there_are(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    move(shop, 1, "sellable", "damaged")
    with pytest.raises(QuantityExceeded):
        move(shop, 2, "damaged", "gone")
    assert level(shop).damaged == 1


def test_what_is_lost_is_not_repaired(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=2)
    with pytest.raises(InvalidCommand) as refusal:
        move(shop, 1, "sellable", "missing")
    assert refusal.value.faults == {"to": "what is sellable can become: damaged, quality_control"}


def test_every_quality_move_keeps_the_books(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=9)
    for number, (before, after) in enumerate(QUALITY_MOVES):
        if before == "missing":
            continue
        move(shop, 1, "sellable", "damaged", key=f"d{number}")
        move(shop, 1, "sellable", "quality_control", key=f"q{number}")
        move(shop, 1, before, after, key=f"x{number}")
        move(shop, 1, "damaged", "sellable", key=f"r{number}")
        shop.check()


def test_safety_stock_is_kept_back(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    keep_back(shop, 2)
    assert shop.left("MUG") == (3, 0)
    keep_back(shop, 2)
    assert (level(shop).safety, level(shop).available) == (2, 3)
    keep_back(shop, 1)
    assert shop.left("MUG") == (4, 0)


def test_no_more_is_kept_back_than_is_free(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.buys(("MUG", 3))
    with pytest.raises(QuantityExceeded):
        keep_back(shop, 3)
    assert level(shop).safety == 0


def test_a_hot_sku_is_adjusted_over_its_shards(shop: Shop) -> None:
    shop.sells("MUG")
    shop.catalog.save(a.product("MUG", stock_shards=3))
    adjust(shop, 7)
    assert [level.available for level in shop.stock.levels(["MUG"])["MUG"].network] == [2, 2, 3]
    adjust(shop, -6, key="adj-2")
    assert shop.left("MUG") == (1, 0)
    adjust(shop, -6, key="adj-2")
    assert shop.left("MUG") == (1, 0)


def test_units_are_spread_evenly_and_drawn_from_the_fullest(shop: Shop) -> None:
    assert spread(7, 3) == [(0, 2), (1, 2), (2, 3)]
    assert spread(1, 3) == [(2, 1)]
    shop.sells("MUG")
    shop.catalog.save(a.product("MUG", stock_shards=3))
    adjust(shop, 7)
    levels = shop.stock.levels(["MUG"])["MUG"]
    assert drawn(levels, 4) == [(2, 3), (0, 1)]
    assert drawn(levels, 9) == [(2, 5), (0, 2), (1, 2)]
