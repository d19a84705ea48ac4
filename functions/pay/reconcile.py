"""Schedule: every hour → payments that moved are compared with the provider's report.

Safe to repeat: it compares, and tells a person once.
"""

from __future__ import annotations

from collections.abc import Mapping

from doorstep.runtime import wiring
from doorstep.runtime.entry import schedule
from doorstep.runtime.observability import logger, measure
from doorstep.runtime.settings import settings
from doorstep.usecases.bookkeeping import reconcile_payments


@schedule
def handler() -> Mapping[str, object]:
    found = reconcile_payments(
        settings().payment_provider,
        report=wiring.payment_report(),
        orders=wiring.orders(),
        queues=wiring.queues(),
        reconciliations=wiring.reconciliations(),
        clock=wiring.clock,
    )
    for one in found.differences:
        logger.error("payment differs", extra=one.model_dump(mode="json"))
    measure("PaymentDifferences", len(found.differences))
    return {"bookings": found.bookings, "differ": len(found.differences), "busy": found.busy}
