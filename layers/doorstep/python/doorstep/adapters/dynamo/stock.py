"""Stock levels and the ledger in DynamoDB.

A level never falls below zero: every decrease carries its guard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import days, keys
from doorstep.adapters.dynamo.keys import Key
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK, QUEUE_PK, QUEUE_SK
from doorstep.adapters.dynamo.transact import (
    Action,
    Refused,
    TransactionRefused,
    add,
    create,
    put,
    transact,
)
from doorstep.domain.capacity import Taken
from doorstep.domain.errors import (
    Conflict,
    Duplicate,
    IdempotencyKeyReused,
    NotFound,
    OutOfStock,
    Stale,
)
from doorstep.domain.papers import CycleCount, Paper, Transfer
from doorstep.domain.stock import (
    EFFECTS,
    Guard,
    Heard,
    LocationLevel,
    Movement,
    NetworkLevel,
    NewsKind,
    Once,
    Seen,
    StockLevels,
)
from doorstep.domain.stock_file import StockFile, stock_file_name

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_QUERIES_AT_ONCE = 8
"""A customer waits for the levels of a cart; a client has ten connections."""


MOVED = "stock"
"""The `due` queue of SKUs that moved since the reconciler has seen them."""


class DynamoStock:
    """The Stock port on one DynamoDB table."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Any) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def levels(self, skus: Iterable[str]) -> Mapping[str, StockLevels]:
        wanted = list(dict.fromkeys(skus))
        if len(wanted) < 2:
            return {sku: self._levels(sku) for sku in wanted}
        with ThreadPoolExecutor(min(len(wanted), _QUERIES_AT_ONCE)) as beside:
            return dict(zip(wanted, beside.map(self._levels, wanted), strict=True))

    def move(
        self, *movements: Movement, guards: Sequence[Guard] = (), paper: Paper | None = None
    ) -> bool:
        at = self._clock()
        seen = [guard.level for guard in guards if isinstance(guard, Seen)]
        actions = [_once(guard, at) for guard in guards if isinstance(guard, Once)]
        actions += [_heard(guard) for guard in guards if isinstance(guard, Heard)]
        actions += [_paper(paper)] if paper else []
        actions += stock_actions(movements, at, seen)
        try:
            transact(self._client, self._table, actions)
        except TransactionRefused as refusal:
            if _repeated(refusal.refused, movements):
                return False
            if any(isinstance(r.action.about, Heard) for r in refusal.refused):
                raise Stale from None
            for refused in refusal.refused:
                if isinstance(refused.action.about, Conflict):
                    raise refused.action.about from None
            if changed := _changed(refusal.refused, seen):
                raise Conflict(changed) from None
            raise OutOfStock(
                {
                    str(r.action.about): (
                        sum(m.quantity for m in movements if m.sku == r.action.about),
                        int(r.item.get("available", {}).get("N", "0")),
                    )
                    for r in refusal.refused
                }
            ) from None
        return True

    def taken(self, first: date, last: date) -> Taken:
        return days.taken(self._client, self._table, first, last)

    def transfer(self, transfer_id: str) -> Transfer:
        text = self._text(keys.transfer(transfer_id), "transfer", transfer_id)
        return Transfer.model_validate_json(text)

    def cycle_count(self, location_id: str, count_id: str) -> CycleCount:
        text = self._text(keys.cycle_count(location_id, count_id), "count", count_id)
        return CycleCount.model_validate_json(text)

    def stock_file(self, location_id: str, source: str, sequence: int) -> StockFile:
        name = stock_file_name(location_id, source, sequence)
        return StockFile.model_validate_json(self._text(keys.stock_file(name), "stock file", name))

    def _text(self, key: Key, kind: str, name: str) -> str:
        answer = self._client.get_item(
            TableName=self._table,
            Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}},
            ConsistentRead=True,
        )
        if "Item" not in answer:
            raise NotFound(kind, name)
        return answer["Item"]["json"]["S"]

    def _levels(self, sku: str) -> StockLevels:
        return levels_of(self._client, self._table, sku)


def levels_of(
    client: DynamoDBClient, table: str, sku: str, *, consistent: bool = False
) -> StockLevels:
    """All levels of a SKU, in one query."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": keys.stock(sku)}},
        ConsistentRead=consistent,
    )
    network, locations = [], []
    for row in (row for page in pages for row in page["Items"]):
        counters = {name: int(value["N"]) for name, value in row.items() if "N" in value}
        kind, _, name = row["sk"]["S"].partition("#")
        if kind == "NETWORK":
            network.append(NetworkLevel(sku=sku, shard=int(name), **counters))
        else:
            locations.append(LocationLevel(sku=sku, location_id=name, **counters))
    return StockLevels(sku=sku, network=tuple(network), locations=tuple(locations))


def _repeated(refused: Sequence[Refused], movements: Sequence[Movement]) -> bool:
    """Whether all of this was booked before.

    Raises IdempotencyKeyReused where the same cause has booked something else.
    """
    for refusal in refused:
        if isinstance(refusal.action.about, Once):
            once = refusal.action.about
            if refusal.item["fingerprint"]["S"] != once.fingerprint:
                raise IdempotencyKeyReused(once.name)
            return True
    known = [r for r in refused if isinstance(r.action.about, Duplicate)]
    booked = sum(int(r.item["quantity"]["N"]) for r in known)
    if not known:
        return False
    if booked != sum(movement.quantity for movement in movements):
        raise IdempotencyKeyReused(movements[0].cause)
    return True


def _changed(refused: Sequence[Refused], seen: Sequence[LocationLevel | NetworkLevel]) -> list[str]:
    """The SKUs whose levels are not any more as they were seen."""
    items = {r.action.key: r.item for r in refused}
    return [
        level.sku
        for level in seen
        if (item := items.get(_level_key(level))) is not None
        and any(
            int(item.get(name, {}).get("N", "0")) != value for name, value in _basis(level).items()
        )
    ]


def _basis(level: LocationLevel | NetworkLevel) -> dict[str, int]:
    """The counters that somebody who says how much there is, or may be sold, has looked at."""
    if isinstance(level, NetworkLevel):
        return {"room": level.room}
    return {"on_hand": level.on_hand, "safety": level.safety}


def _level_key(level: LocationLevel | NetworkLevel) -> Key:
    if isinstance(level, NetworkLevel):
        return keys.network_level(level.sku, level.shard)
    return keys.location_level(level.sku, level.location_id)


def _once(guard: Once, at: datetime) -> Action:
    row = {"fingerprint": {"S": guard.fingerprint}, "at": {"S": at.isoformat()}}
    return create(keys.stock_command(guard.name), row, about=guard)


def _heard(guard: Heard) -> Action:
    """Move the source's mark on; a late change only looks whether it was counted since."""
    name = "counted" if guard.kind is NewsKind.LATE_CHANGE else "newest"
    condition = f"attribute_not_exists({name}) OR {name} < :sequence"
    key = keys.heard(guard.source, guard.location_id, guard.sku)
    values = {":sequence": {"N": str(guard.sequence)}}
    if guard.kind is NewsKind.LATE_CHANGE:
        return Action(
            "ConditionCheck", key, condition, about=guard, ExpressionAttributeValues=values
        )
    counted = ", counted = :sequence" if guard.kind is NewsKind.COUNT else ""
    return Action(
        "Update",
        key,
        condition,
        about=guard,
        UpdateExpression=f"SET newest = :sequence{counted}",
        ExpressionAttributeValues=values,
    )


def _paper(paper: Paper) -> Action:
    match paper:
        case Transfer():
            key, name = keys.transfer(paper.transfer_id), paper.transfer_id
        case CycleCount():
            key, name = keys.cycle_count(paper.location_id, paper.count_id), paper.count_id
        case StockFile():
            key, name = keys.stock_file(paper.name), paper.name
    row = {"json": {"S": paper.model_dump_json()}, "version": {"N": str(paper.version)}}
    if paper.version == 1:
        return create(key, row, about=Conflict([name]))
    return put(
        key,
        row,
        "version = :before",
        about=Conflict([name]),
        ExpressionAttributeValues={":before": {"N": str(paper.version - 1)}},
    )


def stock_actions(
    movements: Sequence[Movement],
    at: datetime,
    seen: Sequence[LocationLevel | NetworkLevel] = (),
) -> list[Action]:
    """One conditional update per level that the movements touch, and one ledger row per SKU, place
    and kind.

    Movements of many orders on one level become one write, which is what makes a flash sale cheap.
    Levels are written in the order of their keys. A movement that another one undoes is still in
    the ledger.
    """
    deltas: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows: dict[tuple[str, str | None, str], list[Movement]] = defaultdict(list)
    about: dict[Key, str] = {}
    places: dict[Key, str] = {}
    expected: dict[Key, dict[str, int]] = {}
    leaving: dict[Key, int] = {}
    for level in seen:
        key = _level_key(level)
        expected[key], about[key] = _basis(level), level.sku
        deltas[key] = defaultdict(int)
    for movement in movements:
        network, location = EFFECTS[movement.kind]
        shard = keys.network_level(movement.sku, movement.shard)
        leaving[shard] = max(leaving.get(shard, 0), movement.leaving)
        touched = [(shard, network)]
        if movement.location_id:
            here = keys.location_level(movement.sku, movement.location_id)
            places[here] = movement.location_id
            touched.append((here, location))
        for key, effect in touched:
            about[key] = movement.sku
            for name, sign in effect.items():
                deltas[key][name] += sign * movement.quantity
        rows[movement.sku, movement.location_id, movement.kind].append(movement)
    actions = []
    since = at.isoformat(timespec="seconds")
    for key, delta in sorted(deltas.items()):
        changes = {name: change for name, change in delta.items() if change}
        if changes or key in expected:
            sku = about[key]
            marks = {DUE_PK: keys.due(MOVED, sku), DUE_SK: f"{since}#{sku}"}
            if key in places:
                marks |= {QUEUE_PK: keys.shelf(places[key]), QUEUE_SK: sku}
            known = expected.get(key)
            least = {"available": leaving.get(key, 0)}
            actions.append(add(key, changes, about=sku, least=least, expected=known, marks=marks))
    for (sku, location_id, kind), moved in rows.items():
        key = keys.movement(sku, location_id, kind, moved[0].cause)
        row: dict[str, Any] = {
            "sku": {"S": sku},
            "kind": {"S": kind},
            "quantity": {"N": str(sum(movement.quantity for movement in moved))},
            "at": {"S": at.isoformat()},
            "causes": {"M": {m.cause: {"N": str(m.quantity)} for m in moved}},
        }
        if location_id:
            row["location_id"] = {"S": location_id}
        if moved[0].reason:
            row |= {"reason": {"S": moved[0].reason}, "by": {"S": moved[0].by}}
        actions.append(create(key, row, about=Duplicate(f"{kind} {moved[0].cause}")))
    return actions
