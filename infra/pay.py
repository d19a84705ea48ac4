"""Pay: money given back without a return, given anew where it was declined, and compared with
what the provider says.
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from doorstep.adapters.dynamo import schema
from infra.api import Api
from infra.data import Data
from infra.function import Function, Platform
from infra.schedule import every


class Pay(Construct):
    def __init__(self, scope: Construct, platform: Platform, data: Data, api: Api) -> None:
        super().__init__(scope, "Pay")

        payments = Function(self, platform, "pay.api", timeout=25, http=True)
        data.orders_for(payments)
        data.payments_for(payments)
        api.route("POST", "/orders/{order_id}/refunds", payments)
        api.route("POST", "/refunds/{refund_id}/retry", payments)
        api.route("POST", "/fulfillment-orders/{fulfillment_order_id}/payment", payments)
        data.payment_links_for(payments, api.payments)
        api.route("GET", "/payment-links/{fulfillment_order_id}", payments, public=True)
        api.route("POST", "/payment-links/{fulfillment_order_id}", payments, public=True)
        api.route("GET", "/payment-reconciliations", payments)

        reconcile = Function(self, platform, "pay.reconcile", timeout=300)
        data.orders_for(reconcile)
        data.index_for(reconcile, schema.DUE_INDEX)
        data.payment_report_for(reconcile)
        every(reconcile, minutes=60)
        platform.alarm(
            self,
            "PaymentDifferences",
            cloudwatch.Metric(
                namespace="Doorstep",
                metric_name="PaymentDifferences",
                dimensions_map={"stage": platform.stage.name},
                statistic="Maximum",
                period=cdk.Duration.hours(1),
            ),
            "Our payments and the provider's report differ. docs/operate.md says how to look.",
        )
