"""Pay: money given back without a return, and given anew where it was declined."""

from constructs import Construct

from infra.api import Api
from infra.data import Data
from infra.function import Function, Platform


class Pay(Construct):
    def __init__(self, scope: Construct, platform: Platform, data: Data, api: Api) -> None:
        super().__init__(scope, "Pay")

        payments = Function(self, platform, "pay.api", timeout=25, http=True)
        data.orders_for(payments)
        data.payments_for(payments)
        api.route("POST", "/orders/{order_id}/refunds", payments)
        api.route("POST", "/refunds/{refund_id}/retry", payments)
        api.route("POST", "/fulfillment-orders/{fulfillment_order_id}/payment", payments)
