"""Events, the way out: timeline items go from the table's stream to the bus, then to customers."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from doorstep.adapters.dynamo import schema
from infra.api import Api
from infra.data import Data
from infra.function import Function, Platform, consume
from infra.queue import Queue, dead_letter_queue


class Events(Construct):
    def __init__(self, scope: Construct, platform: Platform, data: Data, api: Api) -> None:
        super().__init__(scope, "Events")
        stage = platform.stage

        self.publish = publish = Function(self, platform, "events.publish", timeout=30)
        publish.set({"EVENT_BUS_NAME": data.bus.event_bus_name})
        publish.allow(data.bus.event_bus_arn, "events:PutEvents")
        self.unpublished = unpublished = dead_letter_queue(publish, platform, "publish-dead")
        publish.function.add_event_source(
            sources.DynamoEventSource(
                data.table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=100,
                parallelization_factor=2,
                filters=[_NEW_TIMELINE_ITEM],
                report_batch_item_failures=True,
                bisect_batch_on_error=True,
                # Tried until then; the stream itself keeps it 24 hours, so that it can be read.
                max_record_age=cdk.Duration.hours(12),
                on_failure=sources.SqsDlq(unpublished),
            )
        )
        platform.alarm(
            publish,
            "Behind",
            publish.function.metric(
                "IteratorAge", statistic="Maximum", period=cdk.Duration.minutes(5)
            ),
            "Events are published more than five minutes late.",
            above=300_000,
        )

        republish = Function(self, platform, "events.republish", http=True)
        data.orders_for(republish, read_only=True)
        republish.set({"EVENT_BUS_NAME": data.bus.event_bus_name})
        republish.allow(data.bus.event_bus_arn, "events:PutEvents")
        api.route("POST", "/orders/{order_id}/republish", republish)
        api.route("POST", "/stock/{sku}/republish", republish)

        news = Queue(self, platform, "notify")
        news.receive(
            data.bus,
            "shipment.delayed",
            "fulfillment_order.ready_for_pickup",
            "fulfillment_order.pickup_reminded",
            "order.canceled",
            "return.approved",
            "payment.refunded",
            "payment.wanted",
            "remedy.offered",
            "remedy.carried_out",
            "remedy.withdrawn",
        )
        self.notify = notify = Function(self, platform, "events.notify")
        data.orders_for(notify, read_only=True)
        notify.set({"SENDER_ADDRESS": stage.sender_address})
        data.links_for(notify, api.remedies)
        data.payment_links_for(notify, api.payments)
        domain = stage.sender_address.partition("@")[2]
        identity = cdk.Stack.of(self).format_arn(
            service="ses", resource="identity", resource_name=domain
        )
        # The embedded AWS does not look up which identity a mail is sent by.
        notify.allow("*" if stage.embedded else identity, "ses:SendEmail")
        consume(notify, news.queue)


_NEW_TIMELINE_ITEM = lambda_.FilterCriteria.filter(
    {
        "eventName": lambda_.FilterRule.is_equal("INSERT"),
        "dynamodb": {
            "Keys": {
                schema.SK: {"S": lambda_.FilterRule.begins_with(schema.TIMELINE_PREFIX)},
            }
        },
    }
)
