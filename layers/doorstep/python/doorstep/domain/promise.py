"""When an order will be at the doorstep, and when it has to leave for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from doorstep.domain.address import Address
from doorstep.domain.calendar import WORKING_WEEK, Calendar, Weekday
from doorstep.domain.capacity import Agenda
from doorstep.domain.catalog import (
    BY_COURIER,
    PICKUP,
    SHIP,
    Capability,
    DeliveryKind,
    DeliveryOption,
    Location,
    LocationKind,
    Sku,
)
from doorstep.domain.record import Moment, Record
from doorstep.domain.sellable import Wait
from doorstep.domain.transit import days_to_reach


class Promise(Record):
    """What the customer was told, and what it was computed from."""

    option: str
    kind: DeliveryKind = DeliveryKind.STANDARD
    ship_by: Moment
    deliver_by: Moment
    promised_at: Moment
    order_by: Moment | None = None
    """The cut-off: whoever orders before it is promised the same."""
    places: tuple[str, ...] = ()
    """The locations whose calendars it was computed from."""
    production_days: int = 0
    goods_at: Moment | None = None
    """When goods were expected that were sold beyond the stock, or before their release."""
    processing_days: int
    transit_days: int
    arrives_on: tuple[Weekday, ...] = WORKING_WEEK
    time_zone: str = "UTC"
    """Where its days end."""

    def arrival(self, left_at: datetime, to: Address | None) -> datetime:
        """When a parcel that a carrier took at this moment should be there: carriers move on the
        days of the working week and on those on which it may arrive. A courier who left in time is
        there by the end of the window.
        """
        if self.kind in BY_COURIER:
            window = self.deliver_by - self.ship_by
            return self.deliver_by if left_at < self.deliver_by else left_at + window
        moving = _carriers(to, self.time_zone, {*WORKING_WEEK, *self.arrives_on})
        day = moving.from_(moving.after(moving.day_of(left_at), self.transit_days))
        arriving = _carriers(to, self.time_zone, self.arrives_on)
        return arriving.end_of(arriving.from_(day))


class Wanted(NamedTuple):
    """Units of one product to be promised."""

    sku: Sku
    quantity: int
    skills: frozenset[Capability] = frozenset({SHIP})
    """What a place must be capable of."""
    production_days: int = 0
    wait: Wait | None = None
    """What they have to wait for, where shelves have too few of them."""
    barred: frozenset[str] = frozenset()
    """The locations that may not ship it by the rules, whatever they are capable of."""


def promise(
    option: DeliveryOption,
    *,
    at: datetime,
    calendar: Calendar | None = None,
    production_days: int = 0,
    to: Address | None = None,
    waits: Sequence[Wait] = (),
    begins: date | None = None,
    transit_days: int | None = None,
) -> Promise:
    """The dates of a delivery option for an order placed at `at`, from a place with this calendar.

    Work on it begins when the last of its `waits` is over, or on the day `begins`. The place works
    by its calendar; carriers do not move on public holidays of the destination. Both deadlines are
    the end of their day in the place's time zone. What is collected is there once it could leave.
    """
    here = calendar or Calendar()
    cutoff = min(option.cutoff or here.cutoff, here.cutoff)
    processing = here.processing_days
    if option.processing_days is not None:
        processing = option.processing_days
    goods_at = _goods_at(waits, at)
    start = begins or here.begins(goods_at or at, cutoff)
    lead = timedelta(days=max((wait.lead_days for wait in waits), default=0))
    ship = here.after(start, production_days + processing)
    made = Promise(
        option=option.code,
        kind=option.kind,
        ship_by=here.end_of(ship),
        deliver_by=here.end_of(ship),
        promised_at=at,
        order_by=here.cutoff_on(start, cutoff) - lead,
        production_days=production_days,
        goods_at=goods_at,
        processing_days=processing,
        transit_days=option.transit_days if transit_days is None else transit_days,
        arrives_on=option.arrives_on,
        time_zone=here.time_zone,
    )
    if option.kind is DeliveryKind.PICKUP:
        return made
    return made.model_copy(update={"deliver_by": made.arrival(made.ship_by, to)})


def promise_from(
    places: Sequence[Location],
    option: DeliveryOption,
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
    *,
    to: Address | None,
    at: datetime,
    agenda: Agenda | None = None,
) -> Promise | None:
    """The soonest dates by which these places can deliver everything that is wanted.

    `stock` maps (sku, location id) to available units. One place that has everything is preferred
    to a split; a split is promised for its last parcel. Where stock is nowhere, the soonest place
    that may ship such goods counts. A place whose days are taken begins on the next one with room
    for all units. None where the option does not reach the destination from where the goods are, or
    where only places have them that may not ship them.
    """
    units = sum(one.quantity for one in wanted)
    production_days = max(one.production_days for one in wanted)
    waits = [one.wait for one in wanted if one.wait]
    goods_at = _goods_at(waits, at)
    if option.kind is DeliveryKind.PICKUP:
        wanted = [one._replace(skills=one.skills - {SHIP} | {PICKUP}) for one in wanted]
    able = [place for place in places if place.active and any(_can(place, one) for one in wanted)]
    days = {place.location_id: days_to_reach(option, place, to) for place in able}
    near = [
        place
        for place in able
        if days[place.location_id] is not None and any(_may(place, one) for one in wanted)
    ]
    if not _in_reach(able, near, wanted, stock):
        return None
    dated = {
        place.location_id: promise(
            option,
            at=at,
            calendar=place.local_calendar,
            production_days=production_days,
            to=to,
            waits=waits,
            begins=agenda.begins(place.location_id, units, option.cutoff, goods_at)
            if agenda
            else None,
            transit_days=days[place.location_id],
        )
        for place in near
    }
    if not dated and (option.transit or option.kind is DeliveryKind.PICKUP):
        return None
    if not dated:
        return promise(option, at=at, production_days=production_days, to=to, waits=waits)

    def soonest(place: Location) -> tuple[datetime, datetime, int, str]:
        made = dated[place.location_id]
        return made.deliver_by, made.ship_by, place.priority, place.location_id

    used = _used(sorted(near, key=soonest), wanted, stock)
    parts = [dated[location_id] for location_id in used]
    last = max(parts, key=lambda part: (part.deliver_by, part.ship_by))
    order_by = min(part.order_by for part in parts if part.order_by)
    return last.model_copy(update={"places": used, "order_by": order_by})


def _goods_at(waits: Sequence[Wait], at: datetime) -> datetime | None:
    """When the last goods that are waited for are there; None where none are."""
    return max((wait.over(at) for wait in waits), default=None)


def pickup_from(
    store: Location,
    places: Sequence[Location],
    option: DeliveryOption,
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
    *,
    at: datetime,
    agenda: Agenda | None = None,
) -> Promise | None:
    """The soonest dates by which everything that is wanted can be collected at a store.

    `ship_by` and `deliver_by` are one where it is all on the store's own shelves, and may be handed
    over from there. Otherwise it is sent there, and ready on the first day that the store works
    after its arrival.
    """
    to = store.address
    collected = [one._replace(skills=one.skills - {SHIP} | {PICKUP}) for one in wanted]
    if _suffice([store], collected, stock):
        return promise_from([store], option, wanted, stock, to=to, at=at, agenda=agenda)
    senders = [place for place in places if place.kind is not LocationKind.DROP_SHIP]
    kept = [one for one in wanted if not one.wait and store.location_id in one.barred]
    kept = [one for one in kept if stock.get((one.sku, store.location_id), 0)]
    if not _suffice(senders, kept, stock):
        return None
    sent = option.model_copy(update={"kind": DeliveryKind.STANDARD})
    made = promise_from(senders, sent, wanted, stock, to=to, at=at, agenda=agenda)
    if made is None:
        return None
    here = store.local_calendar
    ready = here.end_of(here.from_(here.day_of(made.deliver_by)))
    return made.model_copy(update={"deliver_by": ready, "kind": option.kind})


def _used(
    ranked: Sequence[Location], wanted: Sequence[Wanted], stock: Mapping[tuple[str, str], int]
) -> tuple[str, ...]:
    """The first place that has everything, else the first ones that have it together."""
    demand: dict[str, int] = {}
    for one in wanted:
        demand[one.sku] = demand.get(one.sku, 0) + one.quantity
    by_sku = {one.sku: one for one in wanted}

    def has(place: Location, sku: str) -> int:
        here = _may(place, by_sku[sku]) and not by_sku[sku].wait
        return stock.get((sku, place.location_id), 0) if here else 0

    for place in ranked:
        if all(has(place, sku) >= units for sku, units in demand.items()):
            return (place.location_id,)
    used: dict[str, None] = {}
    for sku, missing in demand.items():
        for place in ranked:
            if missing > 0 and has(place, sku):
                used[place.location_id] = None
                missing -= has(place, sku)
    return tuple(used) or (ranked[0].location_id,)


def _suffice(
    places: Sequence[Location], wanted: Sequence[Wanted], stock: Mapping[tuple[str, str], int]
) -> bool:
    """Whether these places have everything together."""
    missing = Counter[str]()
    for one in wanted:
        missing[one.sku] += one.quantity
    for sku, one in {one.sku: one for one in wanted}.items():
        asked = (place for place in places if _may(place, one))
        missing[sku] -= sum(stock.get((sku, place.location_id), 0) for place in asked)
    return all(units <= 0 for units in missing.values())


def _in_reach(
    able: Sequence[Location],
    near: Sequence[Location],
    wanted: Sequence[Wanted],
    stock: Mapping[tuple[str, str], int],
) -> bool:
    """Whether the near ones who may ship it are enough, SKU by SKU, where all who can would be."""
    for sku in {one.sku for one in wanted}:
        asked = [one for one in wanted if one.sku == sku]
        if any(_can(place, asked[0]) for place in able) and not any(
            _may(place, asked[0]) for place in near
        ):
            return False
        free = [one._replace(barred=frozenset()) for one in asked]
        there = not asked[0].wait and _suffice(able, free, stock)
        if there and not _suffice(near, asked, stock):
            return False
    return True


def _can(place: Location, one: Wanted) -> bool:
    """Whether it can ship such goods: what is made to order is where they make it."""
    return one.skills <= place.skills


def _may(place: Location, one: Wanted) -> bool:
    """Whether it can, and the rules let it."""
    return _can(place, one) and place.location_id not in one.barred


def _carriers(to: Address | None, time_zone: str, weekdays: Iterable[Weekday]) -> Calendar:
    """These days of the week but for the holidays of a destination."""
    days = Calendar(time_zone=time_zone, working_days=tuple(weekdays))
    return days.at(to.country, to.region) if to else days
