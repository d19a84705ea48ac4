"""The tax table: rates by place and category, rounded half to even, exact before that."""

import json
from decimal import Decimal
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.tax import table
from doorstep.domain.address import Address
from doorstep.domain.money import Money
from doorstep.ports import TaxedAmount
from doorstep.runtime.settings import Settings

ENGINE = table.build(Settings())


def tax(
    minor: int, country: str | None, region: str = "", category: str = "standard", currency="EUR"
) -> TaxedAmount:
    amount = Money(minor=minor, currency=currency)
    (answer,) = ENGINE.tax([(category, amount)], Address(country=country, region=region))
    return answer


@pytest.mark.parametrize(
    ("minor", "country", "category", "expected"),
    [
        (11_900, "DE", "standard", 1_900),
        (10_700, "DE", "reduced", 700),
        (12_550, "FI", "standard", 2_550),
        (10_810, "CH", "standard", 810),
        (12_000, "GB", "standard", 2_000),
        (1_100, "JP", "standard", 100),
        (10_000, "DE", "zero", 0),
        (10_000, "DK", "reduced", 2_000),
        (11_900, "DE", "moon rocks", 1_900),
    ],
)
def test_where_prices_include_it_the_tax_is_a_part_of_the_amount(
    minor: int, country: str, category: str, expected: int
) -> None:
    answer = tax(minor, country, category=category)
    assert (answer.tax.minor, answer.included) == (expected, True)


@pytest.mark.parametrize(
    ("minor", "country", "region", "expected"),
    [
        (10_000, "US", "CA", 725),
        (10_000, "US", "ca", 725),
        (10_000, "US", "US-CA", 725),
        (10_000, "US", "California", 725),
        (10_000, "US", " new york ", 400),
        (10_000, "US", "OR", 0),
        (10_000, "US", "Atlantis", 0),
        (10_000, "US", "", 0),
        (10_000, "CA", "ON", 1_300),
        (100_000, "CA", "QC", 14_975),
        (10_000, "CA", "", 500),
        (10_000, None, "", 0),
        (10_000, "AQ", "", 0),
    ],
)
def test_elsewhere_the_tax_comes_on_top(
    minor: int, country: str | None, region: str, expected: int
) -> None:
    answer = tax(minor, country, region, currency="USD")
    assert (answer.tax.minor, answer.included) == (expected, False)


@pytest.mark.parametrize(("minor", "expected"), [(3, 0), (9, 2), (15, 2), (21, 4)])
def test_halves_are_rounded_to_even(minor: int, expected: int) -> None:
    """Of 3, 9, 15 and 21 at 20 % exactly 0.5, 1.5, 2.5 and 3.5 are tax."""
    assert tax(minor, "FR").tax.minor == expected


@given(minor=st.integers(0, 10**15), country=st.sampled_from(["DE", "FR", "FI", "HU", "SI"]))
def test_the_tax_inside_is_the_amount_less_the_amount_without_it(minor: int, country: str) -> None:
    rate = Decimal(json.loads(rates())["countries"][country]["rates"]["standard"])
    net = minor - tax(minor, country).tax.minor
    assert abs(net * (1 + rate) - minor) <= (1 + rate) / 2


def rates() -> str:
    return (resources.files(table.__package__) / "rates.json").read_text()


def test_the_table_says_where_it_comes_from_and_holds_nothing_absurd() -> None:
    rows = json.loads(rates())
    assert rows["date"]
    assert rows["source"]
    for country in rows["countries"].values():
        named = [country["rates"], *country.get("regions", {}).values()]
        for row in named:
            for rate in (value for key, value in row.items() if key != "name"):
                assert Decimal(0) <= Decimal(rate) <= Decimal("0.27")
