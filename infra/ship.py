"""Ship: the fulfillment workflow, the warehouse's API, the carrier's news, the delay alerts."""

from pathlib import Path

from constructs import Construct

from doorstep.adapters.dynamo import schema
from infra.api import Api
from infra.data import LABELS, WORK_ORDERS, Data
from infra.function import Function, Platform, consume
from infra.queue import Queue
from infra.schedule import every
from infra.workflow import Workflow

_FULFILLMENT = Path(__file__).with_name("workflows") / "fulfillment.asl.json"
_TRACK_SECONDS = 30


class Ship(Construct):
    def __init__(self, scope: Construct, platform: Platform, data: Data, api: Api) -> None:
        super().__init__(scope, "Ship")

        self.release = release = Function(self, platform, "ship.release")
        capture = Function(self, platform, "ship.capture", timeout=25)
        buy_label = Function(self, platform, "ship.buy_label", timeout=25)
        dispatch = Function(self, platform, "ship.dispatch")
        set_aside = Function(self, platform, "ship.set_aside")
        for step in (release, capture, buy_label, dispatch, set_aside):
            data.orders_for(step)
        data.payments_for(capture)
        data.documents_for(buy_label, LABELS, "s3:PutObject")
        data.carrier_for(buy_label)
        self.workflow = Workflow(
            self,
            platform,
            _FULFILLMENT,
            release=release,
            capture=capture,
            buy_label=buy_label,
            dispatch=dispatch,
            set_aside=set_aside,
        )

        answers = Queue(self, platform, "resume")
        answers.receive(
            data.bus,
            "fulfillment_order.packed",
            "fulfillment_order.rejected",
            "fulfillment_order.short",
            "fulfillment_order.withdrawn",
            "fulfillment_order.canceled",
            "fulfillment_order.resumed",
        )
        self.resume = resume = Function(self, platform, "ship.resume")
        data.orders_for(resume, read_only=True)
        resume.set({"STATE_MACHINE_ARN": self.workflow.arn})
        resume.allow(self.workflow.arn, "states:StartExecution")
        for waker in (release, resume):
            waker.allow("*", "states:SendTaskSuccess", "states:SendTaskFailure")
        consume(resume, answers.queue)

        warehouse = Function(self, platform, "ship.warehouse_api", timeout=25, http=True)
        data.orders_for(warehouse)
        data.index_for(warehouse, schema.QUEUE_INDEX)
        data.documents_for(warehouse, LABELS, "s3:GetObject")
        api.route("GET", "/locations/{location_id}/fulfillment-orders", warehouse)
        for answer in ("accept", "pack", "reject", "short", "retry", "unpack", "move"):
            path = f"/fulfillment-orders/{{fulfillment_order_id}}/{answer}"
            api.route("POST", path, warehouse)
        api.route("GET", "/shipments/{shipment_id}/label", warehouse)
        self._counters(platform, data, api)

        self._workshop(platform, data, api)

        news = Queue(self, platform, "carrier", consumer_timeout=_TRACK_SECONDS)
        webhook = Function(self, platform, "ship.carrier_webhook", timeout=5, http=True)
        data.webhooks_for(webhook)
        webhook.set({"CARRIER_QUEUE_URL": news.queue.queue_url})
        webhook.allow(news.queue.queue_arn, "sqs:SendMessage")
        api.route("POST", "/webhooks/carriers/{carrier}", webhook, public=True)
        track = Function(self, platform, "ship.track", timeout=_TRACK_SECONDS)
        data.orders_for(track)
        consume(track, news.queue)

        self._by_the_clock(platform, data)

    def _counters(self, platform: Platform, data: Data, api: Api) -> None:
        """What is handed over by others than a carrier: by a store, by a vendor."""
        handover = Function(self, platform, "ship.handover_api", http=True)
        data.orders_for(handover)
        for answer in ("arrive", "collect"):
            api.route("POST", f"/fulfillment-orders/{{fulfillment_order_id}}/{answer}", handover)
        api.route("GET", "/fulfillment-orders/{fulfillment_order_id}/recipient", handover)
        api.route("POST", "/shipments/{shipment_id}/tracking", handover)

    def _by_the_clock(self, platform: Platform, data: Data) -> None:
        """What nobody answers, ships in time, or collects."""
        take_back = Function(self, platform, "ship.take_back", timeout=300)
        data.orders_for(take_back)
        data.index_for(take_back, schema.DUE_INDEX)
        data.index_for(take_back, schema.QUEUE_INDEX)
        every(take_back, minutes=1)

        delays = Function(self, platform, "ship.delays", timeout=60)
        data.orders_for(delays)
        data.index_for(delays, schema.DUE_INDEX)
        every(delays, minutes=5)

    def _workshop(self, platform: Platform, data: Data, api: Api) -> None:
        """The API of those who make to order."""
        workshop = Function(self, platform, "ship.workshop_api", timeout=25, http=True)
        data.orders_for(workshop)
        data.documents_for(workshop, WORK_ORDERS, "s3:GetObject", "s3:PutObject")
        api.route("PUT", "/orders/{order_id}/instructions", workshop)
        api.route("GET", "/work-orders/{work_order_id}/document", workshop)
        for done in ("start", "finish", "pass", "fail", "scrap"):
            api.route("POST", f"/work-orders/{{work_order_id}}/{done}", workshop)
