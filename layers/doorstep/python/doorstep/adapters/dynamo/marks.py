"""The attributes that put a record in one of the two sparse indexes; and the record itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from doorstep.adapters.dynamo import keys
from doorstep.adapters.dynamo.schema import DUE_PK, DUE_SK, QUEUE_PK, QUEUE_SK
from doorstep.domain.events import OrderRouted, TimelineItem
from doorstep.domain.record import Record


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
    """The record as text, whole (ADR 1): for what is published as it stands."""
    return {"json": {"S": record.model_dump_json()}}


def state(record: Record, *, without: Collection[str] = ()) -> dict[str, Any]:
    """The record as text, without fields at their default (ADR 1): for what is written often."""
    text = record.model_dump_json(exclude_defaults=True, exclude=set(without))
    return {"json": {"S": text}}
