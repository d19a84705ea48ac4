"""HTTP: events of an order → the event bus, once more.

Repeats are harmless: consumers know the event's number.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from doorstep.domain.errors import NotFound, ProviderUnavailable
from doorstep.domain.record import Command
from doorstep.runtime import web, wiring

app = web.api()
handler = web.entered(app)


class Republication(Command):
    """Events that never reached their consumers, by their numbers."""

    sequences: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, max_length=100)


class Republished(BaseModel):
    """The names of the events that were published, by their numbers."""

    events: dict[int, str]


@app.post("/orders/<order_id>/republish")
def republish(order_id: web.Id, wanted: Republication) -> Republished:
    web.caller(app).may()
    timeline = {item.sequence: item for item in wiring.orders().timeline(order_id)}
    for sequence in wanted.sequences:
        if sequence not in timeline:
            raise NotFound("event", f"{order_id}-E{sequence}")
    items = [timeline[sequence] for sequence in sorted(set(wanted.sequences))]
    failed = wiring.publish(
        [
            {"name": item.name, "time": item.at.isoformat(), "detail": item.model_dump_json()}
            for item in items
        ]
    )
    if failed:
        raise ProviderUnavailable(f"the bus did not take {[items[n].event_id for n in failed]}")
    return Republished(events={item.sequence: item.name for item in items})
