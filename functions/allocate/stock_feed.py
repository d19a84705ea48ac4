"""SQS: what a warehouse or an ERP says of its stock → levels and ledger.

Safe to repeat: every entry carries its source's sequence.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.entry import queue
from doorstep.usecases.feed import Feed, follow_feed


@queue(Feed.model_validate_json)
def handler(feed: Feed) -> None:
    follow_feed(
        feed.source,
        feed.location_id,
        feed.entries,
        catalog=wiring.catalog(),
        stock=wiring.stock(),
    )
