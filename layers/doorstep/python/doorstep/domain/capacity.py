"""What locations can do in a day, and what of it is taken.

A location begins so many units on a working day, and what does not fit is begun on the next one
with room. What is taken is counted by location and day, in the transaction that gives a location
its work, and given back in the one that takes the work away: `Order.booked`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from pydantic import Field

from doorstep.domain.calendar import Calendar
from doorstep.domain.catalog import Location
from doorstep.domain.record import Record

UNITS = "units"
"""What is counted of a day where nothing else is said: units that are begun."""

HORIZON = timedelta(days=60)
"""How far ahead days are booked."""

MOST_DAYS = 7
"""Days over which the units of one fulfillment order are spread: a transaction has its bounds."""

_LONGEST = 366
"""Working days that a date is looked for, at the most."""

Taken = Mapping[tuple[str, date, str], int]
"""(location id, day, what) → how much of it is taken; what is not in it is free."""


class Booking(Record):
    """A share of one day of a location: taken, or given back where the quantity is negative."""

    location_id: str
    day: date
    what: str = UNITS
    quantity: int
    limit: int = Field(gt=0)
    """Of the whole day, for all."""

    @property
    def key(self) -> tuple[str, date, str]:
        return self.location_id, self.day, self.what


def reduced(bookings: Iterable[Booking], units: int) -> tuple[Booking, ...]:
    """What is left of bookings when so many units are not to be done: the last days go first."""
    kept: list[Booking] = []
    found = list(bookings)
    for one in reversed(found):
        less = min(units, one.quantity) if one.what == UNITS else 0
        units -= less
        if one.quantity > less:
            kept.insert(0, one.model_copy(update={"quantity": one.quantity - less}))
    return tuple(kept)


def beyond(before: Iterable[Booking], after: Iterable[Booking]) -> tuple[Booking, ...]:
    """What has to be taken, or given back, so that what was booked before is what is after."""
    changes: Counter[tuple[str, date, str]] = Counter()
    known = {}
    for sign, bookings in ((-1, before), (1, after)):
        for one in bookings:
            changes[one.key] += sign * one.quantity
            known[one.key] = one
    return tuple(
        known[key].model_copy(update={"quantity": quantity})
        for key, quantity in changes.items()
        if quantity
    )


def limited(places: Iterable[Location]) -> bool:
    """Whether any of them can do only so much in a day."""
    return any(place.daily_capacity for place in places)


def span(at: datetime) -> tuple[date, date]:
    """The first and the last day that may be booked, wherever the place is."""
    return (at - timedelta(days=1)).date(), (at + HORIZON).date()


class Agenda:
    """The days of locations as far as they are taken; it fills up with what is booked on it."""

    def __init__(self, places: Iterable[Location], taken: Taken, at: datetime) -> None:
        self._places = {place.location_id: place for place in places}
        self._taken = Counter(dict(taken))
        self._at = at
        self._last = span(at)[1]

    def take(self, bookings: Iterable[Booking]) -> None:
        """What is booked is no longer there for others."""
        for one in bookings:
            self._taken[one.key] += one.quantity

    def free(self, location_id: str, day: date, what: str, limit: int) -> int:
        """How much of something is left on a day."""
        return max(0, limit - self._taken[location_id, day, what])

    @property
    def room(self) -> dict[str, int]:
        """Location id → units that it can take on now, where that is limited."""
        return {
            place.location_id: sum(self._rooms(place, place.daily_capacity))
            for place in self._places.values()
            if place.daily_capacity
        }

    def begins(
        self,
        location_id: str,
        units: int,
        cutoff: time | None = None,
        goods_at: datetime | None = None,
    ) -> date:
        """The working day on which a location can begin the last of so many units, which may come
        later.
        """
        return max(self._days(location_id, units, goods_at or self._at, cutoff))

    def plan(self, location_id: str, units: int) -> tuple[Booking, ...]:
        """The bookings that it takes to have a location do so many units; none without a limit."""
        limit = self._places[location_id].daily_capacity
        if not limit:
            return ()
        return tuple(
            Booking(location_id=location_id, day=day, quantity=part, limit=limit)
            for day, part in self._days(location_id, units, self._at).items()
        )

    def _rooms(self, place: Location, limit: int) -> list[int]:
        """What is free on the first days with room, as many as one fulfillment order may have."""
        calendar, rooms = place.local_calendar, list[int]()
        day = calendar.begins(self._at)
        while day <= self._last and len(rooms) < MOST_DAYS:
            if free := self.free(place.location_id, day, UNITS, limit):
                rooms.append(free)
            day = calendar.after(day, 1)
        return rooms

    def _days(
        self, location_id: str, units: int, at: datetime, cutoff: time | None = None
    ) -> dict[date, int]:
        """Units by the days on which they can be begun, the soonest first."""
        place = self._places[location_id]
        calendar: Calendar = place.local_calendar
        day = calendar.begins(at, min(cutoff or calendar.cutoff, calendar.cutoff))
        if not place.daily_capacity:
            return {day: units}
        days: dict[date, int] = {}
        for _ in range(_LONGEST):
            if part := min(units, self.free(location_id, day, UNITS, place.daily_capacity)):
                days[day] = part
                units -= part
            if not units:
                return days
            day = calendar.after(day, 1)
        return {**days, day: units}
