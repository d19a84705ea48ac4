"""When an order will be at the doorstep, and when it has to leave for that."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from doorstep.domain.catalog import DeliveryOption
from doorstep.domain.record import Moment, Record


class Promise(Record):
    """What the customer was told, and what it was computed from."""

    option: str
    ship_by: Moment
    deliver_by: Moment
    promised_at: Moment
    production_days: int = 0
    processing_days: int
    transit_days: int


def promise(option: DeliveryOption, *, at: datetime, production_days: int = 0) -> Promise:
    """The date of a delivery option for an order placed at `at`.

    Working days are Monday to Friday; an order from the cut-off hour on, or on a weekend, counts as
    placed on the next working day. Both deadlines are the end of their day, UTC.
    """
    start = at.date()
    if at.hour >= option.cutoff_hour:
        start += timedelta(days=1)
    while start.weekday() >= 5:
        start += timedelta(days=1)
    ship = _after(start, production_days + option.processing_days)
    deliver = _after(ship, option.transit_days)
    return Promise(
        option=option.code,
        ship_by=_end(ship, at),
        deliver_by=_end(deliver, at),
        promised_at=at,
        production_days=production_days,
        processing_days=option.processing_days,
        transit_days=option.transit_days,
    )


def _after(day: date, working_days: int) -> date:
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() < 5
    return day


def _end(day: date, like: datetime) -> datetime:
    return datetime.combine(day, time(23, 59, 59), like.tzinfo)
