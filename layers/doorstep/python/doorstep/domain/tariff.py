"""What shipping an order from a location costs, term by term, under the rules of sourcing.

A location that ships costs once (`opening`), and every unit costs by itself (`unit`): so the cost
of a plan is a plain sum, which is what makes the cheapest one findable.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain.catalog import Location, Product
from doorstep.domain.order import Line, Order
from doorstep.domain.routing import Costs
from doorstep.domain.rules import SourcingRules, is_abroad
from doorstep.domain.ruling import Ruling


class Tariff:
    """The costs of one order. `km` has the distance of every location, None where it is unknown."""

    def __init__(
        self,
        order: Order,
        rules: SourcingRules,
        km: Mapping[str, int | None],
        products: Mapping[str, Product],
        late_days: Mapping[str, int],
        ruling: Ruling,
    ) -> None:
        self._order = order
        self._rules = rules
        self._zones = {location_id: rules.zone(distance) for location_id, distance in km.items()}
        self._products = products
        self._late_days = late_days
        self._ruling = ruling

    def opening(self, one: Location) -> Costs:
        """What a parcel costs from there before anything is in it."""
        rules, abroad = self._rules, is_abroad(one, self._order.shipping_address)
        return Costs(
            parcel=0 if self._hands_over(one) else self._zones[one.location_id].parcel,
            weight=0,
            border=rules.border if abroad else 0,
            handling=rules.handling_parcel if one.parcel_cost is None else one.parcel_cost,
            late=rules.late_day * max(0, self._late_days.get(one.location_id, 0)),
            markdown=0,
            charges=self._ruling.parcel(one),
        )

    def unit(self, one: Location, line: Line) -> int:
        """What each unit of a line costs from there besides."""
        ruling = self._ruling
        lost, charged = ruling.lost(one, line), ruling.unit(one, line)
        return self._carriage(one, line) + self._handling(one) + lost + charged

    def costs(self, one: Location, units: Mapping[str, int]) -> Costs:
        """What so many units by line cost from there in all."""
        opening = self.opening(one)
        lines = [(self._order.line(line_id), number) for line_id, number in units.items()]
        return opening.model_copy(
            update={
                "weight": sum(self._carriage(one, line) * number for line, number in lines),
                "handling": opening.handling + self._handling(one) * sum(units.values()),
                "markdown": sum(self._ruling.lost(one, line) * number for line, number in lines),
                "charges": opening.charges
                + sum(self._ruling.unit(one, line) * number for line, number in lines),
            }
        )

    def _hands_over(self, one: Location) -> bool:
        """Whether the customer collects there: nothing travels."""
        pickup = self._order.pickup
        return pickup is not None and pickup.location_id == one.location_id

    def _carriage(self, one: Location, line: Line) -> int:
        """A unit's share of the postage: by its weight, rounded up."""
        product = self._products.get(line.sku or "")
        per_kg = self._zones[one.location_id].per_kg
        return -(-(product.weight_grams if product else 0) * per_kg // 1000)

    def _handling(self, one: Location) -> int:
        return self._rules.handling_unit if one.unit_cost is None else one.unit_cost
