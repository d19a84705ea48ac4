"""The table of public holidays, from the `holidays` package: `make docs` writes, a test compares.

The package needs half a second and megabytes for its first country, too much for a checkout; the
table has the same days for a few years.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from pathlib import Path

import holidays

_DOORSTEP = Path(__file__).parent.parent / "layers/doorstep/python/doorstep"

TABLE = _DOORSTEP / "domain/holidays.json"
YEARS = range(2026, 2032)
"""Move it on before it ends: after its last year only weekends are known to be free."""


def countries() -> list[str]:
    """Where Doorstep knows a tax rate, it knows the holidays."""
    rates = json.loads((_DOORSTEP / "adapters/tax/rates.json").read_bytes())
    return sorted(rates["countries"])


def days(country: str, region: str | None = None) -> frozenset[date]:
    """Every public holiday of a country, or of one of its regions, in the table's years."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the package cannot know for certain, it estimates
        return frozenset(holidays.country_holidays(country, subdiv=region, years=YEARS))


def table() -> dict[str, dict[str, str]]:
    """Country → "" → its days; region → the days on which it differs from its country."""
    known = holidays.list_supported_countries(include_aliases=False)
    found = {}
    for country in countries():
        nation = days(country)
        found[country] = {"": _written(nation)}
        for region in known[country]:
            if differing := days(country, region) ^ nation:
                found[country][region] = _written(differing)
    return found


def _written(found: Iterable[date]) -> str:
    """The years with their days: `2026: 0101 1225; 2027: 0101`."""
    years = groupby(sorted(found), key=lambda day: day.year)
    return "; ".join(f"{year}: {' '.join(f'{day:%m%d}' for day in all_)}" for year, all_ in years)
