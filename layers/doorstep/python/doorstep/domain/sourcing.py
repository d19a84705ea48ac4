"""Sourcing: which location ships which units, and why.

For now the nearest location with stock: one that can fill everything is preferred to a split.
Distance is judged by country, region and the length of the common start of the postal codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doorstep.domain.address import Address
from doorstep.domain.catalog import Location, LocationKind
from doorstep.domain.order import Line, LineKind, Order
from doorstep.domain.record import Record


class Candidate(Record):
    """One location as it was judged for one order: lower `rank` is better."""

    location_id: str
    rank: tuple[int, ...]
    fills: int
    """Units of the demand that it could ship."""


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

    @property
    def why(self) -> str:
        """One sentence for a person."""
        chosen = dict.fromkeys(assignment.location_id for assignment in self.assignments)
        if not chosen:
            return "no location has it"
        if len(chosen) == 1:
            return f"{next(iter(chosen))} is the nearest of those that can ship everything"
        return f"no single location can ship everything: split over {', '.join(chosen)}"


def source(
    order: Order,
    locations: Sequence[Location],
    stock: Mapping[tuple[str, str], int],
) -> Sourcing:
    """Assign an order's unallocated units; `stock` maps (sku, location id) to available units."""
    demand = [
        line for line in order.lines if line.unallocated and line.kind is not LineKind.DIGITAL
    ]
    ranked = sorted(
        (location for location in locations if location.active),
        key=lambda location: _rank(location, order.shipping_address),
    )
    left = dict(stock)
    candidates = [
        Candidate(
            location_id=location.location_id,
            rank=_rank(location, order.shipping_address)[:-1],
            fills=sum(_fill(demand, location, dict(stock)).values()),
        )
        for location in ranked
    ]
    wanted = sum(line.unallocated for line in demand)
    complete = [c.location_id for c in candidates if c.fills == wanted]
    preferred = sorted(ranked, key=lambda location: location.location_id not in complete[:1])
    assignments: list[Assignment] = []
    unfilled = {line.line_id: line.unallocated for line in demand}
    for location in preferred:
        open_lines = [line for line in demand if unfilled[line.line_id]]
        for line_id, units in _fill(open_lines, location, left, unfilled).items():
            unfilled[line_id] -= units
            assignments.append(
                Assignment(line_id=line_id, location_id=location.location_id, quantity=units)
            )
    return Sourcing(
        assignments=tuple(assignments),
        unfilled={line_id: units for line_id, units in unfilled.items() if units},
        candidates=tuple(candidates),
    )


def _fill(
    lines: Sequence[Line],
    location: Location,
    left: dict[tuple[str, str], int],
    unfilled: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Units of each line that the location can ship; takes them out of `left`."""
    filled = {}
    for line in lines:
        if location.location_id in line.excluded:
            continue
        if line.kind is LineKind.MADE_TO_ORDER and location.kind is not LocationKind.WORKSHOP:
            continue
        wanted = line.unallocated if unfilled is None else unfilled[line.line_id]
        if line.tracked and line.sku:
            key = (line.sku, location.location_id)
            units = min(wanted, left.get(key, 0))
            left[key] = left.get(key, 0) - units
        else:
            units = wanted
        if units:
            filled[line.line_id] = units
    return filled


def _rank(location: Location, to: Address | None) -> tuple[int, ...]:
    """Foreign, other region, postal digits not shared, priority; the id as the last word."""
    here = location.address
    if to is None:
        distance = (0, 0, 0)
    else:
        shared = 0
        for ours, theirs in zip(here.postal_code, to.postal_code, strict=False):
            if ours != theirs:
                break
            shared += 1
        distance = (here.country != to.country, here.region != to.region, -shared)
    return (*map(int, distance), location.priority, _ordinal(location.location_id))


def _ordinal(text: str) -> int:
    return int.from_bytes(text.encode(), "big")
