"""Schedule: every minute → unfinished checkouts finished or undone, unanswered money settled.

Safe to repeat: by state.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.usecases.expire import expire_checkouts, settle_money


@schedule
def handler() -> Mapping[str, object]:
    orders, queues, gateway = wiring.orders(), wiring.queues(), wiring.payment_gateway()
    checkouts = expire_checkouts(
        orders=orders,
        queues=queues,
        gateway=gateway,
        fraud=wiring.fraud_screen(),
        clock=wiring.clock,
    )
    money = settle_money(orders=orders, queues=queues, gateway=gateway, clock=wiring.clock)
    return {"checkouts": checkouts._asdict(), "money": money._asdict()}
