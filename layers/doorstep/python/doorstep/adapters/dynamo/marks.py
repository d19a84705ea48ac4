"""The attributes that put a record in one of the two sparse indexes; and the record itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK, QUEUE_PK, QUEUE_SK


def due(queue: str, key: str, at: datetime) -> dict[str, Any]:
    """In the queue of those whose time will come then."""
    return {
        DUE_PK: {"S": keys.due(queue, key)},
        DUE_SK: {"S": f"{at.isoformat(timespec='seconds')}#{key}"},
    }


def queued(queue: str, at: datetime) -> dict[str, Any]:
    """In the queue of those who wait for a person since then."""
    return {QUEUE_PK: {"S": queue}, QUEUE_SK: {"S": at.isoformat(timespec="seconds")}}


def json(record: Any) -> dict[str, Any]:
    """The record as text (ADR 1)."""
    return {"json": {"S": record.model_dump_json()}}
