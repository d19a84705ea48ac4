"""EventBridge: events out, every entry's result checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from doorstep.adapters import aws

_BATCH = 10


def put(bus: str, entries: Sequence[Mapping[str, str]]) -> list[int]:
    """Put events (`name`, `time`, `detail`) on a bus; answers the positions of those that it did
    not take.
    """
    failed = []
    for start in range(0, len(entries), _BATCH):
        part = entries[start : start + _BATCH]
        answer = aws.client("events").put_events(
            Entries=[
                {
                    "EventBusName": bus,
                    "Source": "doorstep",
                    "DetailType": entry["name"],
                    "Time": entry["time"],
                    "Detail": entry["detail"],
                }
                for entry in part
            ]
        )
        failed += [
            start + position
            for position, result in enumerate(answer["Entries"])
            if result.get("ErrorCode")
        ]
    return failed
