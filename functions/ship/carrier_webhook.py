"""HTTP: signed carrier callback → queued, 202.

A repeat is queued again: the consumer knows the news.
"""

from __future__ import annotations

from doorstep.runtime import wiring
from doorstep.runtime.settings import settings
from doorstep.runtime.webhook import Delivery, envelope, webhook


@webhook("carrier", wiring.carriers, max_bytes=200_000)
def handler(delivery: Delivery) -> None:
    body = envelope(delivery, body=delivery.body.decode(errors="replace"))
    wiring.send(settings().require("carrier_queue_url"), body)
