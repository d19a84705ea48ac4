"""SQS: what a warehouse or an ERP says of its stock → levels and ledger.

Safe to repeat: every entry carries its source's sequence.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.entry import queue
from doorstep.runtime.observability import logger
from doorstep.usecases.feed import TO_BE_LOOKED_AT, Feed, follow_feed


@queue(Feed.model_validate_json)
def handler(feed: Feed) -> None:
    results = follow_feed(
        feed.source,
        feed.location_id,
        feed.entries,
        catalog=wiring.catalog(),
        stock=wiring.stock(),
    )
    open_ = [one.model_dump() for one in results if one.outcome in TO_BE_LOOKED_AT]
    if open_:
        logger.warning("stock feed", extra={"source": feed.source, "entries": open_})
