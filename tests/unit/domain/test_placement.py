"""Placement: never dearer than trying everything out, nor than what a MILP solver finds."""

from __future__ import annotations

import random
from itertools import product
from typing import NamedTuple

import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.domain.placement import Demand, Plan, Problem, Site, solve

SHELVES = ("MUG", "CUP", None)

costs = st.integers(0, 5)
sites = st.builds(Site, st.integers(0, 20), st.none() | st.integers(0, 4))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Small enough to try out every way to ship it."""
    places = draw(st.lists(sites, min_size=1, max_size=3))
    reach = st.dictionaries(st.integers(0, len(places) - 1), costs)
    demands = st.builds(Demand, st.integers(1, 3), st.sampled_from(SHELVES), reach)
    keys = st.tuples(st.sampled_from(["MUG", "CUP"]), st.integers(0, len(places) - 1))
    return Problem(
        places,
        draw(st.lists(demands, min_size=1, max_size=3)),
        draw(st.dictionaries(keys, st.integers(0, 4))),
        draw(st.none() | st.integers(1, 2)),
        draw(st.booleans()),
    )


class Worth(NamedTuple):
    """What counts, in this order: smaller is better."""

    unshipped: int
    cost: int


def worth(problem: Problem, plan: Plan) -> Worth:
    wanted = sum(demand.units for demand in problem.demands)
    return Worth(wanted - sum(plan.units.values()), plan.cost)


def faults(problem: Problem, units: dict[tuple[int, int], int]) -> list[str]:
    """Every hard constraint that a plan breaks."""
    found = []
    for (i, j), number in units.items():
        demand = problem.demands[i]
        if number < 1 or j not in demand.costs:
            found.append(f"demand {i} may not ship {number} from {j}")
        if problem.whole and number != demand.units:
            found.append(f"demand {i} is not whole")
        if demand.pool is not None:
            asked = sum(
                n
                for (k, at), n in units.items()
                if (problem.demands[k].pool, at) == (demand.pool, j)
            )
            if asked > problem.stock.get((demand.pool, j), 0):
                found.append(f"{demand.pool} at {j} is oversold")
    for i, demand in enumerate(problem.demands):
        if sum(n for (k, _), n in units.items() if k == i) > demand.units:
            found.append(f"demand {i} gets too much")
    for j, site in enumerate(problem.sites):
        shipped = sum(n for (_, at), n in units.items() if at == j)
        if site.capacity is not None and shipped > site.capacity:
            found.append(f"site {j} is overloaded")
    if problem.most_sites is not None and len({j for _, j in units}) > problem.most_sites:
        found.append("too many sites")
    return found


def cost_of(problem: Problem, units: dict[tuple[int, int], int]) -> int:
    opened = {j for _, j in units}
    return sum(problem.sites[j].opening for j in opened) + sum(
        problem.demands[i].costs[j] * number for (i, j), number in units.items()
    )


def tried_out(problem: Problem) -> Worth:
    """The best of all plans there are."""
    ways = []
    for i, demand in enumerate(problem.demands):
        places = sorted(demand.costs)
        ways.append(
            [
                {(i, j): number for j, number in zip(places, numbers, strict=True) if number}
                for numbers in product(range(demand.units + 1), repeat=len(places))
                if sum(numbers) <= demand.units
            ]
        )
    plans = [{k: n for part in way for k, n in part.items()} for way in product(*ways)]
    return min(
        worth(problem, Plan(units, cost_of(problem, units), proven=True))
        for units in plans
        if not faults(problem, units)
    )


@settings(max_examples=150, deadline=None)
@given(problems())
def test_no_plan_there_is_is_better(problem: Problem) -> None:
    plan = solve(problem)
    assert faults(problem, dict(plan.units)) == []
    assert plan.cost == cost_of(problem, dict(plan.units))
    assert plan.proven
    assert worth(problem, plan) == tried_out(problem)
    assert solve(problem) == plan


def random_problem(seed: int, places: int, lines: int) -> Problem:
    """As orders are: a few units of each line, stock here and there, some sites nearly full."""
    chance = random.Random(seed)  # noqa: S311
    pools = [f"SKU-{number}" for number in range(max(1, lines - 1))]
    return Problem(
        [
            Site(chance.choice((390, 450, 590, 1_200)), chance.choice((None, None, 5)))
            for _ in range(places)
        ],
        [
            Demand(
                chance.randint(1, 4),
                pools[number % len(pools)],
                {j: chance.randint(20, 200) for j in range(places) if chance.random() < 0.9},
            )
            for number in range(lines)
        ],
        {(pool, j): chance.choice((0, 0, 1, 2, 5)) for pool in pools for j in range(places)},
        chance.choice((None, None, 2, 3)),
        chance.random() < 0.3,
    )


def solved_by_cbc(problem: Problem) -> Worth:
    """The same problem as a mixed integer linear program."""
    program = pulp.LpProblem("placement", pulp.LpMinimize)
    opened = [pulp.LpVariable(f"open_{j}", cat=pulp.LpBinary) for j in range(len(problem.sites))]
    shipped = {
        (i, j): pulp.LpVariable(f"units_{i}_{j}", 0, demand.units, pulp.LpInteger)
        for i, demand in enumerate(problem.demands)
        for j in demand.costs
    }
    wanted = sum(demand.units for demand in problem.demands)
    unshipped = wanted - pulp.lpSum(shipped.values())
    cost = pulp.lpSum(site.opening * y for site, y in zip(problem.sites, opened, strict=True))
    cost += pulp.lpSum(problem.demands[i].costs[j] * x for (i, j), x in shipped.items())
    program += 100_000 * unshipped + cost
    for i, demand in enumerate(problem.demands):
        program += pulp.lpSum(x for (k, _), x in shipped.items() if k == i) <= demand.units
        for j in demand.costs:
            if problem.whole:
                goes = pulp.LpVariable(f"goes_{i}_{j}", cat=pulp.LpBinary)
                program += shipped[i, j] == demand.units * goes
            program += shipped[i, j] <= demand.units * opened[j]
    for (pool, j), units in problem.stock.items():
        here = [x for (i, at), x in shipped.items() if (problem.demands[i].pool, at) == (pool, j)]
        program += pulp.lpSum(here) <= units
    for j, site in enumerate(problem.sites):
        if site.capacity is not None:
            program += pulp.lpSum(x for (_, at), x in shipped.items() if at == j) <= site.capacity
    if problem.most_sites is not None:
        program += pulp.lpSum(opened) <= problem.most_sites
    assert program.solve(pulp.PULP_CBC_CMD(msg=False)) == pulp.LpStatusOptimal
    total = round(pulp.value(program.objective))
    return Worth(*divmod(total, 100_000))


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp", "ignore:PULP_CBC_CMD")
@pytest.mark.parametrize(("places", "lines"), [(5, 5), (10, 5), (12, 8)])
@pytest.mark.parametrize("seed", range(6))
def test_a_milp_solver_finds_nothing_better(seed: int, places: int, lines: int) -> None:
    problem = random_problem(seed, places, lines)
    plan = solve(problem)
    assert faults(problem, dict(plan.units)) == []
    assert worth(problem, plan) == solved_by_cbc(problem)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pulp", "ignore:PULP_CBC_CMD")
@pytest.mark.parametrize("seed", range(3))
def test_many_locations_get_a_good_plan_in_bounded_time(seed: int) -> None:
    problem = random_problem(seed, places=40, lines=22)._replace(whole=False, most_sites=None)
    plan = solve(problem)
    best = solved_by_cbc(problem)
    assert faults(problem, dict(plan.units)) == []
    assert worth(problem, plan).unshipped == best.unshipped
    assert plan.cost <= best.cost * 1.1


def test_equals_are_taken_in_the_order_given() -> None:
    every = dict.fromkeys(range(12), 1)
    stock = {("MUG", j): 2 for j in range(12)}
    problem = Problem([Site(10)] * 12, [Demand(5, "MUG", every)], stock)
    assert dict(solve(problem).units) == {(0, 0): 2, (0, 1): 2, (0, 2): 1}


def test_nothing_to_ship_costs_nothing() -> None:
    assert solve(Problem([Site(10)], [], {})) == Plan({}, 0, proven=True)
    assert solve(Problem([], [Demand(1, "MUG", {})], {})) == Plan({}, 0, proven=True)
