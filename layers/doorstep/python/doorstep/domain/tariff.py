"""What shipping an order from a location costs, term by term, under the rules of sourcing.

A location that ships costs once (`opening`), and every unit costs by itself (`unit`): so the cost
of a plan is a plain sum, which is what makes the cheapest one findable.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain.catalog import Location, Product
from doorstep.domain.order import Line, Order
from doorstep.domain.routing import Costs, SourcingRules


class Tariff:
    """The costs of one order. `km` has the distance of every location, None where it is unknown."""

    def __init__(
        self,
        order: Order,
        rules: SourcingRules,
        km: Mapping[str, int | None],
        products: Mapping[str, Product],
        late_days: Mapping[str, int],
        markdown: Mapping[tuple[str, str], int],
    ) -> None:
        self._order = order
        self._rules = rules
        self._zones = {location_id: rules.zone(distance) for location_id, distance in km.items()}
        self._products = products
        self._late_days = late_days
        self._markdown = markdown

    def opening(self, one: Location) -> Costs:
        """What a parcel costs from there before anything is in it."""
        rules, to = self._rules, self._order.shipping_address
        abroad = to is not None and to.country is not None and to.country != one.address.country
        return Costs(
            parcel=self._zones[one.location_id].parcel,
            weight=0,
            border=rules.border if abroad else 0,
            handling=rules.handling_parcel if one.parcel_cost is None else one.parcel_cost,
            late=rules.late_day * max(0, self._late_days.get(one.location_id, 0)),
            markdown=0,
        )

    def unit(self, one: Location, line: Line) -> int:
        """What each unit of a line costs from there besides."""
        return self._carriage(one, line) + self._handling(one) + self._lost(one, line)

    def costs(self, one: Location, units: Mapping[str, int]) -> Costs:
        """What so many units by line cost from there in all."""
        opening = self.opening(one)
        lines = [(self._order.line(line_id), number) for line_id, number in units.items()]
        return opening.model_copy(
            update={
                "weight": sum(self._carriage(one, line) * number for line, number in lines),
                "handling": opening.handling + self._handling(one) * sum(units.values()),
                "markdown": sum(self._lost(one, line) * number for line, number in lines),
            }
        )

    def _carriage(self, one: Location, line: Line) -> int:
        """A unit's share of the postage: by its weight, rounded up."""
        product = self._products.get(line.sku or "")
        per_kg = self._zones[one.location_id].per_kg
        return -(-(product.weight_grams if product else 0) * per_kg // 1000)

    def _handling(self, one: Location) -> int:
        return self._rules.handling_unit if one.unit_cost is None else one.unit_cost

    def _lost(self, one: Location, line: Line) -> int:
        """What is lost where it stays unsold the worst, because a unit is taken here instead."""
        losses = {place: lost for (sku, place), lost in self._markdown.items() if sku == line.sku}
        return max(losses.values(), default=0) - losses.get(one.location_id, 0)
