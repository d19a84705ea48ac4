"""Schedule: every minute → unfinished checkouts and unanswered money settled.

Safe to repeat: by state.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.expire import settle_unfinished


@schedule
def handler() -> Mapping[str, object]:
    settled = settle_unfinished(
        orders=wiring.orders(),
        queues=wiring.queues(),
        gateway=wiring.payment_gateway(),
        fraud=wiring.fraud_screen(),
        clock=wiring.clock,
    )
    return settled._asdict()
