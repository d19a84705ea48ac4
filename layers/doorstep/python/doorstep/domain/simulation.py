"""Past decisions made again with other rules, from the stock as it was, and compared.

Each decision is replayed by itself: what other orders would have left is not. Both plans are priced
by the other rules, so that the difference is one of plans and not of prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from doorstep.domain.catalog import Location, Product
from doorstep.domain.events import OrderRouted, TimelineItem
from doorstep.domain.money import Money
from doorstep.domain.order import Order
from doorstep.domain.record import Moment, Record
from doorstep.domain.routing import Seen, Verdict
from doorstep.domain.rules import Sale, SourcingRules
from doorstep.domain.sourcing import Case


class Outcome(Record):
    """What a plan comes to, or many of them."""

    cost: int
    """In minor units of the rules' currency."""
    parcels: int
    splits: int
    """Parcels after the first of a decision."""
    km: int
    """Of all parcels."""
    late_days: int
    """By which parcels would be handed over later than promised, all together."""
    unfilled: int
    """Units that no location ships."""


class Comparison(Record):
    """One decision, as it was and as it would be."""

    order_id: str
    sequence: int
    """Of the decision in the order's timeline."""
    at: Moment
    channel: str
    rules: str
    """By which it was made."""
    cost_then: Money
    """By the rules of then."""
    before: Outcome
    after: Outcome
    plan_before: Mapping[str, Mapping[str, int]]
    plan_after: Mapping[str, Mapping[str, int]]
    actions: tuple[str, ...] = ()
    """What the other rules would do with the order besides, by name."""

    @property
    def differs(self) -> bool:
        return self.plan_before != self.plan_after


class SimulationPage(Record):
    """Some decisions, in the order in which they were made, and a cursor where there are more."""

    comparisons: tuple[Comparison, ...]
    left_out: int
    """Decisions that cannot be made again: too large to be kept whole, or made in parts."""
    after: str | None


class Summary(Record):
    """All decisions of a simulation together."""

    decisions: int
    differ: int
    stopped: int
    """Decisions on orders with which the other rules would do something besides."""
    before: Outcome
    after: Outcome

    @classmethod
    def of(cls, compared: Sequence[Comparison]) -> Self:
        return cls(
            decisions=len(compared),
            differ=sum(one.differs for one in compared),
            stopped=sum(bool(one.actions) for one in compared),
            before=_sum(one.before for one in compared),
            after=_sum(one.after for one in compared),
        )


def compare(
    order: Order,
    item: TimelineItem,
    rules: SourcingRules,
    locations: Sequence[Location],
    products: Mapping[str, Product],
) -> Comparison | None:
    """The decision of a timeline item against what these rules would decide.

    None where it was not kept whole, or a location or line of then is not known any more.
    """
    routed = OrderRouted.model_validate(item.data)
    seen = routed.seen
    places = {one.location_id for one in locations}
    lines = {line.line_id for line in order.lines}
    planned = sum(sum(units.values()) for units in routed.plan.values())
    shipped = sum(one.ships for one in routed.candidates)
    if seen is None or not seen.whole or planned != shipped:
        return None
    if not places.issuperset(routed.plan) or not lines.issuperset(seen.wanted):
        return None
    switched = {one.location_id: one.verdict is not Verdict.INACTIVE for one in routed.candidates}
    case = Case(
        _as_it_was(order, seen),
        [
            one.model_copy(update={"active": switched.get(one.location_id, one.active)})
            for one in locations
        ],
        {(sku, place): n for sku, there in seen.stock.items() for place, n in there.items()},
        rules,
        products,
        seen.late,
        seen.room,
    )
    sourcing, sale = case.sourced(), Sale.of(order)
    return Comparison(
        order_id=item.order_id,
        sequence=item.sequence,
        at=item.at,
        channel=order.channel,
        rules=routed.rules,
        cost_then=routed.cost,
        before=_outcome(case, seen, routed.plan),
        after=_outcome(case, seen, sourcing.plan),
        plan_before=routed.plan,
        plan_after=sourcing.plan,
        actions=tuple(action.name for action in rules.actions if action.orders.matches(sale)),
    )


def _as_it_was(order: Order, seen: Seen) -> Order:
    """The order with the units that waited for a location then."""
    lines = []
    short = seen.short
    for line in order.lines:
        wanted = seen.wanted.get(line.line_id, 0)
        lines.append(
            line.changed(
                ordered=max(1, wanted + short),
                canceled=0,
                backordered=short if wanted else 0,
                allocated=0 if wanted else max(1, short),
                excluded=seen.excluded.get(line.line_id, ()),
            )
        )
        short = 0 if wanted else short
    return order.changed(lines=tuple(lines))


def _outcome(case: Case, seen: Seen, plan: Mapping[str, Mapping[str, int]]) -> Outcome:
    return Outcome(
        cost=case.cost(plan),
        parcels=len(plan),
        splits=max(0, len(plan) - 1),
        km=case.km(plan),
        late_days=sum(seen.late.get(place, 0) for place in plan),
        unfilled=sum(seen.wanted.values()) - sum(sum(units.values()) for units in plan.values()),
    )


def _sum(outcomes: Iterable[Outcome]) -> Outcome:
    found = list(outcomes)
    return Outcome(
        **{name: sum(getattr(one, name) for one in found) for name in Outcome.model_fields}
    )
