"""The cheapest way to ship units from sites, in whole numbers: branch and bound.

Every open site costs once, every unit costs by where it comes from, and a unit that nobody ships
costs more than anything else. Which sites open is the hard part: that is searched, with a lower
bound from a relaxation that pays each opening in shares, one share with every unit. Once the sites
are known the units follow: each demand for itself where that asks no shelf for too much, else by
`flow` (or by packing, where demands must stay whole).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from doorstep.domain.flow import cheapest_flow

EXACT_SITES = 12
EXACT_DEMANDS = 20
"""Up to this size the search runs to its end and the plan is the cheapest there is."""

_EFFORT = 60_000
"""Beyond it, how many pairs of demand and site are looked at before the best so far must do,"""

_TRIES = 2_000
"""and how many ways to change it by one site are tried then."""


class Site(NamedTuple):
    """A place that may open, for a cost, and ship so many units in all."""

    opening: int
    capacity: int | None = None


class Demand(NamedTuple):
    """Units that come from one pool of stock; `costs` has the sites that may ship one, and for how
    much.

    No cost is below zero.
    """

    units: int
    pool: str | None
    costs: Mapping[int, int]


class Problem(NamedTuple):
    """Sites are in the order in which equals are preferred.

    `stock` maps (pool, site) to units; `whole` forbids to split a demand, or to ship a part of it.
    """

    sites: Sequence[Site]
    demands: Sequence[Demand]
    stock: Mapping[tuple[str, int], int]
    most_sites: int | None = None
    whole: bool = False


class Plan(NamedTuple):
    """(demand, site) → units, what that costs, and whether nothing cheaper can exist."""

    units: Mapping[tuple[int, int], int]
    cost: int
    proven: bool


def solve(problem: Problem) -> Plan:
    """The plan that ships the most units; of those the cheapest; of those the most preferred."""
    search = _Search(problem)
    small = len(problem.sites) <= EXACT_SITES and len(problem.demands) <= EXACT_DEMANDS
    pairs = max(1, len(problem.sites) * len(problem.demands))
    proven = search.run(None if small else max(20, _EFFORT // pairs))
    if not proven:
        search.improve(_TRIES)
    units = search.best_units
    cost = sum(problem.demands[i].costs[j] * number for (i, j), number in units.items())
    cost += sum(problem.sites[j].opening for j in {j for _, j in units})
    return Plan(units, cost, proven)


class _Search:
    """Costs are scaled so that, below the last unit of money, they count preference too."""

    def __init__(self, problem: Problem) -> None:
        sites, demands = problem.sites, problem.demands
        self._problem = problem
        self._most = len(sites) if problem.most_sites is None else problem.most_sites
        everything = sum(demand.units for demand in demands)
        scale = 1 + len(sites) * (len(sites) + everything)
        self._opening = [site.opening * scale + rank for rank, site in enumerate(sites)]
        self._reach = [
            {j: n for j in demand.costs if (n := self._reachable(demand, j))} for demand in demands
        ]
        self._offers = [
            sorted((cost * scale + j, j) for j, cost in demand.costs.items() if j in reach)
            for demand, reach in zip(demands, self._reach, strict=True)
        ]
        dearest = max((cost for offers in self._offers for cost, _ in offers), default=0)
        self._unfilled = 1 + sum(self._opening) + everything * dearest
        self._known: set[frozenset[int]] = set()
        self.best = everything * self._unfilled + 1
        self.best_units: Mapping[tuple[int, int], int] = {}
        self._best_sites: frozenset[int] = frozenset()

    def run(self, nodes: int | None) -> bool:
        """Search depth first, likely sites first; false where the nodes did not suffice."""
        everywhere = frozenset(j for reach in self._reach for j in reach)
        stack = [(frozenset[int](), everywhere)]
        while stack:
            if nodes is not None and (nodes := nodes - 1) < 0:
                return False
            opened, maybe = stack.pop()
            if len(opened) == self._most:
                maybe = frozenset()
            bound, used = self._relaxed(opened, maybe)
            if bound >= self.best:
                continue
            by_use = sorted(used, key=lambda j: (j not in opened, -used[j], j))
            self._try(frozenset(by_use[: self._most]))
            undecided = [j for j in by_use if j in maybe] or sorted(maybe)
            if bound < self.best and undecided:
                j = undecided[0]
                stack.append((opened, maybe - {j}))
                stack.append((opened | {j}, maybe - {j}))
        return True

    def improve(self, tries: int) -> None:
        """Drop, swap or add one site for as long as that helps and there are tries left."""
        everywhere = sorted({j for reach in self._reach for j in reach})
        helped = True
        while helped:
            before = self._best_sites
            for sites in self._neighbors(before, everywhere):
                self._try(sites)
                tries -= 1
                helped = self._best_sites != before
                if helped or not tries:
                    break
            helped = helped and tries > 0

    def _neighbors(
        self, sites: frozenset[int], everywhere: Sequence[int]
    ) -> Iterator[frozenset[int]]:
        """These sites without one, with one for another, with one more."""
        others = [j for j in everywhere if j not in sites]
        yield from (sites - {i} for i in sorted(sites))
        yield from (sites - {i} | {j} for i in sorted(sites) for j in others)
        if len(sites) < self._most:
            yield from (sites | {j} for j in others)

    def _reachable(self, demand: Demand, site: int) -> int:
        limits = [demand.units]
        if demand.pool is not None:
            limits.append(self._problem.stock.get((demand.pool, site), 0))
        if (capacity := self._problem.sites[site].capacity) is not None:
            limits.append(capacity)
        units = max(0, min(limits))
        return 0 if self._problem.whole and units < demand.units else units

    def _relaxed(self, opened: frozenset[int], maybe: frozenset[int]) -> tuple[int, dict[int, int]]:
        """A cost that no plan within these sites can beat, and the units that each would ship.

        Demands do not get in each other's way here, and an undecided site is paid with the units
        that it ships: at the most its opening in all, spread over what the opened ones lack.
        """
        lacking = []
        weight = dict.fromkeys(maybe, 0)
        for demand, reach in zip(self._problem.demands, self._reach, strict=True):
            lack = max(0, demand.units - sum(reach[j] for j in opened if j in reach))
            lacking.append(lack)
            if lack:
                for j, units in reach.items():
                    if j in weight:
                        weight[j] += min(lack, units)
        share = {j: self._opening[j] // self._most_from(j, weight[j]) for j in maybe if weight[j]}
        bound = sum(self._opening[j] for j in opened)
        used = dict.fromkeys(opened, 0)
        for demand, reach, offers, lack in zip(
            self._problem.demands, self._reach, self._offers, lacking, strict=True
        ):
            here = []
            for cost, j in offers:
                if j in opened or (j in maybe and not lack):
                    here.append((cost, j))
                elif j in maybe:
                    part = share[j] if reach[j] <= lack else share[j] * lack // reach[j]
                    here.append((cost + part, j))
            here.sort()
            left = demand.units
            for cost, j in here:
                units = min(left, reach[j])
                used[j] = used.get(j, 0) + units
                bound += cost * units
                left -= units
                if not left:
                    break
            bound += left * self._unfilled
            if bound >= self.best:
                break
        return bound, used

    def _most_from(self, site: int, units: int) -> int:
        capacity = self._problem.sites[site].capacity
        return units if capacity is None else min(units, capacity)

    def _try(self, sites: frozenset[int]) -> None:
        """Remember the plan for these sites if it is the best so far."""
        if sites in self._known:
            return
        units = self._each_for_itself(sites)
        unused = sites - {j for _, j in units}
        if self._cost(units) + sum(self._opening[j] for j in unused) >= self.best:
            return  # as none does that uses them all; one that uses fewer is tried with fewer
        if not self._fits(units):
            units = self._packed(sites) if self._problem.whole else self._flowing(sites)
        self._known.add(sites)
        if (cost := self._cost(units)) < self.best:
            self.best, self.best_units = cost, units
            self._best_sites = frozenset(j for _, j in units)

    def _cost(self, units: Mapping[tuple[int, int], int]) -> int:
        left = sum(demand.units for demand in self._problem.demands) - sum(units.values())
        unit_costs = [{j: cost for cost, j in offers} for offers in self._offers]
        return (
            left * self._unfilled
            + sum(self._opening[j] for j in {j for _, j in units})
            + sum(unit_costs[i][j] * number for (i, j), number in units.items())
        )

    def _each_for_itself(self, sites: frozenset[int]) -> dict[tuple[int, int], int]:
        units = {}
        for i, demand in enumerate(self._problem.demands):
            left = demand.units
            for _, j in self._offers[i]:
                if left and j in sites:
                    units[i, j] = min(left, self._reach[i][j])
                    left -= units[i, j]
        return units

    def _fits(self, units: Mapping[tuple[int, int], int]) -> bool:
        """Whether the demands together ask no pool and no site for more than it has."""
        asked: dict[tuple[str | None, int], int] = {}
        for (i, j), number in units.items():
            for key in {(self._problem.demands[i].pool, j), (None, j)}:
                asked[key] = asked.get(key, 0) + number
        return all(number <= self._limit(*key, number) for key, number in asked.items())

    def _limit(self, pool: str | None, site: int, unlimited: int) -> int:
        """What a pool has at a site or, of no pool, what the site can ship in all."""
        if pool is not None:
            return self._problem.stock.get((pool, site), 0)
        capacity = self._problem.sites[site].capacity
        return unlimited if capacity is None else capacity

    def _flowing(self, sites: Iterable[int]) -> dict[tuple[int, int], int]:
        """Units over demand → shelf → site, as a flow of the least cost."""
        everything = sum(demand.units for demand in self._problem.demands)
        arcs: list[tuple[Hashable, Hashable, int, int]] = []
        shelves: dict[tuple[str | int, int], int] = {}
        for i, demand in enumerate(self._problem.demands):
            arcs.append(("from", i, demand.units, 0))
            for cost, j in self._offers[i]:
                if j in sites:
                    shelf = (i if demand.pool is None else demand.pool, j)
                    own = demand.pool is None
                    shelves[shelf] = demand.units if own else self._limit(demand.pool, j, 0)
                    arcs.append((i, shelf, self._reach[i][j], cost - self._unfilled))
        arcs += [(shelf, ("site", shelf[1]), room, 0) for shelf, room in shelves.items()]
        arcs += [(("site", j), "to", self._limit(None, j, everything), 0) for j in sorted(sites)]
        carried = cheapest_flow(arcs, "from", "to")
        return {
            (tail, head[1]): units
            for (tail, head), units in carried.items()
            if isinstance(tail, int) and isinstance(head, tuple) and units
        }

    def _packed(self, sites: frozenset[int]) -> dict[tuple[int, int], int]:
        """Every demand to one site or none, the first way that is cheapest; tried out in full."""
        demands = self._problem.demands
        order = sorted(range(len(demands)), key=lambda i: (-demands[i].units, i))
        offers = [
            [(c - self._unfilled, j) for c, j in self._offers[i] if j in sites] for i in order
        ]
        hopes = [
            min([0, *(c for c, _ in all_)]) * demands[i].units
            for i, all_ in zip(order, offers, strict=True)
        ]
        best: tuple[int, dict[tuple[int, int], int]] = (1, {})

        def pack(depth: int, cost: int, units: dict[tuple[int, int], int]) -> None:
            nonlocal best
            if cost + sum(hopes[depth:]) >= best[0] or not self._fits(units):
                return
            if depth == len(order):
                best = (cost, units)
                return
            i = order[depth]
            for unit_cost, j in offers[depth]:
                number = demands[i].units
                pack(depth + 1, cost + unit_cost * number, {**units, (i, j): number})
            pack(depth + 1, cost, units)

        pack(0, 0, {})
        return best[1]
