"""SQS: storefront queue → one order per message, placed or followed.

Safe to repeat: keyed by (storefront, external id).
"""

from __future__ import annotations

from doorstep.domain.record import Record
from doorstep.runtime import wiring
from doorstep.runtime.entry import queue
from doorstep.usecases.ingest import follow_storefront


class Kept(Record):
    """A verified webhook: who sent it, the headers that name it, and where its body lies."""

    sender: str
    headers: dict[str, str]
    body: str


@queue(Kept.model_validate_json)
def handler(kept: Kept) -> None:
    news = wiring.storefront(kept.sender).parse(kept.headers, wiring.inbox().get(kept.body))
    follow_storefront(
        kept.sender,
        news,
        orders=wiring.orders(kept.sender),
        catalog=wiring.catalog(),
        stock=wiring.stock(),
        clock=wiring.clock,
    )
