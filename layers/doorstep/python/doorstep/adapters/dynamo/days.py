"""The days of locations in DynamoDB: what is taken of each, and never more than there is.

One row is one day of one location, with a counter for everything that is limited there. All rows
are one partition, by day, so that what a cart, or a batch, needs to know is one query.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.transact import Action
from doorstep.domain.capacity import Booking, Taken
from doorstep.domain.errors import FullyBooked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def booking_actions(bookings: Sequence[Booking]) -> list[Action]:
    """One conditional update per day and location, whoever the bookings are for.

    Raises FullyBooked where they alone are more than there is.
    """
    days: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    limits: dict[tuple[str, date, str], int] = {}
    for one in bookings:
        days[one.location_id, one.day][one.what] += one.quantity
        limits[one.key] = min(one.limit, limits.get(one.key, one.limit))
    actions = []
    for (location_id, day), asked in sorted(days.items()):
        changes = {what: quantity for what, quantity in asked.items() if quantity}
        full = FullyBooked(f"{location_id} has no room left on {day}.")
        conditions, names, values = [], {}, {}
        for number, (what, quantity) in enumerate(sorted(changes.items())):
            name, most = f"#w{number}", limits[location_id, day, what] - quantity
            names[name] = what
            values[f":w{number}"] = {"N": str(quantity)}
            values[f":m{number}"] = {"N": str(most if quantity > 0 else -quantity)}
            if quantity < 0:
                conditions.append(f"{name} >= :m{number}")
            elif most < 0:
                raise full
            else:
                conditions.append(f"(attribute_not_exists({name}) OR {name} <= :m{number})")
        if changes:
            added = (f"{name} :{name.removeprefix('#')}" for name in names)
            actions.append(
                Action(
                    "Update",
                    keys.day(location_id, day),
                    " AND ".join(conditions),
                    about=full,
                    UpdateExpression=f"ADD {', '.join(added)}",
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                )
            )
    return actions


def taken(client: DynamoDBClient, table: str, first: date, last: date) -> Taken:
    """What is taken from the first to the last of these days."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": {"S": keys.days()},
            ":first": {"S": f"{first}"},
            ":last": {"S": f"{last}$"},  # the next character after #
        },
    )
    found: dict[tuple[str, date, str], int] = {}
    for row in (row for page in pages for row in page["Items"]):
        found |= counters(row)
    return found


def counters(row: Mapping[str, Any]) -> dict[tuple[str, date, str], int]:
    """What a row says is taken of its day."""
    day, _, location_id = row["sk"]["S"].partition("#")
    return {
        (location_id, date.fromisoformat(day), what): int(value["N"])
        for what, value in row.items()
        if "N" in value
    }
