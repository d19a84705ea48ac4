"""The tables that tell where a postal code is: `uv run --group places python -m local.places`.

They are made from the packages `countrystatecity-postal-codes` and `countrystatecity-countries`.
A code is where its package says; else where the place of its name is; else in its region's middle.
The tables are thinned: a prefix is kept only where it is farther than `APART_KM` from what the next
shorter one says, so a city is one line and a code that nobody listed is near its neighbors.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from doorstep.domain.geography import TABLES, Point, normalized

APART_KM = 10
"""How far off a thinned answer may be, roughly: parcels are priced by far longer distances."""

DIGITS = {"ES": 2}
"""How much of a code to believe: the package lists Spain's municipality numbers for postal codes,
and these have only the province in common.
"""

Place = Mapping[str, Any]


class Country(NamedTuple):
    """What the packages have of one country."""

    code: str
    center: Point | None
    regions: Mapping[str, Point]
    towns: Mapping[str, Sequence[tuple[str, Point]]]
    """Simplified name → (region, where) of every town of that name."""
    codes: Sequence[Place]


def countries() -> Iterator[Country]:
    """Every country that the packages know."""
    places = resources.files("countrystatecity_countries") / "data"
    postal = resources.files("countrystatecity_postal_codes") / "data" / "by-country"
    for country in sorted(_read(places / "countries.json"), key=lambda one: one["iso2"]):
        code = country["iso2"]
        home = places / "by-country" / code
        regions = {
            region["state_code"]: point
            for region in _read(home / "states.json")
            if (point := _point(region))
        }
        towns = defaultdict(list)
        for region in regions:
            for town in _read(home / "states" / region / "cities.json"):
                if point := _point(town):
                    towns[_simple(town["name"])].append((region, point))
        codes = _read(postal / code / "postcodes.json")
        yield Country(code, _point(country), regions, towns, codes)


def table(country: Country) -> str:
    """One line per point: `@` and a region, or the start of postal codes; then degrees."""
    located: dict[str, Point] = {}
    vague: dict[str, Point] = {}
    for place in country.codes:
        code = normalized(place["code"])
        if point := _point(place) or _town(place, country):
            located.setdefault(code, point)
        elif point := country.regions.get(place.get("stateCode") or ""):
            vague.setdefault(code, point)
    known = {code[:2] for code in located}
    located |= {code: point for code, point in vague.items() if code[:2] not in known}
    everywhere = located or country.regions
    center = _middle(everywhere.values()) if everywhere else country.center
    points = {f"@{region}": point for region, point in sorted(country.regions.items())}
    if center:
        codes = sorted(located.items())
        points |= {"*": center, **dict(_thinned("", center, codes, DIGITS.get(country.code, 99)))}
    return "".join(f"{key} {p.latitude:.2f} {p.longitude:.2f}\n" for key, p in points.items())


def _thinned(
    prefix: str, said: Point, codes: Sequence[tuple[str, Point]], digits: int
) -> Iterator[tuple[str, Point]]:
    """The longer prefixes that say something else than this one."""
    groups: dict[str, list[tuple[str, Point]]] = defaultdict(list)
    for code, point in codes:
        if len(prefix) < min(len(code), digits):
            groups[code[: len(prefix) + 1]].append((code, point))
    for longer, group in groups.items():
        point = _middle(point for _, point in group)
        differs = point.km_to(said) > APART_KM
        if differs:
            yield longer, point
        yield from _thinned(longer, point if differs else said, group, digits)


def _town(place: Place, country: Country) -> Point | None:
    """Where the town of a postal code is: that of its region, else the only one of its name."""
    name = place.get("localityName") or ""
    first = re.split(r"[,(/]| - ", name)[0]
    found = country.towns.get(_simple(name)) or country.towns.get(_simple(first)) or ()
    region = place.get("stateCode")
    if region not in country.regions:
        return found[0][1] if len(found) == 1 else None
    return next((point for there, point in found if there == region), None)


def _middle(points: Iterable[Point]) -> Point:
    """The median of each coordinate: a slip in the data does not move it."""
    all_ = list(points)
    return Point(median(p.latitude for p in all_), median(p.longitude for p in all_))


def _point(place: Place) -> Point | None:
    if place.get("latitude") is None or place.get("longitude") is None:
        return None
    return Point(float(place["latitude"]), float(place["longitude"]))


def _simple(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", letters.lower()))


def _read(file: Traversable) -> list[Place]:
    """The rows of a file; none where there is no such file."""
    return list(json.loads(file.read_bytes())) if file.is_file() else []


def main() -> None:
    folder = Path(str(TABLES))
    for country in countries():
        (folder / f"{country.code}.txt").write_text(table(country))


if __name__ == "__main__":
    main()
