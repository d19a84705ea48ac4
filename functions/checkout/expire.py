"""Schedule: every minute → unfinished checkouts, unanswered money, unfillable units settled.

Safe to repeat: by state.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.domain.refunds import RefundRule
from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.runtime.settings import settings
from doorstep.usecases.expire import Settlement, settle_unfinished


@schedule
def handler() -> Mapping[str, object]:
    settlement = Settlement(
        orders=wiring.orders(),
        gateway=wiring.payment_gateway(),
        fraud=wiring.fraud_screen(),
        clock=wiring.clock,
        rule=RefundRule(settings().refund_rule),
    )
    settled = settle_unfinished(settlement, queues=wiring.queues())
    return settled._asdict()
