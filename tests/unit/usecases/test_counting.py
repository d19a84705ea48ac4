"""Cycle counts: counted while the shop goes on, explained, booked once."""

import pytest

from doorstep.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidCommand,
    NotFound,
)
from doorstep.domain.papers import CountStatus, CycleCount
from doorstep.usecases import counting
from tests.shop import Shop


def begin(shop: Shop, *skus: str) -> CycleCount:
    command = counting.OpenCount(count_id="C1", skus=skus)
    return counting.open_count(
        "BERLIN", command, by="Bea", catalog=shop.catalog, stock=shop.stock, clock=shop.clock
    )


def count(shop: Shop, sku: str, units: int, reason: str = "") -> CycleCount:
    command = counting.Counted(counted=units, reason=reason)
    return counting.record_count("BERLIN", "C1", sku, command, stock=shop.stock)


def close(shop: Shop) -> CycleCount:
    return counting.close_count(
        "BERLIN", "C1", by="Bea", catalog=shop.catalog, stock=shop.stock, clock=shop.clock
    )


def test_a_variance_is_booked_with_its_reason(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.sells("CUP", BERLIN=2)
    shop.sells("PEN", BERLIN=2)
    begin(shop, "MUG", "CUP", "PEN")
    count(shop, "MUG", 3, "two are broken and were thrown away")
    count(shop, "CUP", 4, "behind the shelf")
    count(shop, "PEN", 2)
    closed = close(shop)
    assert closed.status is CountStatus.CLOSED
    assert [(line.variance, line.booked) for line in closed.lines] == [(-2, -2), (2, 2), (0, 0)]
    assert [shop.left(sku)[0] for sku in ("MUG", "CUP", "PEN")] == [3, 4, 2]
    booked = [m for m in shop.memory.movements if m.cause == "count-C1"]
    assert [(m.sku, m.by, m.reason) for m in booked] == [
        ("MUG", "Bea", "two are broken and were thrown away"),
        ("CUP", "Bea", "behind the shelf"),
    ]


def test_what_is_sold_between_counting_and_closing_stays_sold(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    begin(shop, "MUG")
    count(shop, "MUG", 4, "lost")
    shop.shipped(("MUG", 2))
    close(shop)
    assert shop.at("BERLIN", "MUG") == (2, 2, 0)


def test_counting_again_replaces_the_first_count(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    begin(shop, "MUG")
    count(shop, "MUG", 1, "lost")
    count(shop, "MUG", 5)
    close(shop)
    assert shop.left("MUG") == (5, 0)


def test_a_variance_without_a_reason_is_not_booked(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.sells("CUP", BERLIN=5)
    begin(shop, "MUG", "CUP")
    count(shop, "MUG", 3)
    with pytest.raises(InvalidCommand) as refusal:
        close(shop)
    assert refusal.value.faults == {
        "lines.MUG": "say why it is -2 units",
        "lines.CUP": "not counted yet",
    }
    assert shop.left("MUG") == (5, 0)


def test_promised_units_stay_in_the_books(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.sold(("MUG", 4))
    begin(shop, "MUG")
    count(shop, "MUG", 2, "lost")
    (line,) = close(shop).lines
    assert (line.variance, line.booked) == (-3, -1)
    assert shop.at("BERLIN", "MUG") == (4, 0, 4)


def test_closing_goes_on_where_it_stopped(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.sells("CUP", BERLIN=5)
    begin(shop, "MUG", "CUP")
    count(shop, "MUG", 3, "lost")
    count(shop, "CUP", 3, "lost")
    whole = counting._booked
    with monkeypatch.context() as broken:

        def half(one, line, *args, **more):
            if line.sku == "CUP":
                raise Conflict(["CUP"])
            return whole(one, line, *args, **more)

        broken.setattr(counting, "_booked", half)
        with pytest.raises(Conflict):
            close(shop)
    assert close(shop) == close(shop)
    assert (shop.left("MUG"), shop.left("CUP")) == ((3, 0), (3, 0))


def test_a_closed_count_is_closed(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    begin(shop, "MUG")
    count(shop, "MUG", 5)
    close(shop)
    with pytest.raises(IllegalTransition):
        count(shop, "MUG", 3, "lost")


def test_a_count_is_opened_once(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    assert begin(shop, "MUG") == begin(shop, "MUG")
    shop.sells("CUP", BERLIN=5)
    with pytest.raises(IdempotencyKeyReused):
        begin(shop, "CUP")


def test_what_is_not_part_of_a_count_is_not_counted(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    with pytest.raises(NotFound):
        count(shop, "MUG", 5)
    with pytest.raises(InvalidCommand):
        begin(shop, "CUP")
    with pytest.raises(InvalidCommand):
        begin(shop, "MUG", "MUG")
    begin(shop, "MUG")
    with pytest.raises(InvalidCommand):
        count(shop, "CUP", 5)
