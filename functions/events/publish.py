"""DynamoDB stream: new timeline items → the event bus, each result checked.

Safe to repeat: consumers know the event's number.
"""

from __future__ import annotations

import json
from typing import Any

from doorstep.runtime import wiring
from doorstep.runtime.observability import logger


def handler(event: dict[str, Any], context: object) -> dict[str, list[dict[str, str]]]:
    """Publish in the order of the shard; the first event that the bus does not take is where the
    stream goes on.
    """
    records = event["Records"]
    rows = [json.loads(record["dynamodb"]["NewImage"]["json"]["S"]) for record in records]
    failed = wiring.publish(
        [{"name": row["name"], "time": row["at"], "detail": json.dumps(row)} for row in rows]
    )
    logger.info("published", events=len(rows), failed=len(failed))
    numbers = [records[position]["dynamodb"]["SequenceNumber"] for position in sorted(failed)[:1]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}
