"""Checkout: orders by HTTP and from storefronts, and what they would cost; what a crash left
unfinished is finished.
"""

from constructs import Construct

from doorstep.adapters.dynamo import schema
from infra.api import Api
from infra.data import Data
from infra.function import Function, Platform, consume
from infra.queue import Queue
from infra.schedule import every

_INGEST_SECONDS = 30


class Checkout(Construct):
    def __init__(self, scope: Construct, platform: Platform, data: Data, api: Api) -> None:
        super().__init__(scope, "Checkout")

        orders = Function(self, platform, "checkout.api", timeout=25, memory=1024, http=True)
        data.orders_for(orders)
        data.index_for(orders, schema.QUEUE_INDEX)
        data.payments_for(orders)
        api.route("POST", "/orders", orders)
        api.route("GET", "/orders/{order_id}", orders)
        api.route("GET", "/orders/{order_id}/routing", orders)
        api.route("POST", "/orders/{order_id}/cancel", orders)
        api.route("POST", "/orders/{order_id}/allocate", orders)
        api.route("POST", "/orders/{order_id}/holds/{hold_id}/release", orders)
        api.route("GET", "/work-items", orders)
        api.route("POST", "/work-items/{work_item_id}/close", orders)

        quote = Function(self, platform, "checkout.quote", memory=1024, http=True)
        data.orders_for(quote, read_only=True)
        api.route("GET", "/availability", quote, public=True)
        api.route("POST", "/quotes", quote)

        inlet = Queue(self, platform, "storefront", consumer_timeout=_INGEST_SECONDS)
        webhook = Function(self, platform, "checkout.storefront_webhook", timeout=5, http=True)
        data.webhooks_for(webhook)
        data.inbox_for(webhook, "s3:PutObject")
        webhook.set({"STOREFRONT_QUEUE_URL": inlet.queue.queue_url})
        webhook.allow(inlet.queue.queue_arn, "sqs:SendMessage")
        api.route("POST", "/webhooks/storefronts/{storefront}", webhook, public=True)

        ingest = Function(self, platform, "checkout.ingest", timeout=_INGEST_SECONDS)
        data.inbox_for(ingest, "s3:GetObject")
        data.orders_for(ingest)
        consume(ingest, inlet.queue)

        expire = Function(self, platform, "checkout.expire", timeout=55)
        data.orders_for(expire)
        data.index_for(expire, schema.DUE_INDEX)
        data.payments_for(expire)
        every(expire, minutes=1)
