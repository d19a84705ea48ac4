"""A queue that cannot lose a message quietly: encrypted, TLS only, a dead-letter queue, alarms."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.function import Platform

_ATTEMPTS = 5
_KEEP = cdk.Duration.days(14)
_LATE_SECONDS = 900


class Queue(Construct):
    """A queue and its dead-letter queue, both named after what they feed."""

    def __init__(
        self, scope: Construct, platform: Platform, name: str, *, consumer_timeout: int = 10
    ) -> None:
        super().__init__(scope, f"{name.title()}Queue")
        self.dead_letters = dead_letter_queue(self, platform, f"{name}-dead")
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=platform.stage.named(name),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=platform.stage.encrypted_transport,
            retention_period=_KEEP,
            # AWS asks for six times the consumer's own limit, so that a retry never overlaps it.
            visibility_timeout=cdk.Duration.seconds(6 * consumer_timeout),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=_ATTEMPTS
            ),
        )
        platform.alarm(
            self,
            "Late",
            self.queue.metric_approximate_age_of_oldest_message(period=cdk.Duration.minutes(5)),
            f"The oldest message of the {name} queue waits longer than {_LATE_SECONDS} seconds.",
            above=_LATE_SECONDS,
        )

    def receive(self, bus: events.IEventBus, *names: str) -> None:
        """Deliver the events of these names from the bus."""
        events.Rule(
            self,
            "Rule",
            event_bus=bus,
            description=f"{', '.join(names)} → {self.queue.node.path}",
            event_pattern=events.EventPattern(source=["doorstep"], detail_type=list(names)),
            targets=[self._target()],
        )

    def receive_files(self, bucket: s3.IBucket, prefix: str) -> None:
        """Deliver the news of every file that comes into a part of a bucket."""
        events.Rule(
            self,
            "Files",
            description=f"{prefix}* → {self.queue.node.path}",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": prefix}]},
                },
            ),
            targets=[self._target()],
        )

    def _target(self) -> targets.SqsQueue:
        return targets.SqsQueue(
            self.queue,
            dead_letter_queue=self.dead_letters,
            max_event_age=cdk.Duration.hours(24),
            retry_attempts=185,
        )


def dead_letter_queue(scope: Construct, platform: Platform, name: str) -> sqs.Queue:
    """Where messages end that failed every attempt; one alarm at the first of them."""
    queue = sqs.Queue(
        scope,
        "DeadLetters",
        queue_name=platform.stage.named(name),
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=platform.stage.encrypted_transport,
        retention_period=_KEEP,
    )
    platform.alarm(
        scope,
        "DeadLettersFound",
        queue.metric_approximate_number_of_messages_visible(period=cdk.Duration.minutes(1)),
        f"Messages lie in {name}. docs/operate.md says how to look at them and send them again.",
    )
    return queue
