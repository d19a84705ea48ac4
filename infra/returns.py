"""Returns: asked for, sent back, received and counted, refunded."""

from constructs import Construct

from infra.api import Api
from infra.data import RETURN_LABELS, Data
from infra.function import Function, Platform, consume
from infra.queue import Queue

_REFUND_SECONDS = 25


class Returns(Construct):
    def __init__(self, scope: Construct, platform: Platform, data: Data, api: Api) -> None:
        super().__init__(scope, "Returns")

        returns = Function(self, platform, "returns.api", timeout=25, http=True)
        data.orders_for(returns)
        data.documents_for(returns, RETURN_LABELS, "s3:GetObject", "s3:PutObject")
        data.payments_for(returns)
        data.carrier_for(returns)
        api.route("POST", "/orders/{order_id}/returns", returns)
        api.route("GET", "/returns/{return_id}", returns)
        api.route("POST", "/returns/{return_id}/receive", returns)
        api.route("POST", "/returns/{return_id}/cancel", returns)
        api.route("POST", "/returns/{return_id}/refund", returns)
        api.route("GET", "/returns/{return_id}/label", returns)

        received = Queue(self, platform, "refund", consumer_timeout=_REFUND_SECONDS)
        received.receive(data.bus, "return.received")
        refund = Function(self, platform, "returns.refund", timeout=_REFUND_SECONDS)
        data.orders_for(refund)
        data.payments_for(refund)
        consume(refund, received.queue)
