"""SQS: a return was counted → its units' money given back.

Safe to repeat: every refund is written first, and is the key.
"""

from __future__ import annotations

from doorstep.domain.events import TimelineItem
from doorstep.domain.refunds import RefundRule
from doorstep.runtime import wiring
from doorstep.runtime.entry import from_bus, queue
from doorstep.runtime.settings import settings
from doorstep.usecases.refund import refund_return


@queue(from_bus)
def handler(item: TimelineItem) -> None:
    refund_return(
        str(item.data["return_id"]),
        orders=wiring.orders(),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
        rule=RefundRule(settings().refund_rule),
    )
