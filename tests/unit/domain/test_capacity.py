"""Daily capacity: what a location begins in a day, and where the rest goes."""

from datetime import date

from doorstep.domain.calendar import Calendar
from doorstep.domain.capacity import UNITS, Agenda, Booking, beyond, reduced
from tests import builders as a

MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 6)
NEXT_MONDAY = date(2026, 3, 9)
SMALL = a.location("SMALL", daily_capacity=3)


def booked(**units: int) -> dict[tuple[str, date, str], int]:
    """`booked(d02=3)`: three units on the second of March."""
    return {("SMALL", date(2026, 3, int(day[1:])), UNITS): n for day, n in units.items()}


def test_what_does_not_fit_into_a_day_is_begun_on_the_next_one_with_room() -> None:
    agenda = Agenda([SMALL], booked(d02=1, d03=3), a.NOW)
    assert agenda.begins("SMALL", 2) == MONDAY
    assert agenda.begins("SMALL", 3) == date(2026, 3, 4)
    assert [(one.day.day, one.quantity) for one in agenda.plan("SMALL", 4)] == [(2, 2), (4, 2)]


def test_what_is_planned_and_taken_is_gone_for_the_next_order() -> None:
    agenda = Agenda([SMALL], {}, a.NOW)
    agenda.take(agenda.plan("SMALL", 3))
    assert [one.day for one in agenda.plan("SMALL", 1)] == [TUESDAY]


def test_after_the_cut_off_and_on_days_off_nothing_is_begun() -> None:
    late = Agenda([SMALL], booked(d06=3), a.NOW.replace(day=5, hour=16))
    assert late.begins("SMALL", 1) == NEXT_MONDAY
    option = Agenda([SMALL], {}, a.NOW).begins("SMALL", 1, a.delivery(cutoff="09:00").cutoff)
    assert option == TUESDAY


def test_a_location_without_a_limit_is_not_booked() -> None:
    free = a.location("FREE", calendar=Calendar())
    agenda = Agenda([free, SMALL], {}, a.NOW)
    assert agenda.plan("FREE", 10_000) == ()
    assert agenda.begins("FREE", 10_000) == MONDAY
    assert set(agenda.room) == {"SMALL"}


def test_one_fulfillment_order_is_spread_over_a_few_days_at_the_most() -> None:
    agenda = Agenda([SMALL], {}, a.NOW)
    assert agenda.room == {"SMALL": 7 * 3}
    assert len(agenda.plan("SMALL", 21)) == 7


def test_the_date_of_more_than_can_be_begun_in_a_year_is_found_all_the_same() -> None:
    assert Agenda([SMALL], {}, a.NOW).begins("SMALL", 400_000) > date(2027, 1, 1)


def test_the_last_days_are_given_back_first() -> None:
    agenda = Agenda([SMALL], {}, a.NOW)
    bookings = agenda.plan("SMALL", 5)
    left = reduced(bookings, 3)
    assert [(one.day, one.quantity) for one in left] == [(MONDAY, 2)]
    back = beyond(bookings, left)
    assert [(one.day, one.quantity) for one in back] == [(MONDAY, -1), (TUESDAY, -2)]
    agenda.take([*bookings, *back])
    assert agenda.room == {"SMALL": 1 + 6 * 3}


def test_a_courier_is_not_sent_away_for_a_missing_unit() -> None:
    window = Booking(location_id="SMALL", day=MONDAY, what="same-day@14:00", quantity=1, limit=4)
    units = Agenda([SMALL], {}, a.NOW).plan("SMALL", 2)
    assert reduced((*units, window), 1)[-1] == window
