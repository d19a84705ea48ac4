"""Tax from a table of flat rates: by country, region where it matters, and category.

Good enough to sell with, not to file with: no thresholds, no local taxes, no rules on where a sale
takes place. No order fails on it: an unknown category is taxed as `standard`, an unknown region as
its country in general, and in an unknown country there is no tax, neither on top nor included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from doorstep.domain.address import Address
from doorstep.domain.money import Money
from doorstep.ports import TaxedAmount, TaxEngine

if TYPE_CHECKING:
    from doorstep.runtime.settings import Settings

Rates = Mapping[str, Fraction]
"""Category to rate."""


class Country(NamedTuple):
    """How one country taxes. `included`: prices are shown with the tax in them."""

    included: bool
    rates: Rates
    regions: Mapping[str, Rates]
    """By code and by name, in lower case."""

    def rate(self, region: str, category: str) -> Fraction:
        rates = self.regions.get(region.strip().casefold(), self.rates)
        return rates.get(category, rates["standard"])


NOWHERE = Country(included=False, rates={"standard": Fraction(0)}, regions={})


class TaxTable:
    """The TaxEngine port on a table of countries."""

    def __init__(self, countries: Mapping[str, Country]) -> None:
        self._countries = countries

    def tax(
        self, amounts: Sequence[tuple[str, Money]], destination: Address
    ) -> Sequence[TaxedAmount]:
        country = self._countries.get(destination.country or "", NOWHERE)
        taxed = []
        for category, amount in amounts:
            rate = country.rate(destination.region, category)
            tax = _part(amount, rate / (1 + rate) if country.included else rate)
            taxed.append(TaxedAmount(tax=tax, included=country.included))
        return taxed


def build(settings: Settings) -> TaxEngine:  # noqa: ARG001
    rows = json.loads((resources.files(__package__) / "rates.json").read_bytes())
    return TaxTable({code: _country(code, row) for code, row in rows["countries"].items()})


def _country(code: str, row: Mapping[str, Any]) -> Country:
    regions = {}
    for region, rates in row.get("regions", {}).items():
        for name in (region, f"{code}-{region}", rates["name"]):
            regions[name.casefold()] = _rates(rates)
    return Country(included=row["included"], rates=_rates(row["rates"]), regions=regions)


def _rates(row: Mapping[str, str]) -> Rates:
    named = {category: Fraction(rate) for category, rate in row.items() if category != "name"}
    return {**named, "zero": Fraction(0)}


def _part(amount: Money, rate: Fraction) -> Money:
    """A part of an amount, rounded half to even; exact before that, as 1/1.2 is no decimal."""
    return Money(minor=round(amount.minor * rate), currency=amount.currency)
