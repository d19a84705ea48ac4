"""What people and systems at a location say about its stock, as movements.

Counted, damaged, set aside.

Goods at a location and what the network may sell change together (invariant 1), so whatever takes
sellable units away needs as many that nobody was promised: units that are allocated or held stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from doorstep.domain.errors import InvalidCommand
from doorstep.domain.stock import EFFECTS, Movement, MovementKind, StockLevels


class Condition(StrEnum):
    """What can be done with units that are on hand, or that they are not there any more."""

    SELLABLE = "sellable"
    QUALITY_CONTROL = "quality_control"
    DAMAGED = "damaged"
    MISSING = "missing"
    GONE = "gone"


#: (from, to) → the movement.
QUALITY_MOVES: Mapping[tuple[Condition, Condition], MovementKind] = {
    (Condition.SELLABLE, Condition.DAMAGED): MovementKind.DAMAGED,
    (Condition.SELLABLE, Condition.QUALITY_CONTROL): MovementKind.QUARANTINED,
    (Condition.QUALITY_CONTROL, Condition.SELLABLE): MovementKind.PASSED,
    (Condition.QUALITY_CONTROL, Condition.DAMAGED): MovementKind.FAILED,
    (Condition.DAMAGED, Condition.SELLABLE): MovementKind.REPAIRED,
    (Condition.DAMAGED, Condition.GONE): MovementKind.SCRAPPED,
    (Condition.MISSING, Condition.SELLABLE): MovementKind.FOUND,
    (Condition.MISSING, Condition.GONE): MovementKind.WRITTEN_OFF,
}


def quality_move(before: Condition, after: Condition) -> MovementKind:
    """The movement between two conditions; raises InvalidCommand where there is none."""
    try:
        return QUALITY_MOVES[before, after]
    except KeyError:
        possible = ", ".join(to for known, to in QUALITY_MOVES if known == before) or "nothing"
        raise InvalidCommand({"to": f"what is {before} can become: {possible}"}) from None


def moves(
    kind: MovementKind,
    levels: StockLevels,
    location_id: str,
    quantity: int,
    *,
    shards: int,
    cause: str,
    reason: str = "",
    by: str = "",
) -> list[Movement]:
    """Units of one location changing state, with the network shards that follow it.

    What becomes sellable is spread over the shards; what no longer is, is drawn from the fullest.
    Where they have too few, it is asked of them all the same, and refused where it is written.
    """
    sign = EFFECTS[kind][0].get("available", 0)
    if sign > 0:
        parts = spread(quantity, shards)
    elif sign < 0:
        parts = drawn(levels, quantity)
    else:
        parts = [(0, quantity)]
    return [
        Movement(
            kind=kind,
            sku=levels.sku,
            quantity=part,
            location_id=location_id,
            shard=shard,
            cause=f"{cause}-{number}" if number else cause,
            reason=reason,
            by=by,
        )
        for number, (shard, part) in enumerate(parts)
    ]


def possible(kind: MovementKind, levels: StockLevels, location_id: str) -> int:
    """How many units this movement can be made of."""
    network, location = EFFECTS[kind]
    here = levels.at(location_id)
    room: list[int] = [getattr(here, name) for name, sign in location.items() if sign < 0]
    room += [levels.available for sign in network.values() if sign < 0]
    return min(room)


def spread(quantity: int, shards: int) -> list[tuple[int, int]]:
    """(shard, units), as even as it goes."""
    parts = [
        (shard, quantity * (shard + 1) // shards - quantity * shard // shards)
        for shard in range(shards)
    ]
    return [(shard, part) for shard, part in parts if part]


def drawn(levels: StockLevels, quantity: int) -> list[tuple[int, int]]:
    """(shard, units), from the fullest shard on; what is too much is asked of the first one."""
    parts: dict[int, int] = {}
    for level in sorted(levels.network, key=lambda level: (-level.available, level.shard)):
        if units := min(level.available, quantity):
            parts[level.shard] = units
            quantity -= units
    if quantity:
        first = next(iter(parts), 0)
        parts[first] = parts.get(first, 0) + quantity
    return list(parts.items())


def gathered(levels: StockLevels, shard: int, quantity: int, *, cause: str) -> list[Movement]:
    """Movements that bring what `shard` has up to `quantity`, from the fullest of the others.

    As far as they have it; none where it has enough.
    """
    left = {level.shard: level.available for level in levels.network}
    missing = quantity - left.pop(shard, 0)
    changes: dict[int, int] = {}
    for other, available in sorted(left.items(), key=lambda item: (-item[1], item[0])):
        if (units := min(available, missing)) > 0:
            changes[other] = -units
            missing -= units
    changes[shard] = -sum(changes.values())
    return shifted(levels.sku, changes, cause)


def uneven(levels: StockLevels, shards: int) -> bool:
    """Whether a shard has less than half of its share, or one has units that nobody asks."""
    left = {level.shard: level.available for level in levels.network}
    share = levels.available // shards
    return any(left.get(shard, 0) < share / 2 for shard in range(shards)) or any(
        units for shard, units in left.items() if shard >= shards
    )


def evened(levels: StockLevels, shards: int, *, cause: str) -> list[Movement]:
    """Movements after which every shard has its share."""
    share = dict(spread(levels.available, shards))
    left = {level.shard: level.available for level in levels.network}
    known = left.keys() | set(range(shards))
    changes = {shard: share.get(shard, 0) - left.get(shard, 0) for shard in sorted(known)}
    return shifted(levels.sku, changes, cause)


def shifted(sku: str, changes: Mapping[int, int], cause: str) -> list[Movement]:
    """Units that change their shard; `changes` add up to nothing."""
    return [
        Movement(
            kind=MovementKind.SHIFTED_IN if change > 0 else MovementKind.SHIFTED_OUT,
            sku=sku,
            quantity=abs(change),
            cause=f"{cause}-{shard}",
            shard=shard,
        )
        for shard, change in changes.items()
        if change
    ]
