"""Sourcing: which location ships which units of an order, at what cost, and why.

A pure function of the order, its candidate locations and the rules. What may not be is left out
(`Case`); all that speaks for or against the rest is money (`tariff`); `placement` finds the
cheapest plan. More units come before less money, less money before a lower priority number, and
that before the id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from doorstep.domain.catalog import MADE_TO_ORDER, PICKUP, SHIP, Location, LocationKind, Product
from doorstep.domain.eligibility import Eligibility
from doorstep.domain.geography import distance_km
from doorstep.domain.order import Line, LineKind, Order
from doorstep.domain.placement import Demand, Problem, Site, solve
from doorstep.domain.record import Record
from doorstep.domain.routing import Candidate, Seen, Verdict
from doorstep.domain.rules import Sale, SourcingRules
from doorstep.domain.ruling import Ruling, preferred
from doorstep.domain.tariff import Tariff


class Assignment(Record):
    """Units of one order line, shipped by one location."""

    line_id: str
    location_id: str
    quantity: int


class Sourcing(Record):
    """The answer: what goes where, what cannot go anywhere now, and who was considered."""

    assignments: tuple[Assignment, ...]
    unfilled: Mapping[str, int]
    """line id → units that no location can ship."""
    candidates: tuple[Candidate, ...]
    """The chosen first, then those that could have been, then those that could not."""
    rules: SourcingRules
    proven: bool
    """Whether nothing cheaper can exist; false where there were too many locations to be sure."""
    seen: Seen
    """What it was made from."""

    @property
    def plan(self) -> dict[str, dict[str, int]]:
        """Location id → line id → units."""
        found: dict[str, dict[str, int]] = {}
        for part in self.assignments:
            found.setdefault(part.location_id, {})[part.line_id] = part.quantity
        return found

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        return tuple(one for one in self.candidates if one.verdict is Verdict.CHOSEN)

    @property
    def split(self) -> int:
        """What the parcels after the first cost in trouble."""
        return self.rules.split * max(0, len(self.chosen) - 1)

    @property
    def cost(self) -> int:
        """What the plan costs in all, in minor units of the rules' currency."""
        return self.split + sum(one.costs.total for one in self.chosen if one.costs)

    @property
    def why(self) -> str:
        """One sentence for a person."""
        names = ", ".join(one.location_id for one in self.chosen)
        wanted = sum(part.quantity for part in self.assignments)
        if any(one.verdict is Verdict.INCOMPLETE for one in self.candidates):
            return "not everything can be shipped yet, and nothing is to go before"
        if not names:
            return "no location has it"
        if len(self.chosen) > 1 and not any(one.fills >= wanted for one in self.candidates):
            return f"no single location can ship everything: split over {names}"
        if len(self.chosen) > 1:
            return f"a split costs less than one parcel: {names}"
        if any(one.verdict is Verdict.COSTLIER for one in self.candidates):
            return f"{names} costs the least"
        return f"{names} is the only one that can ship it"


def source(
    order: Order,
    locations: Sequence[Location],
    stock: Mapping[tuple[str, str], int],
    rules: SourcingRules | None = None,
    *,
    products: Mapping[str, Product] | None = None,
    late_days: Mapping[str, int] | None = None,
    capacity: Mapping[str, int] | None = None,
) -> Sourcing:
    """Assign an order's unallocated units.

    `stock` maps (sku, location id) to available units; `products` tells weights and what goods
    require; `late_days` is by how many days a location would miss the promised handover;
    `capacity` is how many units a location can still ship.
    """
    return Case(
        order,
        locations,
        stock,
        rules or SourcingRules(),
        products or {},
        late_days or {},
        capacity or {},
    ).sourced()


class Case:
    """One order to be sourced, and everything that is known for it: `source` says what is what."""

    def __init__(
        self,
        order: Order,
        locations: Sequence[Location],
        stock: Mapping[tuple[str, str], int],
        rules: SourcingRules,
        products: Mapping[str, Product],
        late_days: Mapping[str, int],
        capacity: Mapping[str, int],
    ) -> None:
        self._order = order
        self._stock = stock
        self._rules = rules
        self._products = products
        self._late_days = late_days
        self._capacity = capacity
        self._wanted = [
            line for line in order.lines if line.unallocated and line.kind is not LineKind.DIGITAL
        ]
        to = order.shipping_address
        self._km = km = {one.location_id: distance_km(one, to) for one in locations}
        self._locations = preferred(locations, order, rules.sorts, stock, km, capacity)
        self._eligibility = Eligibility(Sale.of(order), rules, locations, products)
        self._ruling = Ruling(order, rules, locations, stock, products, km)
        self._tariff = Tariff(order, rules, km, products, late_days, self._ruling)
        self._barred = {
            (one.location_id, line.line_id): self._bar(one, line)
            for one in locations
            for line in self._wanted
        }
        self._fills = {one.location_id: self._filled(one) for one in locations}
        self._refusals = {one.location_id: self._refusal(one) for one in locations}
        self.able = [one for one in self._locations if not self._refusals[one.location_id]]

    def sourced(self) -> Sourcing:
        """The best plan, and why."""
        plan = solve(self.problem)
        taken: dict[tuple[str, str], int] = {}
        for (group, site), units in sorted(plan.units.items()):
            for line in self.groups[group]:
                given = sum(taken.get((line.line_id, one.location_id), 0) for one in self.able)
                if share := min(units, line.unallocated - given):
                    taken[line.line_id, self.able[site].location_id] = share
                    units -= share
        return self.answer(taken, proven=plan.proven)

    def cost(self, plan: Mapping[str, Mapping[str, int]]) -> int:
        """What it costs by these rules to ship so many units, by location and line."""
        places = {one.location_id: one for one in self._locations}
        costs = [self._tariff.costs(places[place], units) for place, units in plan.items()]
        return sum(one.total for one in costs) + self._rules.split * max(0, len(plan) - 1)

    def km(self, places: Iterable[str]) -> int:
        """The kilometers of a parcel from each of them, as far as they are known."""
        return sum(self._km[place] or 0 for place in places)

    @cached_property
    def groups(self) -> list[list[Line]]:
        """Lines that are one and the same demand: of one SKU, from the same locations."""
        found: dict[object, list[Line]] = {}
        for line in self._wanted:
            alone = self._rules.whole_lines or not line.tracked
            places = tuple(one.location_id for one in self.able if self._may(one, line))
            same = (line.sku, line.kind, places)
            found.setdefault(line.line_id if alone else same, []).append(line)
        return list(found.values())

    @property
    def problem(self) -> Problem:
        skus = {line.sku for line in self._wanted}
        return Problem(
            sites=[
                Site(self._tariff.opening(one).total + self._rules.split, self._room(one))
                for one in self.able
            ],
            demands=[
                Demand(
                    units=sum(line.unallocated for line in lines),
                    pool=lines[0].sku if lines[0].tracked else None,
                    costs={
                        site: self._tariff.unit(one, lines[0])
                        for site, one in enumerate(self.able)
                        if self._may(one, lines[0])
                    },
                )
                for lines in self.groups
            ],
            stock={
                (sku, site): self._stock.get((sku, one.location_id), 0)
                for site, one in enumerate(self.able)
                for sku in skus
                if sku
            },
            most_sites=self._rules.most_locations,
            whole=self._rules.whole_lines,
        )

    def answer(self, taken: Mapping[tuple[str, str], int], *, proven: bool) -> Sourcing:
        """The plan in the words of the order, and a verdict on every location."""
        short = sum(taken.values()) < sum(line.unallocated for line in self._wanted)
        backordered = any(line.backordered for line in self._order.lines)
        waits = self._rules.complete and bool(taken) and (short or backordered)
        goes = {} if waits else taken
        left = {line.line_id: line.unallocated for line in self._wanted}
        for (line_id, _), units in goes.items():
            left[line_id] -= units
        candidates = [self._judged(one, taken, waits=waits) for one in self._locations]
        return Sourcing(
            assignments=tuple(
                Assignment(line_id=line_id, location_id=location_id, quantity=units)
                for (line_id, location_id), units in goes.items()
            ),
            unfilled={line_id: units for line_id, units in left.items() if units},
            candidates=tuple(sorted(candidates, key=_likeliest)),
            rules=self._rules,
            proven=proven,
            seen=self._seen,
        )

    @property
    def _seen(self) -> Seen:
        stock: dict[str, dict[str, int]] = {}
        for line in self._wanted:
            if line.sku and line.tracked and line.sku not in stock:
                there = {
                    one.location_id: self._stock.get((line.sku, one.location_id), 0)
                    for one in self._locations
                }
                stock[line.sku] = {place: units for place, units in there.items() if units > 0}
        return Seen(
            wanted={line.line_id: line.unallocated for line in self._wanted},
            excluded={line.line_id: line.excluded for line in self._wanted if line.excluded},
            short=sum(line.backordered for line in self._order.lines),
            stock=stock,
            late={place: days for place, days in self._late_days.items() if days > 0},
            room=dict(self._capacity),
        )

    def _judged(
        self, one: Location, taken: Mapping[tuple[str, str], int], *, waits: bool
    ) -> Candidate:
        here = {line_id: units for (line_id, at), units in taken.items() if at == one.location_id}
        fills = self._fills[one.location_id]
        verdict = self._refusals[one.location_id] or Verdict.COSTLIER
        if here:
            verdict = Verdict.INCOMPLETE if waits else Verdict.CHOSEN
        return Candidate(
            location_id=one.location_id,
            verdict=verdict,
            km=self._km[one.location_id],
            fills=sum(fills.values()),
            ships=0 if waits else sum(here.values()),
            costs=self._tariff.costs(one, here or fills) if fills else None,
            rules=self._named(one, verdict, here or fills),
        )

    def _named(self, one: Location, verdict: Verdict, units: Iterable[str]) -> tuple[str, ...]:
        """The filters, or the charges, that made it what it is."""
        if verdict is Verdict.FILTERED:
            found = (self._barred[one.location_id, line.line_id] for line in self._wanted)
            return tuple(dict.fromkeys(name for name in found if name))
        return self._ruling.charged(one, [self._order.line(line_id) for line_id in units])

    def _refusal(self, one: Location) -> Verdict | None:
        """Why a location is out of the question."""
        refusal = self._eligibility.refusal(one.location_id)
        asked = [line for line in self._wanted if one.location_id not in line.excluded]
        reasons = {
            Verdict.INACTIVE: not one.active,
            Verdict.KIND: refusal is Verdict.KIND,
            Verdict.TOO_FAR: refusal is Verdict.TOO_FAR,
            Verdict.EXCLUDED: not asked,
            Verdict.UNABLE: not any(self._able(one, line) for line in asked),
            Verdict.FILTERED: not any(self._may(one, line) for line in asked),
            Verdict.FULL: self._room(one) == 0,
            Verdict.OUT_OF_STOCK: not self._fills[one.location_id],
        }
        return next((verdict for verdict, applies in reasons.items() if applies), None)

    def _may(self, one: Location, line: Line) -> bool:
        """Whether a location is asked for a line, whatever it has in stock."""
        return self._barred[one.location_id, line.line_id] is None

    def _bar(self, one: Location, line: Line) -> str | None:
        """What keeps a location from a line: a filter by its name, else nothing that has one."""
        if one.location_id in line.excluded or not self._able(one, line):
            return ""
        return self._eligibility.filtered(one.location_id, line)

    def _able(self, one: Location, line: Line) -> bool:
        """Whether it can make it, and ship it or hand it over."""
        product = self._products.get(line.sku or "")
        skills = product.skills if product else {SHIP}
        if line.kind is LineKind.MADE_TO_ORDER:
            skills |= {MADE_TO_ORDER}
        if pickup := self._order.pickup:
            if one.location_id == pickup.location_id:
                skills = skills - {SHIP} | {PICKUP}
            elif one.kind is LocationKind.DROP_SHIP:  # it does not know our stores
                return False
        return skills <= one.skills

    def _filled(self, one: Location) -> dict[str, int]:
        """Units by line that a location could ship if it shipped all that it can."""
        filled: dict[str, int] = {}
        left: dict[str, int] = {}
        room = self._room(one)
        for line in self._wanted:
            units = line.unallocated if self._may(one, line) else 0
            if line.tracked and line.sku:
                has = left.get(line.sku, self._stock.get((line.sku, one.location_id), 0))
                units = min(units, has)
            if room is not None:
                units = min(units, room - sum(filled.values()))
            if self._rules.whole_lines and units < line.unallocated:
                units = 0
            if units > 0:
                filled[line.line_id] = units
                if line.tracked and line.sku:
                    left[line.sku] = has - units
        return filled

    def _room(self, one: Location) -> int | None:
        room = self._capacity.get(one.location_id)
        return None if room is None else max(0, room)


def _likeliest(one: Candidate) -> tuple[object, ...]:
    """How near a candidate came to being chosen."""
    cost = one.costs.total if one.costs else 0
    return list(Verdict).index(one.verdict), -one.fills, cost, one.location_id
