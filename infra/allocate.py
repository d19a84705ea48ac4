"""Allocate: placed orders, in batches, become fulfillment orders; stock is told and asked about."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from doorstep.adapters.dynamo import schema
from doorstep.domain.stock import FREEING
from doorstep.domain.stock_file import UPLOADS
from infra.api import Api
from infra.data import Data
from infra.function import Function, Platform, consume
from infra.queue import Queue
from infra.schedule import every
from infra.workflow import Workflow

_ALLOCATE_SECONDS = 60
_FEED_SECONDS = 120
_FILE_SECONDS = 180


class Allocate(Construct):
    def __init__(
        self,
        scope: Construct,
        platform: Platform,
        data: Data,
        api: Api,
        workflow: Workflow,
    ) -> None:
        super().__init__(scope, "Allocate")

        inlet = Queue(self, platform, "allocate", consumer_timeout=_ALLOCATE_SECONDS)
        inlet.receive(
            data.bus,
            "order.placed",
            "order.hold_released",
            "order.allocation_requested",
            "fulfillment_order.rejected",
            "fulfillment_order.short",
            "fulfillment_order.withdrawn",
        )
        allocate = Function(self, platform, "allocate.allocate", timeout=_ALLOCATE_SECONDS)
        retry = Function(self, platform, "allocate.retry", timeout=_ALLOCATE_SECONDS)
        for starter in (allocate, retry):
            data.orders_for(starter)
            starter.set({"STATE_MACHINE_ARN": workflow.arn})
            starter.allow(workflow.arn, "states:StartExecution")
        # One write per SKU and place for the whole batch, which is as much as a transaction takes.
        consume(allocate, inlet.queue, batch=24, window=1)
        data.index_for(retry, schema.DUE_INDEX)
        every(retry, minutes=5)

        self.refill = refill = Function(
            self, platform, "allocate.refill", timeout=_ALLOCATE_SECONDS
        )
        data.orders_for(refill)
        data.index_for(refill, schema.QUEUE_INDEX)
        refill.set({"STATE_MACHINE_ARN": workflow.arn})
        refill.allow(workflow.arn, "states:StartExecution")
        every(refill, minutes=1)
        refill.function.add_event_source(
            sources.DynamoEventSource(
                data.table,
                starting_position=lambda_.StartingPosition.LATEST,
                batch_size=100,
                filters=[_GOODS_HAVE_COME],
                # After that the clock comes back to it.
                retry_attempts=3,
            )
        )

        self._remedies(platform, data, api)
        self._stock(platform, data, api)

    def _remedies(self, platform: Platform, data: Data, api: Api) -> None:
        remedies = Function(self, platform, "allocate.remedies", timeout=_ALLOCATE_SECONDS)
        data.orders_for(remedies)
        data.index_for(remedies, schema.DUE_INDEX)
        data.payments_for(remedies)
        every(remedies, minutes=5)

        offered = Function(self, platform, "allocate.remedy_api", timeout=25, http=True)
        data.orders_for(offered)
        data.index_for(offered, schema.QUEUE_INDEX)
        data.payments_for(offered)
        data.links_for(offered, api.remedies)
        api.route("GET", "/unfillable", offered)
        api.route("POST", "/orders/{order_id}/remedies", offered)
        api.route("GET", "/remedies/{remedy_id}", offered)
        api.route("POST", "/remedies/{remedy_id}/choose", offered)
        api.route("POST", "/remedies/{remedy_id}/withdraw", offered)
        api.route("GET", "/remedy-offers/{remedy_id}", offered, public=True)
        api.route("POST", "/remedy-offers/{remedy_id}", offered, public=True)
        api.route("GET", "/remedy-policies/{channel}", offered)
        api.route("PUT", "/remedy-policies/{channel}", offered)

    def _stock(self, platform: Platform, data: Data, api: Api) -> None:
        stock = Function(self, platform, "allocate.stock_api", http=True)
        data.orders_for(stock)
        api.route("PUT", "/products/{sku}", stock)
        api.route("PUT", "/locations/{location_id}", stock)
        for switched in ("POST", "DELETE"):
            api.route(switched, "/locations/{location_id}/outage", stock)
        api.route("PUT", "/delivery-options/{code}", stock)
        api.route("GET", "/stock/{sku}", stock)
        api.route("GET", "/stock/{sku}/standing", stock)
        api.route("GET", "/stock/{sku}/audit", stock)
        api.route("POST", "/stock/{sku}/repair", stock)

        self._rules(platform, data, api)

        keeping = Function(self, platform, "allocate.stockkeeping_api", timeout=25, http=True)
        data.orders_for(keeping)
        for told in ("receipts", "adjustments", "quality-moves", "stock-feeds/{source}"):
            api.route("POST", f"/locations/{{location_id}}/{told}", keeping)
        api.route("PUT", "/locations/{location_id}/safety-stock/{sku}", keeping)
        data.stock_files_for(keeping)
        api.route("POST", "/locations/{location_id}/stock-files", keeping)
        api.route("GET", "/locations/{location_id}/stock-files/{source}/{sequence}", keeping)

        papers = Function(self, platform, "allocate.papers_api", timeout=25, http=True)
        data.orders_for(papers)
        api.route("POST", "/transfers", papers)
        api.route("GET", "/transfers/{transfer_id}", papers)
        api.route("POST", "/transfers/{transfer_id}/receive", papers)
        counts = "/locations/{location_id}/counts"
        api.route("POST", counts, papers)
        api.route("GET", f"{counts}/{{count_id}}", papers)
        api.route("PUT", f"{counts}/{{count_id}}/lines/{{sku}}", papers)
        api.route("POST", f"{counts}/{{count_id}}/close", papers)

        reports = Queue(self, platform, "stock-feed", consumer_timeout=_FEED_SECONDS)
        feed = Function(self, platform, "allocate.stock_feed", timeout=_FEED_SECONDS)
        data.orders_for(feed)
        consume(feed, reports.queue, batch=1)

        uploads = Queue(self, platform, "stock-file", consumer_timeout=_FILE_SECONDS)
        uploads.receive_files(data.inbox, UPLOADS)
        reader = Function(self, platform, "allocate.stock_file", timeout=_FILE_SECONDS)
        data.orders_for(reader)
        data.stock_files_for(reader, reader=True)
        reader.set({"STOCK_FILE_QUEUE_URL": uploads.queue.queue_url})
        reader.allow(uploads.queue.queue_arn, "sqs:SendMessage")
        consume(reader, uploads.queue, batch=1)

        watch = Function(self, platform, "allocate.watch", timeout=_ALLOCATE_SECONDS)
        data.orders_for(watch)
        data.index_for(watch, schema.DUE_INDEX)
        every(watch, minutes=1)

        reconcile = Function(self, platform, "allocate.reconcile", timeout=300)
        data.orders_for(reconcile)
        data.index_for(reconcile, schema.DUE_INDEX)
        every(reconcile, minutes=15)
        platform.alarm(
            self,
            "StockDrift",
            cloudwatch.Metric(
                namespace="Doorstep",
                metric_name="StockDrift",
                dimensions_map={"stage": platform.stage.name},
                statistic="Maximum",
                period=cdk.Duration.minutes(15),
            ),
            "Stock levels, ledger and orders disagree. docs/operate.md says how to look and mend.",
        )

    def _rules(self, platform: Platform, data: Data, api: Api) -> None:
        rules = Function(self, platform, "allocate.rules_api", timeout=25, memory=1024, http=True)
        data.orders_for(rules)
        data.index_for(rules, schema.QUEUE_INDEX)
        api.route("PUT", "/sourcing-rules/{channel}", rules)
        api.route("GET", "/sourcing-rules/{channel}", rules)
        api.route("GET", "/sourcing-rules/{channel}/versions", rules)
        api.route("POST", "/sourcing-rules/simulate", rules)


_GOODS_HAVE_COME = lambda_.FilterCriteria.filter(
    {
        "eventName": lambda_.FilterRule.is_equal("INSERT"),
        "dynamodb": {
            "Keys": {
                schema.PK: {"S": lambda_.FilterRule.begins_with(schema.LEDGER_PREFIX)},
                schema.SK: {"S": [{"prefix": f"{kind}#"} for kind in FREEING]},
            }
        },
    }
)
