"""How the stock of a SKU stands: which state, and which event a change is."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from doorstep.domain.availability import StockState
from doorstep.domain.catalog import Backorder, Preorder, Product
from doorstep.domain.ledger import Drift, LedgerRow, Unexplained, shipped
from doorstep.domain.standing import DRIFT, Standing
from doorstep.domain.stock import LocationLevel, MovementKind, NetworkLevel, StockLevels
from tests import builders as a

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday
LONG_AGO = NOW - timedelta(weeks=52)


def levels(**places: int) -> StockLevels:
    return StockLevels(
        sku="MUG",
        network=(NetworkLevel(sku="MUG", available=sum(places.values())),),
        locations=tuple(
            LocationLevel(sku="MUG", location_id=place, on_hand=units, available=units)
            for place, units in places.items()
        ),
    )


def product(**more: Any) -> Product:
    return a.product("MUG", **{"low_stock": 5, "overstock_weeks": 26} | more)


def stood(state: StockState, **more: Any) -> Standing:
    given = {"known_since": LONG_AGO, "look_at": NOW + timedelta(days=1)} | more
    return Standing(sku="MUG", state=state, **given)


def told(standing: Standing) -> list[str]:
    return [event.name for event in standing.raised]


SOLD: Mapping[date, int] = {date(2026, 2, 23): 8}
"""One a week."""


@pytest.mark.parametrize(
    ("before", "units", "event", "state"),
    [
        (StockState.OUT_OF_STOCK, 0, None, StockState.OUT_OF_STOCK),
        (StockState.OUT_OF_STOCK, 9, "stock.back_in_stock", StockState.IN_STOCK),
        (StockState.OUT_OF_STOCK, 5, "stock.back_in_stock", StockState.LOW_STOCK),
        (StockState.OUT_OF_STOCK, 99, "stock.back_in_stock", StockState.OVERSTOCK),
        (StockState.IN_STOCK, 5, "stock.low", StockState.LOW_STOCK),
        (StockState.IN_STOCK, 0, "stock.out", StockState.OUT_OF_STOCK),
        (StockState.IN_STOCK, 26, None, StockState.IN_STOCK),
        (StockState.IN_STOCK, 27, "stock.overstock", StockState.OVERSTOCK),
        (StockState.LOW_STOCK, 6, "stock.normal", StockState.IN_STOCK),
        (StockState.OVERSTOCK, 26, "stock.normal", StockState.IN_STOCK),
        (StockState.OVERSTOCK, 1, "stock.low", StockState.LOW_STOCK),
    ],
)
def test_every_change_of_state_is_one_event(
    before: StockState, units: int, event: str | None, state: StockState
) -> None:
    after = stood(before, shipped=SOLD).seen(product(), levels(BERLIN=units), NOW)
    assert after.state is state
    assert told(after) == ([event] if event else [])


def test_what_is_told_is_told_once() -> None:
    after = stood(StockState.IN_STOCK).seen(product(), levels(BERLIN=2), NOW)
    again = Standing.model_validate(after.model_dump())
    assert again.seen(product(), levels(BERLIN=2), NOW) is again


def test_a_location_has_a_threshold_of_its_own() -> None:
    limits = {"BERLIN": 3, "HAMBURG": 3}
    watched = product(low_stock=0, low_stock_at=limits, overstock_weeks=None)
    after = stood(StockState.IN_STOCK).seen(watched, levels(BERLIN=3, HAMBURG=9, WORKSHOP=1), NOW)
    assert [(x.name, getattr(x, "location_id", "")) for x in after.raised] == [
        ("stock.back_in_stock", "BERLIN"),
        ("stock.back_in_stock", "HAMBURG"),
    ]
    assert after.places == {"BERLIN": "low_stock", "HAMBURG": "in_stock"}
    later = Standing.model_validate(after.model_dump())
    moved = later.seen(watched, levels(BERLIN=0, HAMBURG=12, WORKSHOP=1), NOW)
    assert [(x.name, getattr(x, "location_id", "")) for x in moved.raised] == [
        ("stock.out", "BERLIN")
    ]


def test_what_was_not_sold_for_weeks_is_too_much() -> None:
    after = stood(StockState.IN_STOCK).seen(product(), levels(BERLIN=6), NOW)
    assert told(after) == ["stock.overstock"]
    assert after.weeks_of_cover(6, NOW) is None


def test_what_is_new_or_has_no_limit_is_never_too_much() -> None:
    new = stood(StockState.IN_STOCK, known_since=NOW - timedelta(weeks=7))
    assert told(new.seen(product(), levels(BERLIN=999), NOW)) == []
    old = stood(StockState.IN_STOCK)
    assert told(old.seen(product(overstock_weeks=None), levels(BERLIN=999), NOW)) == []


def test_weeks_of_cover_forget_what_was_sold_long_ago() -> None:
    sold = {date(2026, 1, 5): 80, date(2026, 2, 23): 8}
    standing = stood(StockState.IN_STOCK, shipped=sold)
    assert standing.weeks_of_cover(20, NOW - timedelta(weeks=1)) == 20 * 8 // 88
    assert standing.weeks_of_cover(20, NOW) == 20


def test_what_does_not_move_is_looked_at_again_after_a_week() -> None:
    standing = stood(StockState.IN_STOCK, look_at=NOW, shipped=SOLD)
    after = standing.seen(product(), levels(BERLIN=9), NOW)
    assert (told(after), after.look_at) == ([], NOW + timedelta(weeks=1))


def test_shipments_are_counted_by_week() -> None:
    def row(kind: MovementKind, at: datetime, quantity: int) -> LedgerRow:
        return LedgerRow(kind=kind, at=at, location_id="BERLIN", quantity=quantity, causes={})

    rows = [
        row(MovementKind.SHIPPED, NOW, 2),
        row(MovementKind.SHIPPED, NOW + timedelta(days=6), 1),
        row(MovementKind.SHIPPED, NOW - timedelta(days=1), 4),
        row(MovementKind.SHIPPED, NOW - timedelta(weeks=9), 50),
        row(MovementKind.RECEIVED, NOW, 70),
    ]
    weeks = shipped(rows)
    assert weeks == {date(2026, 3, 2): 3, date(2026, 2, 23): 4, date(2025, 12, 29): 50}
    standing = stood(StockState.IN_STOCK).selling(weeks, None, NOW)
    assert standing.shipped == {date(2026, 2, 23): 4, date(2026, 3, 2): 3}
    assert standing.selling(weeks, None, NOW) is standing


FAULT = Drift(sku="MUG", location_id="BERLIN", counter="on_hand", level=4, ledger=5)
STRANGE = Unexplained(sku="MUG", order_id="O-1", counter="held", ledger=2, order=0)


def test_a_finding_is_told_once_with_one_work_item_until_nothing_is_found() -> None:
    found = stood(StockState.IN_STOCK).audited([FAULT], NOW)
    assert told(found) == ["stock.drift", "work_item.opened"]
    item = found.work_item
    assert item is not None
    assert (item.cause, item.subject) == (DRIFT, "MUG")
    assert item.text == "on_hand at BERLIN is 4, the ledger says 5"
    known = Standing.model_validate(found.model_dump())
    assert known.audited([FAULT], NOW) is known
    other = known.audited([FAULT, STRANGE], NOW)
    assert told(other) == ["stock.drift"]
    assert other.work_item is not None
    assert "held for O-1 is 2, its lines ask for 0" in other.work_item.text
    sound = Standing.model_validate(other.model_dump()).audited([], NOW)
    assert told(sound) == ["work_item.closed"]
    again = Standing.model_validate(sound.model_dump()).audited([FAULT], NOW)
    assert again.work_item is not None
    assert again.work_item.work_item_id == "MUG-W-stock_drift-2"


def test_what_is_sold_beyond_the_stock_is_not_on_a_shelf() -> None:
    backordered = product(backorder=Backorder(cap=9, lead_days=5))
    beyond = StockLevels(sku="MUG", network=(NetworkLevel(sku="MUG", available=9, room=9),))
    after = stood(StockState.IN_STOCK).seen(backordered, beyond, NOW)
    assert told(after) == ["stock.out"]


def test_a_preorder_is_in_stock_when_it_is_released() -> None:
    release = NOW + timedelta(days=3)
    new = product(preorder=Preorder(cap=9, release_at=release))
    waiting = stood(StockState.OUT_OF_STOCK, known_since=NOW, look_at=NOW)
    waiting = waiting.seen(new, levels(BERLIN=9), NOW)
    assert (told(waiting), waiting.look_at) == ([], release)
    assert told(waiting.seen(new, levels(BERLIN=9), release)) == ["stock.back_in_stock"]
