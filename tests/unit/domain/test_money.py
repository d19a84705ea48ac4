"""Money: integer minor units whose shares add up to the whole."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.domain.money import Money, exponent, total
from tests import builders as a

amounts = st.builds(Money, minor=st.integers(-(10**12), 10**12), currency=st.just("EUR"))
weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=30)


@given(amounts, weights)
def test_a_split_adds_up_to_the_whole(amount: Money, parts: list[int]) -> None:
    """Invariant 4: to the last minor unit."""
    shares = amount.split(parts)
    assert len(shares) == len(parts)
    assert total(shares, "EUR") == amount


@given(amounts, weights)
def test_no_part_of_a_split_is_off_by_a_whole_minor_unit(amount: Money, parts: list[int]) -> None:
    everything = sum(parts)
    for part, share in zip(parts, amount.split(parts), strict=True):
        if everything:
            assert abs(share.minor - Decimal(amount.minor) * part / everything) < 1


@given(amounts, st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_shares_taken_one_after_the_other_add_up(amount: Money, steps: list[int]) -> None:
    settled, taken = 0, []
    for step in steps:
        taken.append(amount.share(settled=settled, units=step, of=sum(steps)))
        settled += step
    assert total(taken, "EUR") == amount


@given(amounts, st.integers(1, 100), st.data())
def test_a_line_settled_in_any_steps_carries_its_total(
    amount: Money, units: int, data: st.DataObject
) -> None:
    line = a.line("1", "MUG", units).changed(total=amount)
    while left := line.ordered - line.settled_units:
        step = data.draw(st.integers(1, left))
        line = line.settle(step, line.share(step))
    assert line.settled == amount


def test_a_share_of_more_than_there_is_makes_no_sense() -> None:
    for settled, units, of in ((0, 1, 0), (2, 2, 3), (-1, 1, 3), (1, -1, 3)):
        with pytest.raises(ValueError, match="units of"):
            a.eur("1.00").share(settled=settled, units=units, of=of)


def test_weights_of_nothing_split_evenly() -> None:
    assert a.eur("1.00").split([0, 0, 0]) == (a.eur("0.33"), a.eur("0.33"), a.eur("0.34"))
    assert a.eur("1.00").split([]) == ()


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("404.95", "EUR", 40495),
        ("-3", "EUR", -300),
        ("500", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0.10", "USD", 10),
        ("1E+2", "EUR", 10000),
    ],
)
def test_amounts_are_read_as_they_are_written(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("0.001", "EUR"), ("1.5", "JPY"), ("", "EUR"), ("NaN", "EUR"), ("1,50", "EUR"), ("∞", "EUR")],
)
def test_what_is_no_whole_number_of_minor_units_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        Money.parse(text, currency)


def test_no_float_is_money() -> None:
    with pytest.raises(ValueError, match="float"):
        Money.parse(1.1, "EUR")  # type: ignore[arg-type]


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="EUR and USD"):
        a.eur("1.00") + Money(minor=1, currency="USD")
    with pytest.raises(ValueError, match="not a currency"):
        Money(minor=1, currency="XYZ")


@given(st.sampled_from(["EUR", "JPY", "KWD"]), st.integers(-(10**9), 10**9))
def test_what_is_shown_can_be_read_again(currency: str, minor: int) -> None:
    money = Money(minor=minor, currency=currency)
    amount, _, code = str(money).partition(" ")
    assert Money.parse(amount, code) == money
    assert exponent(currency) in (0, 2, 3)
