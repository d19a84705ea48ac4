"""The attributes that put a record in one of the two sparse indexes; and the record itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK, QUEUE_PK, QUEUE_SK
from doorstep.domain.events import OrderRouted, TimelineItem


def due(queue: str, key: str, at: datetime) -> dict[str, Any]:
    """In the queue of those whose time will come then."""
    return {
        DUE_PK: {"S": keys.due(queue, key)},
        DUE_SK: {"S": f"{at.isoformat(timespec='seconds')}#{key}"},
    }


def queued(queue: str, at: datetime) -> dict[str, Any]:
    """In the queue of those who wait for a person since then."""
    return {QUEUE_PK: {"S": queue}, QUEUE_SK: {"S": at.isoformat(timespec="seconds")}}


def decided(item: TimelineItem) -> dict[str, Any]:
    """In the list of routing decisions, by when they were made; nothing for another event."""
    if item.name != OrderRouted.name:
        return {}
    stamp = item.at.isoformat(timespec="microseconds")
    return {
        QUEUE_PK: {"S": keys.decided(item.order_id, item.at)},
        QUEUE_SK: {"S": f"{stamp}#{item.order_id}#{item.sequence:06}"},
    }


def json(record: Any) -> dict[str, Any]:
    """The record as text (ADR 1)."""
    return {"json": {"S": record.model_dump_json()}}
