"""HTTP: refunds without a return → granted, asked for again.

Repeats are harmless: a refund by its key, its parts by what was asked already.
"""

from __future__ import annotations

from http import HTTPStatus

from doorstep.domain.refunding import WantedRefund
from doorstep.runtime import web, wiring
from doorstep.runtime.views import RefundView
from doorstep.usecases.refund import grant_refund, retry_refund

app = web.api()
handler = web.entered(app)


@app.post("/orders/<order_id>/refunds", responses=web.CREATED)
def grant(
    order_id: web.Id, wanted: WantedRefund, key: web.IdempotencyKey
) -> web.Response[RefundView]:
    caller = web.caller(app)
    caller.may("agent")
    refund = grant_refund(
        order_id,
        wanted,
        key,
        by=caller.name,
        orders=wiring.orders(caller.name),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return web.answer(RefundView.of(refund), HTTPStatus.CREATED)


@app.post("/refunds/<refund_id>/retry")
def retry(refund_id: web.Id) -> RefundView:
    caller = web.caller(app)
    caller.may("agent")
    refund = retry_refund(
        refund_id,
        orders=wiring.orders(caller.name),
        gateway=wiring.payment_gateway(),
        clock=wiring.clock,
    )
    return RefundView.of(refund)
