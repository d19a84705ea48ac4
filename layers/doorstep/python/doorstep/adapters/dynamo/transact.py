"""One transaction: actions with conditions in, nothing or everything done, and a refusal that names
its reason.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from doorstep.adapters.dynamo.keys import Key
from doorstep.domain.errors import DoorstepError, ProviderUnavailable, TooLarge

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_ACTIONS = 100
"""What DynamoDB takes in one transaction."""

_ATTEMPTS = 12
_TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_TRANSIENT_ERRORS = {
    "TransactionInProgressException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
}


class Refused(NamedTuple):
    """An action whose condition did not hold, and the item as it is (in wire format) where there is
    one.
    """

    action: Action
    item: Mapping[str, Any]


class Action:
    """One write. `kind` is Put, Update or ConditionCheck; every one has a condition."""

    def __init__(
        self,
        kind: str,
        key: Key,
        condition: str,
        *,
        about: object = None,
        **request: Any,
    ) -> None:
        self.kind = kind
        self.key = key
        self.about = about
        """What the refusal of this action means; the repository reads it."""
        self._request = {**request, "ConditionExpression": condition}

    def wire(self, table: str) -> dict[str, Any]:
        request = {"TableName": table, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if self.kind != "Put":
            request["Key"] = {"pk": {"S": self.key.pk}, "sk": {"S": self.key.sk}}  # type: ignore[assignment]
        return {self.kind: {**request, **self._request}}


def put(key: Key, attributes: Mapping[str, Any], condition: str, **more: Any) -> Action:
    """Write a whole item."""
    item = {"pk": {"S": key.pk}, "sk": {"S": key.sk}, **attributes}
    return Action("Put", key, condition, Item=item, **more)


def create(key: Key, attributes: Mapping[str, Any], *, about: object = None) -> Action:
    """Write an item that must not exist yet."""
    return put(key, attributes, "attribute_not_exists(pk)", about=about)


def add(
    key: Key,
    deltas: Mapping[str, int],
    *,
    about: object = None,
    least: Mapping[str, int] | None = None,
    expected: Mapping[str, int] | None = None,
    marks: Mapping[str, str] | None = None,
    remove: Sequence[str] = (),
) -> Action:
    """Add to counters; none that falls may fall below zero, or below what is the `least` of it, and
    what must fall must be there.

    `expected` counters must stand exactly there before; without a change that is all it asks.
    `marks` are written where there are none yet.
    """
    least, expected, marks = least or {}, expected or {}, marks or {}
    falling = {name: delta for name, delta in deltas.items() if delta < 0}
    names = {f"#{name}": name for name in deltas}
    values = {f":{name}": {"N": str(delta)} for name, delta in deltas.items()}
    values |= {
        f":{name}_min": {"N": str(least.get(name, 0) - delta)} for name, delta in falling.items()
    }
    names |= {f"#{name}": name for name in expected}
    values |= {f":{name}_seen": {"N": str(value)} for name, value in expected.items()}
    conditions = [f"#{name} >= :{name}_min" for name in falling]
    conditions += [
        f"#{name} = :{name}_seen"
        if value
        else f"(attribute_not_exists(#{name}) OR #{name} = :{name}_seen)"
        for name, value in expected.items()
    ]
    common = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    update = []
    if deltas:
        update.append("ADD " + ", ".join(f"#{name} :{name}" for name in deltas))
    if deltas and marks:
        kept = (f"{name} = if_not_exists({name}, :{name})" for name in marks)
        update.append("SET " + ", ".join(kept))
        values |= {f":{name}": {"S": text} for name, text in marks.items()}
    if remove:
        update.append("REMOVE " + ", ".join(remove))
    if not update:
        return Action("ConditionCheck", key, " AND ".join(conditions), about=about, **common)
    return Action(
        "Update",
        key,
        " AND ".join(conditions) or "attribute_exists(pk) OR attribute_not_exists(pk)",
        about=about,
        UpdateExpression=" ".join(update),
        **common,
    )


class TransactionRefused(DoorstepError):
    """Conditions did not hold. Never leaves the adapters: repositories say what it means."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__(", ".join(f"{r.action.key.pk} {r.action.key.sk}" for r in refused))
        self.refused = tuple(refused)


def transact(client: DynamoDBClient, table: str, actions: Sequence[Action]) -> None:
    """Do all of it or nothing; raises TransactionRefused with every action whose condition did not
    hold.

    Conflicts with other transactions and throttling are retried with full jitter, under one request
    token, so that a retry whose first try was done after all is done once.
    """
    if len(actions) > MAX_ACTIONS:
        raise TooLarge(len(actions), MAX_ACTIONS)
    items = [action.wire(table) for action in actions]
    token = hashlib.sha256(json.dumps(items, sort_keys=True).encode()).hexdigest()[:36]
    for attempt in range(_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=items, ClientRequestToken=token)  # type: ignore[arg-type]
            return
        except client.exceptions.TransactionCanceledException as canceled:
            reasons = canceled.response.get("CancellationReasons", [])
            refused = [
                Refused(action, reason.get("Item", {}))
                for action, reason in zip(actions, reasons, strict=True)
                if reason.get("Code") == "ConditionalCheckFailed"
            ]
            if refused:
                raise TransactionRefused(refused) from None
            if not any(reason.get("Code") in _TRANSIENT for reason in reasons):
                raise
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TRANSIENT_ERRORS:
                raise
        time.sleep(random.uniform(0, min(0.5, 0.01 * 2**attempt)))  # noqa: S311
    raise ProviderUnavailable("DynamoDB is too busy with these records; try again")
