"""Calendars: working days, public holidays, cut-offs, and clocks that are put forward and back."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from doorstep.domain.calendar import Calendar, holidays
from local.holidays import YEARS, countries, days

BERLIN = Calendar(time_zone="Europe/Berlin", holiday_country="DE", holiday_region="BE")
NEW_YORK = Calendar(time_zone="America/New_York", holiday_country="US")
DAYS = st.dates(date(2026, 1, 1), date(2031, 12, 1))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- days -----------------------------------------------------------------------------------------


def test_weekends_and_holidays_are_free() -> None:
    """Good Friday to Easter Monday 2026."""
    assert BERLIN.after(date(2026, 4, 2), 1) == date(2026, 4, 7)


def test_a_region_keeps_days_of_its_own() -> None:
    """Women's Day is free in Berlin, Epiphany in Bavaria."""
    bavaria = Calendar(holiday_country="DE", holiday_region="BY")
    assert not BERLIN.works_on(date(2027, 3, 8))
    assert bavaria.works_on(date(2027, 3, 8))
    assert not bavaria.works_on(date(2027, 1, 6))
    assert BERLIN.works_on(date(2027, 1, 6))


def test_the_year_ends_with_few_working_days() -> None:
    """Christmas is on Friday and Saturday, New Year on Friday: one working day after Thursday."""
    assert BERLIN.after(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert BERLIN.after(date(2026, 12, 31), 1) == date(2027, 1, 4)


def test_closed_days_and_working_saturdays() -> None:
    store = Calendar(working_days=(2, 3, 4, 5, 6), closed=frozenset({date(2026, 3, 7)}))
    assert store.after(date(2026, 3, 6), 1) == date(2026, 3, 10)
    assert store.after(date(2026, 3, 13), 1) == date(2026, 3, 14)


def test_a_place_keeps_the_holidays_of_where_it_is_unless_it_says_others() -> None:
    assert not Calendar().at("DE", "DE-BY").works_on(date(2027, 1, 6))
    assert Calendar(holiday_country="").at("DE", "BY").works_on(date(2027, 1, 6))
    assert Calendar(holiday_country="US").at("DE", "BY").works_on(date(2026, 12, 26)) is False
    assert Calendar(holiday_country="US").at("DE", "BY").works_on(date(2027, 1, 6))


def test_where_no_holidays_are_known_only_weekends_are_free() -> None:
    nowhere = Calendar().at("XX", "")
    assert nowhere.works_on(date(2026, 12, 25))
    assert not nowhere.works_on(date(2026, 12, 26))
    assert Calendar().at(None, "").works_on(date(2026, 12, 25))
    assert BERLIN.works_on(date(2055, 12, 24))


@given(DAYS, st.integers(0, 40), st.integers(0, 40))
def test_working_days_add_up(day: date, first: int, second: int) -> None:
    assert BERLIN.after(BERLIN.after(day, first), second) == BERLIN.after(day, first + second)


@given(DAYS, st.integers(0, 40))
def test_as_many_working_days_lie_between_as_were_asked_for(day: date, count: int) -> None:
    end = NEW_YORK.after(day, count)
    between = (day + timedelta(days=n) for n in range(1, (end - day).days + 1))
    assert sum(NEW_YORK.works_on(one) for one in between) == count
    assert NEW_YORK.works_on(end) or end == day


# --- hours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calendar", "moment", "day"),
    [
        (BERLIN, "2026-03-02T13:59", date(2026, 3, 2)),
        (BERLIN, "2026-03-02T14:00", date(2026, 3, 3)),
        (BERLIN, "2026-07-01T12:59", date(2026, 7, 1)),
        (BERLIN, "2026-07-01T13:00", date(2026, 7, 2)),
        (NEW_YORK, "2026-03-06T19:59", date(2026, 3, 6)),
        (NEW_YORK, "2026-03-06T20:00", date(2026, 3, 9)),
        (NEW_YORK, "2026-03-09T18:59", date(2026, 3, 9)),
        (NEW_YORK, "2026-03-09T19:00", date(2026, 3, 10)),
    ],
)
def test_the_cut_off_is_by_the_clock_of_the_place(
    calendar: Calendar, moment: str, day: date
) -> None:
    assert calendar.begins(utc(moment)) == day


def test_an_order_after_the_cut_off_before_a_holiday_waits_until_the_next_working_day() -> None:
    assert BERLIN.begins(utc("2026-12-24T14:30")) == date(2026, 12, 28)


def test_it_is_another_day_elsewhere() -> None:
    auckland = Calendar(time_zone="Pacific/Auckland", holiday_country="NZ")
    assert auckland.day_of(utc("2026-12-31T12:00")) == date(2027, 1, 1)
    assert auckland.begins(utc("2026-12-31T12:00")) == date(2027, 1, 5)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 28), "2026-03-28T22:59:59"),
        (date(2026, 3, 29), "2026-03-29T21:59:59"),
        (date(2026, 10, 24), "2026-10-24T21:59:59"),
        (date(2026, 10, 25), "2026-10-25T22:59:59"),
    ],
)
def test_a_day_ends_by_its_own_clock_also_when_that_is_changed(day: date, end: str) -> None:
    assert BERLIN.end_of(day) == utc(end)


def test_a_day_whose_last_hour_comes_twice_ends_with_the_second() -> None:
    """Santiago puts its clock back from 24:00 to 23:00."""
    santiago = Calendar(time_zone="America/Santiago")
    day = date(2026, 4, 4)
    assert santiago.end_of(day) == utc("2026-04-05T03:59:59")
    assert santiago.day_of(santiago.end_of(day)) == day
    assert santiago.day_of(santiago.end_of(day) + timedelta(seconds=1)) == date(2026, 4, 5)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2031, 11, 1)),  # noqa: DTZ001
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    st.times(),
)
def test_whoever_orders_before_the_cut_off_is_begun_on_its_day(
    moment: datetime, zone: str, cutoff: time
) -> None:
    calendar = Calendar(time_zone=zone, holiday_country="DE")
    at = moment.replace(tzinfo=UTC)
    day = calendar.begins(at, cutoff)
    assert calendar.works_on(day)
    last = calendar.cutoff_on(day, cutoff)
    if at <= last - timedelta(hours=1):
        assert calendar.begins(last - timedelta(hours=1), cutoff) == day
    assert calendar.begins(last + timedelta(hours=1), cutoff) >= day


# --- what is given --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"time_zone": "Europe"},
        {"working_days": []},
        {"working_days": [0]},
        {"cutoff": "15:00Z"},
        {"processing_days": -1},
        {"holiday_country": "Germany"},
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Calendar.model_validate(fault)


@pytest.mark.parametrize("country", countries())
def test_the_table_has_the_holidays_of_the_package(country: str) -> None:
    assert holidays(country) == days(country)


@pytest.mark.parametrize(
    ("country", "region"),
    [("DE", "BY"), ("DE", "BE"), ("US", "TX"), ("AU", "VIC"), ("GB", "SCT"), ("CA", "QC")],
)
def test_the_table_has_the_holidays_of_regions(country: str, region: str) -> None:
    assert holidays(country, region) == days(country, region)
    assert {day.year for day in holidays(country, region)} == set(YEARS)
