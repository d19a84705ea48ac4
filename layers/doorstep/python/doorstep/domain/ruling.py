"""The rules as they apply to one order: what they charge, and what is preferred of equals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from doorstep.domain.catalog import Location, Product
from doorstep.domain.order import Line, Order
from doorstep.domain.rules import Charge, GoodsMatch, Sale, Sort, SourcingRules


class _Applied(NamedTuple):
    """A charge, with the lines and the locations of this order that it is about."""

    rule: Charge
    lines: set[str]
    places: set[str]

    def about(self, one: Location, line: Line) -> bool:
        return one.location_id in self.places and line.line_id in self.lines


class Ruling:
    """Only rules that concern this order; `stock` maps (SKU, location id) to available units, `km`
    has the distance of every location, None where it is unknown.
    """

    def __init__(
        self,
        order: Order,
        rules: SourcingRules,
        locations: Sequence[Location],
        stock: Mapping[tuple[str, str], int],
        products: Mapping[str, Product],
        km: Mapping[str, int | None],
    ) -> None:
        self._order = order
        self._stock = stock
        self._products = products
        self._km = km
        self._wanted: Counter[str | None] = Counter()
        for line in order.lines:
            self._wanted[line.sku] += line.unallocated
        sale = Sale.of(order)
        self._charges = [
            _Applied(rule, self._lines(rule.goods), self._dearer(locations, rule))
            for rule in rules.charges
            if rule.orders.matches(sale)
        ]
        self._lost = self._markdowns(order, rules, locations) if rules.markdowns else {}

    def parcel(self, one: Location) -> int:
        """What is charged for a parcel from there."""
        return sum(known.rule.parcel for known in self._charges if one.location_id in known.places)

    def unit(self, one: Location, line: Line) -> int:
        """What is charged for a unit of a line from there."""
        return sum(known.rule.unit for known in self._charges if self._charged(known, one, line))

    def charged(self, one: Location, lines: Sequence[Line]) -> tuple[str, ...]:
        """The names of the charges on a parcel with these lines."""
        return tuple(
            known.rule.name
            for known in self._charges
            if (known.rule.parcel and one.location_id in known.places)
            or any(self._charged(known, one, line) for line in lines)
        )

    def lost(self, one: Location, line: Line) -> int:
        """What is lost where a unit stays unsold the worst, because one is taken here instead."""
        losses = self._lost.get(line.sku or "", {})
        return max(losses.values(), default=0) - losses.get(one.location_id, 0)

    def _markdowns(
        self, order: Order, rules: SourcingRules, locations: Sequence[Location]
    ) -> dict[str, dict[str, int]]:
        """SKU → location id → what a unit that stays there is going to lose."""
        found: dict[str, dict[str, int]] = {}
        to = order.shipping_address
        for line in order.lines:
            if not line.sku or line.sku in found:
                continue
            product = self._products.get(line.sku)
            goods = [rule for rule in rules.markdowns if rule.goods.matches(line, product)]
            found[line.sku] = {
                one.location_id: lost
                for one in locations
                if self._stock.get((line.sku, one.location_id), 0) > 0
                and (lost := sum(r.unit for r in goods if r.places.matches(one, to)))
            }
        return found

    def _lines(self, goods: GoodsMatch) -> set[str]:
        """The ids of the lines that a rule is about."""
        return {
            line.line_id
            for line in self._order.lines
            if goods.matches(line, self._products.get(line.sku or ""))
        }

    def _dearer(self, locations: Sequence[Location], rule: Charge) -> set[str]:
        """The ids of the locations from which it is charged."""
        to, beyond = self._order.shipping_address, rule.beyond_km

        def near(one: Location) -> bool:
            km = self._km[one.location_id]
            return beyond is not None and km is not None and km <= beyond

        return {
            one.location_id for one in locations if not near(one) and rule.places.matches(one, to)
        }

    def _charged(self, known: _Applied, one: Location, line: Line) -> bool:
        """Whether a unit of a line costs more there."""
        floor = known.rule.leaves_below
        if not known.rule.unit or not known.about(one, line):
            return False
        left = self._stock.get((line.sku or "", one.location_id), 0) - self._wanted[line.sku]
        return floor is None or (line.tracked and left < floor)


def preferred(
    locations: Sequence[Location],
    order: Order,
    sorts: Sequence[Sort],
    stock: Mapping[tuple[str, str], int],
    km: Mapping[str, int | None],
    capacity: Mapping[str, int],
) -> list[Location]:
    """Locations as equals are preferred: by the sorts, then by priority and id."""
    skus = {line.sku for line in order.lines if line.sku and line.unallocated}

    def units(one: Location) -> int:
        return sum(stock.get((sku, one.location_id), 0) for sku in skus)

    def distance(one: Location) -> float:
        known = km[one.location_id]
        return float("inf") if known is None else known

    def room(one: Location) -> float:
        return capacity.get(one.location_id, float("inf"))

    ways: dict[Sort, Callable[[Location], float]] = {
        Sort.PRIORITY: lambda one: one.priority,
        Sort.NEAREST: distance,
        Sort.MOST_STOCK: lambda one: -units(one),
        Sort.LEAST_STOCK: units,
        Sort.MOST_CAPACITY: lambda one: -room(one),
    }
    keys = [ways[sort] for sort in (*sorts, Sort.PRIORITY)]
    return sorted(locations, key=lambda one: (*(key(one) for key in keys), one.location_id))
