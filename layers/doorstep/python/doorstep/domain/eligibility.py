"""Which locations may ship which goods, whatever it costs: the hard constraints of the rules.

The same for an order that is routed and for a cart that is promised: kinds, distance and filters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doorstep.domain.catalog import Location, Product
from doorstep.domain.geography import distance_km
from doorstep.domain.routing import Verdict
from doorstep.domain.rules import Goods, Sale, SourcingRules


class Eligibility:
    """Only rules that concern this sale; `products` tells what conditions on goods look at."""

    def __init__(
        self,
        sale: Sale,
        rules: SourcingRules,
        locations: Sequence[Location],
        products: Mapping[str, Product],
    ) -> None:
        self._products = products
        self._ids = frozenset(one.location_id for one in locations)
        self._refused = {
            one.location_id: verdict
            for one in locations
            if (verdict := _refusal(one, sale, rules)) is not None
        }
        self._filters = [
            (rule, frozenset(one.location_id for one in locations if rule.bars(one, sale.to)))
            for rule in rules.filters
            if rule.orders.matches(sale)
        ]

    def refusal(self, location_id: str) -> Verdict | None:
        """Why a location is out of the question for everything: its kind, or its distance."""
        return self._refused.get(location_id)

    def filtered(self, location_id: str, goods: Goods) -> str | None:
        """The name of the filter that keeps a location from shipping these goods."""
        product = self._products.get(goods.sku or "")
        return next(
            (
                rule.name
                for rule, places in self._filters
                if location_id in places and rule.goods.matches(goods, product)
            ),
            None,
        )

    def barred(self, goods: Goods) -> frozenset[str]:
        """The locations that may not ship these goods."""
        filtered = {one for one in self._ids if self.filtered(one, goods)} if self._filters else ()
        return frozenset(self._refused).union(filtered)


def _refusal(one: Location, sale: Sale, rules: SourcingRules) -> Verdict | None:
    if one.kind not in rules.kinds:
        return Verdict.KIND
    km = None if rules.most_km is None else distance_km(one, sale.to)
    far = km is not None and rules.most_km is not None and km > rules.most_km
    return Verdict.TOO_FAR if far else None
