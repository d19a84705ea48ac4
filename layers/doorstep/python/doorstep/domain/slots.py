"""Delivery by courier within hours: the windows of today, and from which place they can be kept.

A courier takes so many parcels from one place in a window. A slot is such a window at the nearest
place that has everything, can do it today, and whose courier has room: stock, the location's day
and the courier are taken together, when the checkout begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import inf
from typing import NamedTuple

from doorstep.domain.address import Address
from doorstep.domain.capacity import UNITS, Agenda, Booking
from doorstep.domain.catalog import SHIP, DeliveryKind, DeliveryOption, Location
from doorstep.domain.delivery import Window
from doorstep.domain.geography import kilometers
from doorstep.domain.promise import Promise, Wanted

MAX_LINES = 15
"""Lines of a cart that a courier brings: all it takes is taken in one transaction."""

_HOUR = timedelta(hours=1)


class Slot(NamedTuple):
    """A window that can be had now, and what it takes of its place."""

    place: Location
    starts: datetime
    ends: datetime
    order_by: datetime
    bookings: tuple[Booking, ...]

    def promise(self, option: DeliveryOption, at: datetime) -> Promise:
        """What a customer is told who takes it."""
        return Promise(
            option=option.code,
            kind=option.kind,
            ship_by=self.starts,
            deliver_by=self.ends,
            promised_at=at,
            order_by=self.order_by,
            places=(self.place.location_id,),
            processing_days=0,
            transit_days=0,
            time_zone=self.place.local_calendar.time_zone,
        )


def open_slots(
    option: DeliveryOption,
    places: Iterable[Location],
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
    agenda: Agenda,
    *,
    to: Address | None,
    at: datetime,
) -> tuple[Slot, ...]:
    """Every window of today that can still be had, the soonest first, each at its nearest place.

    What is promised within the hour is offered only where the window ends within it.
    """
    slots = _slots(option, places, wanted, stock, agenda, to=to, at=at)
    soon = option.kind is DeliveryKind.ONE_HOUR
    return tuple(
        slot for slot in slots if at < slot.order_by and (not soon or slot.ends <= at + _HOUR)
    )


def same_window(
    promised: Promise,
    option: DeliveryOption,
    places: Iterable[Location],
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
    agenda: Agenda,
    *,
    to: Address | None,
    at: datetime,
) -> Slot | None:
    """The window that was promised, at another place that can keep it; None where none can."""
    slots = _slots(option, places, wanted, stock, agenda, to=to, at=at)
    times = (promised.ship_by, promised.deliver_by)
    return next((s for s in slots if (s.starts, s.ends) == times and at < s.ends), None)


def _slots(
    option: DeliveryOption,
    places: Iterable[Location],
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
    agenda: Agenda,
    *,
    to: Address | None,
    at: datetime,
) -> list[Slot]:
    """Today's windows with room, also those for which it is too late."""
    units = sum(one.quantity for one in wanted)
    near = sorted(
        (place for place in places if place.active and _serves(option, place, wanted, stock, to)),
        key=lambda place: (kilometers(place, to) or inf, place.priority, place.location_id),
    )
    found: dict[tuple[datetime, datetime], Slot] = {}
    for place in near if len(wanted) <= MAX_LINES else ():
        today = place.local_calendar.day_of(at)
        if not place.local_calendar.works_on(today):
            continue
        for window in option.windows:
            slot = _slot(option, window, place, units, agenda, today)
            if slot:
                found.setdefault((slot.starts, slot.ends), slot)
    return sorted(found.values(), key=lambda slot: (slot.ends, slot.starts))


def _slot(
    option: DeliveryOption,
    window: Window,
    place: Location,
    units: int,
    agenda: Agenda,
    today: date,
) -> Slot | None:
    """A window of a place; None where the place, or its courier, has no room."""
    asked = {f"{option.code}@{window.starts:%H:%M}": (1, window.parcels)}
    if place.daily_capacity:
        asked[UNITS] = (units, place.daily_capacity)
    for what, (quantity, limit) in asked.items():
        if agenda.free(place.location_id, today, what, limit) < quantity:
            return None
    calendar, key = place.local_calendar, place.location_id
    return Slot(
        place=place,
        starts=calendar.moment(today, window.starts),
        ends=calendar.moment(today, window.ends),
        order_by=calendar.moment(today, window.order_by),
        bookings=tuple(
            Booking(location_id=key, day=today, what=what, quantity=quantity, limit=limit)
            for what, (quantity, limit) in asked.items()
        ),
    )


def _serves(
    option: DeliveryOption,
    place: Location,
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
    to: Address | None,
) -> bool:
    """Whether a courier may bring all of it from there: near enough, able, allowed, in stock."""
    km, country = kilometers(place, to), to.country if to else None
    region = to.region if to else ""
    if km is None or not any(row.covers(country, region, km) for row in option.transit):
        return False
    demand = Counter[str]()
    for one in wanted:
        demand[one.sku] += one.quantity
    able = all(
        one.skills - {SHIP} | {option.kind.value} <= place.skills
        and place.location_id not in one.barred
        and not one.production_days
        for one in wanted
    )
    return able and all(
        stock.get((sku, place.location_id), 0) >= units for sku, units in demand.items()
    )
