"""HTTP: events of an order, or of a SKU's stock → the event bus, once more.

Repeats are harmless: consumers know the event's number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, Field

from doorstep.domain.errors import NotFound, ProviderUnavailable
from doorstep.domain.events import StockItem, TimelineItem
from doorstep.domain.record import Command
from doorstep.runtime import web, wiring

app = web.api()
handler = web.entered(app)


Sku = Annotated[str, web.Path(min_length=1, max_length=120)]


class Republication(Command):
    """Events that never reached their consumers, by their numbers."""

    sequences: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, max_length=100)


class Republished(BaseModel):
    """The names of the events that were published, by their numbers."""

    events: dict[int, str]


@app.post("/orders/<order_id>/republish")
def republish(order_id: web.Id, wanted: Republication) -> Republished:
    web.caller(app).may()
    return _published(order_id, wanted.sequences, wiring.orders().timeline(order_id))


@app.post("/stock/<sku>/republish")
def republish_stock(sku: Sku, wanted: Republication) -> Republished:
    web.caller(app).may()
    return _published(sku, wanted.sequences, wiring.standings().events(sku))


def _published(
    subject: str, sequences: Iterable[int], told: Iterable[TimelineItem | StockItem]
) -> Republished:
    timeline = {item.sequence: item for item in told}
    for sequence in sequences:
        if sequence not in timeline:
            raise NotFound("event", f"{subject}-E{sequence}")
    items = [timeline[sequence] for sequence in sorted(set(sequences))]
    failed = wiring.publish(
        [
            {"name": item.name, "time": item.at.isoformat(), "detail": item.model_dump_json()}
            for item in items
        ]
    )
    if failed:
        raise ProviderUnavailable(
            f"the bus did not take {[items[n].sequence for n in failed]} of {subject}"
        )
    return Republished(events={item.sequence: item.name for item in items})
