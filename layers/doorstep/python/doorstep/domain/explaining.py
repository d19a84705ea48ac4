"""A routing decision in sentences, for an agent."""

from __future__ import annotations

from collections.abc import Iterator

from doorstep.domain.events import OrderRouted
from doorstep.domain.money import Money
from doorstep.domain.routing import Candidate, Costs, Verdict

_REASONS = {
    Verdict.INACTIVE: "is switched off",
    Verdict.KIND: "is of a kind that the rules do not let ship",
    Verdict.TOO_FAR: "is farther than the rules allow",
    Verdict.EXCLUDED: "has failed to ship this before",
    Verdict.UNABLE: "lacks a capability that the goods require",
    Verdict.OUT_OF_STOCK: "has none of it",
    Verdict.FULL: "has no capacity left",
}


def told(routed: OrderRouted) -> tuple[str, ...]:
    """The decision, then each candidate with what speaks for or against it."""
    currency = routed.cost.currency
    first = routed.why[:1].upper() + routed.why[1:]
    split = f", of it {routed.split} for the split" if routed.split.minor else ""
    sure = "" if routed.proven else "; there were too many locations to be sure that it is the best"
    lines = [f"{first}. It costs {routed.cost} by the rules {routed.rules}{split}{sure}."]
    lines += (_of(one, currency) for one in routed.candidates)
    if routed.omitted:
        lines.append(f"{routed.omitted} more locations were farther from being chosen.")
    return tuple(lines)


def _of(one: Candidate, currency: str) -> str:
    name = one.location_id if one.km is None else f"{one.location_id} ({one.km} km)"
    cost = f" for {_priced(one.costs, currency)}" if one.costs else ""
    because = f" [{', '.join(one.rules)}]" if one.rules else ""
    match one.verdict:
        case Verdict.CHOSEN:
            return f"{name} ships {one.ships}{cost}{because}."
        case Verdict.COSTLIER:
            return f"{name} could ship {one.fills}{cost}{because}: that costs more in all."
        case Verdict.INCOMPLETE:
            return f"{name} could ship {one.fills}, but not everything can be shipped yet."
        case Verdict.FILTERED:
            return f"{name} may not ship it{because}."
        case _:
            return f"{name} {_REASONS[one.verdict]}."


def _priced(costs: Costs, currency: str) -> str:
    parts = ", ".join(f"{name} {_money(units, currency)}" for name, units in _terms(costs))
    return f"{_money(costs.total, currency)} ({parts})"


def _terms(costs: Costs) -> Iterator[tuple[str, int]]:
    """What it is made of, without what is nothing."""
    return ((name, units) for name, units in costs if units)


def _money(minor: int, currency: str) -> str:
    return str(Money(minor=minor, currency=currency))
