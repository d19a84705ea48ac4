"""Geography: a postal code is where the tables say, or as near as they know."""

from pathlib import Path

import pytest

from doorstep.domain.address import Address
from doorstep.domain.geography import TABLES, Point, distance_km, locate, point_of
from tests import builders as a

#: City halls and the like, from general knowledge, to the hundredth of a degree.
PLACES = {
    ("DE", "10119"): Point(52.53, 13.40),
    ("DE", "20457"): Point(53.54, 9.99),
    ("AT", "1010"): Point(48.21, 16.37),
    ("CH", "8001"): Point(47.37, 8.54),
    ("FR", "75001"): Point(48.86, 2.34),
    ("ES", "28013"): Point(40.42, -3.71),
    ("IT", "00184"): Point(41.89, 12.49),
    ("NL", "1012 JS"): Point(52.37, 4.89),
    ("GB", "SW1A 1AA"): Point(51.50, -0.14),
    ("SE", "111 20"): Point(59.33, 18.06),
    ("US", "10001"): Point(40.75, -74.00),
    ("US", "94103-1234"): Point(37.77, -122.41),
    ("CA", "M5V 2T6"): Point(43.64, -79.39),
    ("BR", "80050-000"): Point(-25.43, -49.26),
    ("BR", "01310"): Point(-23.56, -46.65),
    ("JP", "100-0001"): Point(35.68, 139.75),
    ("AU", "2000"): Point(-33.87, 151.21),
    ("IN", "110001"): Point(28.63, 77.22),
}


@pytest.mark.parametrize(("country", "code"), PLACES)
def test_a_postal_code_is_about_where_it_is(country: str, code: str) -> None:
    found = locate(Address(country=country, postal_code=code))
    assert found
    assert found.km_to(PLACES[country, code]) < 30


def test_a_code_that_nobody_listed_is_near_its_neighbors() -> None:
    berlin = locate(Address(country="DE", postal_code="10119"))
    unknown = locate(Address(country="DE", postal_code="10100"))
    assert berlin
    assert unknown
    assert berlin.km_to(unknown) < 20


def test_without_a_code_the_region_counts_then_the_country() -> None:
    bavaria = locate(Address(country="DE", region="BY"))
    assert bavaria
    assert bavaria == locate(Address(country="DE", region="DE-BY", postal_code="?"))
    assert bavaria.km_to(Point(48.95, 11.40)) < 1
    germany = locate(Address(country="DE", region="?"))
    assert germany
    assert germany != bavaria


@pytest.mark.parametrize("address", [None, Address(), Address(country="ZZ", postal_code="1")])
def test_nowhere_is_not_known(address: Address | None) -> None:
    assert locate(address) is None
    assert distance_km(a.location("BERLIN"), address) is None


def test_coordinates_of_a_location_come_before_its_address() -> None:
    exact = a.location("BERLIN", latitude=52.5321, longitude=13.4012)
    assert point_of(exact) == Point(52.5321, 13.4012)
    assert point_of(a.location("BERLIN", latitude=52.5)) == locate(a.BERLIN)


def test_berlin_is_as_far_from_hamburg_as_the_crow_flies() -> None:
    distance = distance_km(a.location("HAMBURG", a.HAMBURG), a.BERLIN)
    assert distance
    assert 250 <= distance <= 260


def test_half_the_way_around_the_world() -> None:
    assert round(Point(0, 0).km_to(Point(0, 180))) == 20015


@pytest.mark.parametrize("file", sorted(Path(str(TABLES)).glob("*.txt")), ids=lambda f: f.stem)
def test_every_table_is_well_formed(file: Path) -> None:
    rows = [line.split() for line in file.read_text().splitlines()]
    keys = [key for key, _, _ in rows]
    assert len(keys) == len(set(keys))
    assert "*" in keys
    for key, latitude, longitude in rows:
        assert key[0] in "@*" or (key.isalnum() and key.upper() == key)
        assert -90 <= float(latitude) <= 90
        assert -180 <= float(longitude) <= 180
