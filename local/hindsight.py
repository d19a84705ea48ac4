"""What a replay shows in hindsight: parcels, distance and cost of the routing, and the promises.

Orders are replayed within a minute, so a promise is made anew here as it would have been made at
the moment of purchase, from the places that the order was promised from, and held against the day
on which the goods really arrived. What the shop had promised in its time stands beside it.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from doorstep.adapters.dynamo.schema import TIMELINE_PREFIX
from doorstep.domain.catalog import DeliveryOption, Location
from doorstep.domain.events import OrderRouted, TimelineItem
from doorstep.domain.order import Order
from doorstep.domain.promise import Promise, promise
from doorstep.domain.routing import Verdict
from local.olist import Replayed

_DAY = timedelta(days=1)


class Routing(NamedTuple):
    """What the routing of all orders came to."""

    orders: int
    parcels: Counter[int]
    """Parcels of an order → orders."""
    kilometers: tuple[int, ...]
    """From each chosen place to its customer, where both are known."""
    cost: int
    """Minor units, by the sourcing rules."""


class Promises(NamedTuple):
    """How promises about the same deliveries turned out."""

    kept: int
    broken: int
    days: tuple[float, ...]
    """By how many days each delivery was sooner than promised; later below zero."""

    @property
    def share(self) -> float:
        """Kept ones of all, in percent."""
        return 100 * self.kept / max(1, self.kept + self.broken)


def routing(rows: Iterable[Mapping[str, Any]], orders: Iterable[Order]) -> Routing:
    """Read from the explanations on the orders' timelines."""
    parcels = Counter(len(order.parcels) for order in orders if order.parcels)
    routed = list(_routed(rows))
    chosen = [x for one in routed for x in one.candidates if x.verdict is Verdict.CHOSEN]
    return Routing(
        orders=sum(parcels.values()),
        parcels=parcels,
        kilometers=tuple(sorted(one.km for one in chosen if one.km is not None)),
        cost=sum(one.cost.minor for one in routed),
    )


def remade(
    orders: Iterable[Replayed],
    stored: Mapping[str, Order],
    places: Sequence[Location],
    option: DeliveryOption,
) -> Promises:
    """Our promises as of the moment of purchase, against the real deliveries."""
    known = {place.location_id: place for place in places}
    pairs = []
    for one in orders:
        order = stored.get(one.order_id)
        if order is None or one.sold.delivered_at is None or not order.fulfillment_orders:
            continue
        used = {each.location_id for each in order.fulfillment_orders}
        made = [_promised(known[key], option, order, one.sold.purchased_at) for key in sorted(used)]
        pairs.append((max(each.deliver_by for each in made), one.sold.delivered_at))
    return _compared(pairs)


def of_the_shop(orders: Iterable[Replayed], stored: Mapping[str, Order]) -> Promises:
    """What the shop itself had promised for the same orders."""
    return _compared(
        (one.sold.estimated_delivery_at + _DAY, one.sold.delivered_at)
        for one in orders
        if one.sold.delivered_at
        and one.sold.estimated_delivery_at
        and (order := stored.get(one.order_id))
        and order.fulfillment_orders
    )


def report(found: Routing, ours: Promises, theirs: Promises, currency: str) -> Iterator[str]:
    """The lines to be printed."""
    shares = ", ".join(
        f"{orders} in {parcels}" for parcels, orders in sorted(found.parcels.items())
    )
    several = sum(n for parcels, n in found.parcels.items() if parcels > 1)
    yield f"Parcels: {shares}; {100 * several / max(1, found.orders):.1f} % of orders split."
    if found.kilometers:
        median, mean = statistics.median(found.kilometers), statistics.mean(found.kilometers)
        yield (
            f"Distance: {median:,.0f} km to the customer in the middle, {mean:,.0f} km on average,"
            f" of {len(found.kilometers)} places chosen."
        )
    each = found.cost / 100 / max(1, found.orders)
    yield f"Cost by the sourcing rules: {found.cost / 100:,.2f} {currency}, {each:.2f} an order."
    for whose, one in (("Doorstep's promises", ours), ("The shop's own", theirs)):
        if one.days:
            yield (
                f"{whose} against the real deliveries: {one.kept} kept, {one.broken} broken"
                f" ({one.share:.1f} % kept), {statistics.median(one.days):.1f} days early in the"
                " middle."
            )


def _routed(rows: Iterable[Mapping[str, Any]]) -> Iterator[OrderRouted]:
    for row in rows:
        if row["sk"]["S"].startswith(TIMELINE_PREFIX) and row["pk"]["S"].startswith("ORDER#"):
            item = TimelineItem.model_validate_json(row["json"]["S"])
            if item.name == OrderRouted.name:
                yield OrderRouted.model_validate(item.data)


def _promised(place: Location, option: DeliveryOption, order: Order, at: datetime) -> Promise:
    return promise(option, at=at, calendar=place.local_calendar, to=order.shipping_address)


def _compared(pairs: Iterable[tuple[datetime, datetime]]) -> Promises:
    pairs = list(pairs)
    kept = sum(arrived <= promised for promised, arrived in pairs)
    days = tuple((promised - arrived) / _DAY for promised, arrived in pairs)
    return Promises(kept, len(pairs) - kept, days)
