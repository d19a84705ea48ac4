"""Delivery options by kind: transit tables, weekends, next day only where it reaches, pickup."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from doorstep.domain.address import Address
from doorstep.domain.calendar import Calendar
from doorstep.domain.catalog import DeliveryOption, Location
from doorstep.domain.promise import Promise, Wanted, promise_from
from doorstep.domain.transit import days_to_reach
from tests import builders as a

BERLIN = a.location("BERLIN", calendar=Calendar(time_zone="Europe/Berlin"))
HAMBURG = a.location("HAMBURG", a.HAMBURG, calendar=Calendar(time_zone="Europe/Berlin"))
MUG = Wanted("MUG", 2)
EVERYWHERE = {("MUG", "BERLIN"): 9, ("MUG", "HAMBURG"): 9}
TABLE = (
    {"countries": ["DE"], "regions": ["BE", "BB"], "days": 1},
    {"countries": ["DE"], "up_to_km": 300, "days": 2},
    {"countries": ["DE", "AT"], "days": 4},
)
VIENNA = Address(city="Wien", postal_code="1070", country="AT")
LONDON = Address(city="London", postal_code="SW1A 1AA", country="GB")


def promised(
    option: DeliveryOption,
    *places: Location,
    stock: dict[tuple[str, str], int] | None = None,
    to: Address | None = a.BERLIN,
    at: datetime = a.NOW,
) -> Promise | None:
    had = EVERYWHERE if stock is None else stock
    return promise_from(places or (BERLIN, HAMBURG), option, [MUG], had, to=to, at=at)


def days(made: Promise | None) -> str:
    assert made
    return f"{made.ship_by:%a %d}, {made.deliver_by:%a %d}"


@pytest.mark.parametrize(
    ("to", "reach"),
    [
        (a.BERLIN, 1),
        (Address(region="DE-BB", country="DE"), 1),
        (Address(postal_code="39104", country="DE"), 2),
        (Address(postal_code="80331", country="DE"), 4),
        (VIENNA, 4),
        (LONDON, None),
        (Address(), None),
        (None, None),
    ],
)
def test_the_first_row_that_covers_the_destination_counts(
    to: Address | None, reach: int | None
) -> None:
    assert days_to_reach(a.delivery(transit=TABLE), BERLIN, to) == reach


def test_without_a_table_it_takes_as_long_to_everywhere() -> None:
    assert days_to_reach(a.delivery(transit_days=3), BERLIN, LONDON) == 3


def test_a_place_from_where_it_takes_less_is_the_soonest() -> None:
    option = a.delivery(transit=[{"up_to_km": 100, "days": 1}, {"days": 5}])
    made = promised(option)
    assert made
    assert (made.places, made.transit_days) == (("BERLIN",), 1)
    far = promised(option, stock={("MUG", "HAMBURG"): 2})
    assert far
    assert (far.places, far.transit_days) == (("HAMBURG",), 5)


def test_next_day_is_offered_only_where_it_reaches_from_where_the_goods_are() -> None:
    option = a.delivery(
        code="next-day",
        kind="next_day",
        processing_days=0,
        cutoff="12:00",
        transit=[{"up_to_km": 150, "days": 1}],
    )
    assert days(promised(option)) == "Mon 02, Tue 03"
    assert promised(option, stock={("MUG", "HAMBURG"): 9}) is None
    assert promised(option, stock={("MUG", "BERLIN"): 1, ("MUG", "HAMBURG"): 9}) is None
    assert promised(option, to=LONDON) is None


def test_a_weekend_is_delivered_on_saturday_or_sunday() -> None:
    option = a.delivery(kind="weekend", transit_days=1)
    assert days(promised(option)) == "Tue 03, Sat 07"
    friday = a.NOW.replace(day=6)
    fast = a.delivery(kind="weekend", transit_days=1, processing_days=0)
    assert days(promised(fast, at=friday)) == "Fri 06, Sat 07"
    sunday = a.delivery(kind="weekend", transit_days=1, delivers_on=[7])
    assert days(promised(sunday, to=a.HAMBURG)) == "Tue 03, Sun 08"
    assert days(promised(sunday)) == "Tue 03, Sun 15", "the 8th is a holiday in Berlin"


def test_a_carrier_that_also_delivers_on_saturday_is_there_sooner() -> None:
    thursday = a.NOW.replace(day=5)
    usual, also = a.delivery(transit_days=1), a.delivery(transit_days=1, delivers_on=range(1, 7))
    assert days(promised(usual, at=thursday)) == "Fri 06, Mon 09"
    assert days(promised(also, at=thursday)) == "Fri 06, Sat 07"


def test_a_weekend_parcel_that_left_late_is_late() -> None:
    made = promised(a.delivery(kind="weekend", transit_days=1))
    assert made
    assert made.arrival(a.NOW.replace(day=6), a.BERLIN) == made.deliver_by
    assert f"{made.arrival(a.NOW.replace(day=9), a.BERLIN):%a %d}" == "Sat 14"


def test_what_is_collected_is_there_when_it_could_leave_and_only_where_it_can_be_collected() -> (
    None
):
    option = a.delivery(code="pickup", kind="pickup")
    assert promised(option) is None
    store = a.location("BERLIN", calendar=BERLIN.calendar, capabilities=["pickup"])
    assert days(promised(option, store, HAMBURG)) == "Tue 03, Tue 03"


@pytest.mark.parametrize(
    "absurd",
    [
        {"transit": [{"days": -1}]},
        {"transit": [{"days": 400}]},
        {"transit": [{"days": 1, "up_to_km": 0}]},
        {"transit": [{"days": 1, "countries": ["Germany"]}]},
        {"delivers_on": []},
        {"delivers_on": [8]},
    ],
)
def test_an_absurd_table_is_refused(absurd: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a.delivery(**absurd)
