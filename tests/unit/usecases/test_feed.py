"""Feeds: what other systems say of the stock, late, twice and out of order."""

import pytest
from pydantic import ValidationError

from doorstep.domain.errors import InvalidCommand, NotFound
from doorstep.usecases.feed import FeedEntry, FeedResult, follow_feed
from tests.shop import Shop


def says(shop: Shop, *entries: FeedEntry, source: str = "wms") -> list[FeedResult]:
    return follow_feed(source, "BERLIN", entries, catalog=shop.catalog, stock=shop.stock)


def count(sequence: int, on_hand: int) -> FeedEntry:
    return FeedEntry(sku="MUG", sequence=sequence, on_hand=on_hand)


def change(sequence: int, units: int) -> FeedEntry:
    return FeedEntry(sku="MUG", sequence=sequence, change=units)


def outcomes(results: list[FeedResult]) -> list[tuple[str, int, int]]:
    return [(one.outcome.value, one.on_hand, one.outstanding) for one in results]


def test_a_count_says_how_much_there_is(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=3)
    assert outcomes(says(shop, count(1, 7))) == [("applied", 7, 0)]
    assert outcomes(says(shop, count(2, 2))) == [("applied", 2, 0)]
    assert outcomes(says(shop, count(3, 2))) == [("unchanged", 2, 0)]
    assert shop.left("MUG") == (2, 0)


def test_a_late_count_does_not_overwrite_a_newer_one(shop: Shop) -> None:
    shop.sells("MUG")
    says(shop, count(2, 7))
    assert outcomes(says(shop, count(1, 99), count(2, 98))) == [("stale", 7, 0)] * 2
    assert shop.left("MUG") == (7, 0)


def test_a_late_count_does_not_overwrite_a_newer_change(shop: Shop) -> None:
    shop.sells("MUG")
    says(shop, count(1, 5), change(3, -1))
    assert outcomes(says(shop, count(2, 9))) == [("stale", 4, 0)]


def test_a_late_change_still_counts(shop: Shop) -> None:
    shop.sells("MUG")
    says(shop, count(1, 5), change(3, -1))
    assert outcomes(says(shop, change(2, 4))) == [("applied", 8, 0)]


def test_a_change_that_a_count_has_seen_does_not_count_again(shop: Shop) -> None:
    shop.sells("MUG")
    says(shop, count(4, 5))
    assert outcomes(says(shop, change(3, 4))) == [("stale", 5, 0)]


def test_the_same_change_twice_counts_once(shop: Shop) -> None:
    shop.sells("MUG")
    for expected in ("applied", "stale", "stale"):
        assert outcomes(says(shop, change(1, 4))) == [(expected, 4, 0)]
    says(shop, change(2, 1))
    assert outcomes(says(shop, change(1, 4))) == [("stale", 5, 0)]


def test_another_change_under_the_same_sequence_is_told_and_the_rest_goes_on(shop: Shop) -> None:
    shop.sells("MUG")
    says(shop, change(1, 4))
    results = says(shop, change(1, 5), change(2, 1))
    assert outcomes(results) == [("contradicted", 4, 0), ("applied", 5, 0)]


def test_each_source_has_its_own_sequence(shop: Shop) -> None:
    shop.sells("MUG")
    says(shop, count(9, 5), source="wms")
    assert outcomes(says(shop, count(1, 6), source="erp")) == [("applied", 6, 0)]


def test_a_count_includes_what_is_allocated(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    shop.sold(("MUG", 2))
    says(shop, count(1, 3))
    assert shop.at("BERLIN", "MUG") == (3, 1, 2)


def test_a_count_below_what_is_promised_takes_what_is_free(shop: Shop) -> None:
    """Whoever was promised the rest hears of it from a short pick, not from a feed."""
    shop.sells("MUG", BERLIN=5)
    shop.sold(("MUG", 2))
    assert outcomes(says(shop, count(1, 1))) == [("partly", 2, 1)]
    assert shop.at("BERLIN", "MUG") == (2, 0, 2)


def test_the_next_count_takes_what_the_last_one_could_not(shop: Shop) -> None:
    shop.sells("MUG", BERLIN=5)
    order = shop.buys(("MUG", 2))
    assert outcomes(says(shop, count(1, 1))) == [("partly", 2, 1)]
    shop.cancels(order.order_id)
    assert outcomes(says(shop, count(2, 1))) == [("applied", 1, 0)]


def test_an_unknown_sku_or_location_changes_nothing(shop: Shop) -> None:
    shop.sells("MUG")
    with pytest.raises(InvalidCommand) as refusal:
        says(shop, count(1, 7), FeedEntry(sku="CUP", sequence=1, on_hand=1))
    assert refusal.value.faults == {"1.sku": "there is no product 'CUP'"}
    with pytest.raises(NotFound):
        follow_feed("wms", "ATLANTIS", [count(1, 1)], catalog=shop.catalog, stock=shop.stock)
    assert shop.left("MUG") == (0, 0)


@pytest.mark.parametrize(
    "fault",
    [{}, {"on_hand": -1}, {"on_hand": 10**9}, {"on_hand": 1, "change": 1}, {"change": -(10**9)}],
)
def test_absurd_entries_are_refused(fault: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        FeedEntry.model_validate({"sku": "MUG", "sequence": 1} | fault)


def test_a_sequence_may_be_a_time_in_nanoseconds_and_no_more() -> None:
    assert count(1_767_225_600_000_000_000, 1).sequence
    for sequence in (-1, 2**63):
        with pytest.raises(ValidationError):
            count(sequence, 1)
