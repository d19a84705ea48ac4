"""When a place works: days of the week, public holidays, its own closed days, and the cut-off.

A day is a day where the place is: each calendar counts in its own time zone, and answers moments
in UTC. Holidays come from `holidays.json`, which `make docs` writes; for a country or a year that
it does not have, only the days of the week count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, WithJsonSchema

from doorstep.domain.record import Record

_DAY = timedelta(days=1)


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a time zone such as Europe/Berlin") from None
    return name


TimeZone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_known)]
"""A name of the IANA time zone database."""


def _naive(hour: time) -> time:
    if hour.tzinfo:
        raise ValueError("an hour by the clock of the place, without a zone")
    return hour


LocalTime = Annotated[
    time,
    AfterValidator(_naive),
    # "time" would be one with a zone: RFC 3339 calls this one so.
    WithJsonSchema({"type": "string", "format": "partial-time"}),
]
"""An hour by the clock of a place, such as 14:30."""

Weekday = Annotated[int, Field(ge=1, le=7)]
"""A day of the week by ISO 8601: Monday is 1."""


WORKING_WEEK: tuple[Weekday, ...] = (1, 2, 3, 4, 5)
WEEKEND: tuple[Weekday, ...] = (6, 7)


class Calendar(Record):
    """The days on which something moves, in one time zone."""

    time_zone: TimeZone = "UTC"
    working_days: tuple[Weekday, ...] = Field(default=WORKING_WEEK, min_length=1, max_length=7)
    cutoff: LocalTime = time(15)
    """What is ordered from this hour on is begun on the next working day."""
    processing_days: int = Field(default=1, ge=0, le=60)
    """Working days from the order to the handover to the carrier; 0: the same day."""
    holiday_country: Annotated[str, Field(pattern="^([A-Z]{2})?$")] | None = None
    """Whose public holidays are kept; None: those of where it is, empty: none."""
    holiday_region: str = Field(default="", max_length=40)
    """The region by ISO 3166-2, without its country; only where its holidays differ."""
    closed: frozenset[date] = Field(default=frozenset(), max_length=400)
    """Days on which nobody works, besides."""

    def at(self, country: str | None, region: str) -> Calendar:
        """The calendar of a place there: it keeps the holidays of its place unless told others."""
        if self.holiday_country is not None:
            return self
        region = region.removeprefix(f"{country}-")
        here = {"holiday_country": country or "", "holiday_region": self.holiday_region or region}
        return self.model_copy(update=here)

    def works_on(self, day: date) -> bool:
        """Whether it works on this day."""
        return (
            day.isoweekday() in self.working_days
            and day not in self.closed
            and day not in holidays(self.holiday_country or "", self.holiday_region)
        )

    def from_(self, day: date) -> date:
        """The first working day from this one on."""
        while not self.works_on(day):
            day += _DAY
        return day

    def after(self, day: date, working_days: int) -> date:
        """The last of so many working days that follow a day; the day itself for none."""
        for _ in range(working_days):
            day = self.from_(day + _DAY)
        return day

    def begins(self, moment: datetime, cutoff: time | None = None) -> date:
        """The working day on which something ordered at this moment is begun."""
        here = moment.astimezone(self._zone)
        late = here.time() >= (cutoff or self.cutoff)
        return self.from_(here.date() + _DAY if late else here.date())

    def hours_after(self, moment: datetime, hours: int) -> datetime:
        """The moment after so many hours, of which only those of working days count."""
        here, left = moment.astimezone(self._zone), timedelta(hours=hours)
        while True:
            day = self.from_(here.date())
            start = max(here, datetime.combine(day, time.min, self._zone))
            midnight = datetime.combine(day + _DAY, time.min, self._zone)
            room = midnight.astimezone(UTC) - start.astimezone(UTC)
            if left <= room:
                return start.astimezone(UTC) + left
            here, left = midnight, left - room

    def cutoff_on(self, day: date, cutoff: time | None = None) -> datetime:
        """The moment before which an order is still begun on this day."""
        return self.moment(day, cutoff or self.cutoff)

    def moment(self, day: date, hour: time) -> datetime:
        """An hour of a day there."""
        return datetime.combine(day, hour, self._zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """The last second of a day: the second of the two where the clock is put back over it."""
        return datetime.combine(day, time(23, 59, 59, fold=1), self._zone).astimezone(UTC)

    def day_of(self, moment: datetime) -> date:
        """The day that it is there."""
        return moment.astimezone(self._zone).date()

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@cache
def holidays(country: str, region: str = "") -> frozenset[date]:
    """The public holidays of a country, or of one of its regions; none where they are unknown."""
    rows = _table().get(country, {})
    differing = _days(rows[region]) if region and region in rows else frozenset()
    return _days(rows.get("", "")) ^ differing


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    """Country → "" → its days; region → the days on which it differs from its country."""
    rows: Mapping[str, Mapping[str, str]] = json.loads(
        (resources.files(__package__) / "holidays.json").read_bytes()
    )
    return rows


def _days(written: str) -> frozenset[date]:
    """Years with their days: `2026: 0101 1225; 2027: 0101`."""
    found = set()
    for part in filter(None, written.split("; ")):
        year, _, days = part.partition(": ")
        found |= {date(int(year), int(day[:2]), int(day[2:])) for day in days.split()}
    return frozenset(found)
