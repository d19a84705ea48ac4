"""HTTP: signed storefront webhook → body kept, queued, 202.

A repeat is queued again: the consumer knows the order.
"""

from __future__ import annotations

import hashlib

from doorstep.runtime import wiring
from doorstep.runtime.settings import settings
from doorstep.runtime.webhook import Delivery, envelope, webhook


@webhook("storefront", wiring.storefronts)
def handler(delivery: Delivery) -> None:
    key = f"storefronts/{delivery.sender}/{hashlib.sha256(delivery.body).hexdigest()}.json"
    wiring.inbox().put(key, delivery.body, "application/json")
    wiring.send(settings().require("storefront_queue_url"), envelope(delivery, body=key))
