"""Where an address is, as far as its country, region and postal code tell, and how far that is.

The tables (one file per country in `places/`, read when the first address there is asked for) are
written by `local/places.py`; their data is under the ODbL 1.0, see `places/README.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from doorstep.domain.address import Address
from doorstep.domain.catalog import Location

TABLES = resources.files("doorstep.domain") / "places"

_EARTH_KM = 6371.0088
"""Its mean radius (IUGG)."""


class Point(NamedTuple):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float

    def km_to(self, other: Point) -> float:
        """Over the great circle, by the haversine formula."""
        north, east = radians(self.latitude), radians(self.longitude)
        there_north, there_east = radians(other.latitude), radians(other.longitude)
        chord = (
            sin((there_north - north) / 2) ** 2
            + cos(north) * cos(there_north) * sin((there_east - east) / 2) ** 2
        )
        return 2 * _EARTH_KM * asin(min(1.0, sqrt(chord)))


def distance_km(location: Location, to: Address | None) -> int | None:
    """Whole kilometers between them; None where one of them is nowhere."""
    here, there = point_of(location), locate(to)
    return None if here is None or there is None else round(here.km_to(there))


def kilometers(location: Location, to: Address | None) -> float | None:
    """About how far it is, to a tenth; None where a postal code does not tell where that is."""
    here, there = _own_point(location) or _pinned(location.address), _pinned(to)
    return None if here is None or there is None else round(here.km_to(there), 1)


def point_of(location: Location) -> Point | None:
    """Its own coordinates, else those of its address."""
    return _own_point(location) or locate(location.address)


def _own_point(location: Location) -> Point | None:
    if location.latitude is None or location.longitude is None:
        return None
    return Point(location.latitude, location.longitude)


def locate(address: Address | None) -> Point | None:
    """By the longest known start of the postal code, else the region, else the country."""
    if address is None or address.country is None:
        return None
    if pinned := _pinned(address):
        return pinned
    known = _table(address.country)
    region = address.region.upper().removeprefix(f"{address.country}-")
    return known.get(f"@{region}") or known.get("*")


def _pinned(address: Address | None) -> Point | None:
    """Where its postal code is."""
    if address is None or address.country is None:
        return None
    known = _table(address.country)
    code = normalized(address.postal_code)
    starts = (code[:end] for end in range(len(code), 0, -1))
    return next((known[start] for start in starts if start in known), None)


def normalized(postal_code: str) -> str:
    """Its letters and digits, in capitals."""
    return "".join(filter(str.isalnum, postal_code)).upper()


@lru_cache(maxsize=32)
def _table(country: str) -> Mapping[str, Point]:
    """Points by the start of postal codes, by `@` and region, and the country's own by `*`."""
    file = TABLES / f"{country}.txt"
    if not file.is_file():
        return {}
    rows = (line.split() for line in file.read_text().splitlines())
    return {key: Point(float(north), float(east)) for key, north, east in rows}
