"""SQS: carrier queue → what carriers say, applied once and in any order.

Safe to repeat: keyed by the news itself.
"""

from __future__ import annotations

from doorstep.domain.record import Record
from doorstep.runtime import wiring
from doorstep.runtime.entry import queue
from doorstep.usecases.ship import track_all


class Callback(Record):
    """A verified callback of a carrier."""

    sender: str
    body: str


@queue(Callback.model_validate_json)
def handler(callback: Callback) -> None:
    track_all(
        wiring.carrier(callback.sender).parse(callback.body.encode()),
        orders=wiring.orders(callback.sender),
        queues=wiring.queues(),
    )
