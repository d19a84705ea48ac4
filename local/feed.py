"""Doorstep's events of orders as another system hears them: a queue of its own on the bus."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from doorstep.domain.events import TimelineItem
from local.aws import Aws
from local.outputs import Outputs

_NAME = "listener"
_LISTENERS = 2
_WAIT_SECONDS = 1


@contextmanager
def listening(outputs: Outputs, hear: Callable[[TimelineItem], None]) -> Iterator[None]:
    """Call `hear` for every event of an order while the block runs: at least once, in any order.

    It is called from several threads, and must not raise.
    """
    aws = Aws(outputs.endpoint)
    queue = _subscribed(aws, outputs.event_bus_name)
    over = threading.Event()

    def receive() -> None:
        sqs = aws.client("sqs")
        while not over.is_set():
            answer = sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_SECONDS
            )
            messages = answer.get("Messages", [])
            for detail in (json.loads(message["Body"])["detail"] for message in messages):
                if "order_id" in detail:
                    hear(TimelineItem.model_validate(detail))
            if messages:
                done = [
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ]
                sqs.delete_message_batch(QueueUrl=queue, Entries=done)

    threads = [threading.Thread(target=receive, daemon=True) for _ in range(_LISTENERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
        aws.close()


def _subscribed(aws: Aws, bus: str) -> str:
    """The address of a queue that gets every event of the bus."""
    sqs, events = aws.client("sqs"), aws.client("events")
    queue = str(sqs.create_queue(QueueName=f"{bus}-{_NAME}")["QueueUrl"])
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = answer["Attributes"]["QueueArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    pattern = json.dumps({"source": ["doorstep"]})
    events.put_rule(Name=_NAME, EventBusName=bus, EventPattern=pattern)
    events.put_targets(Rule=_NAME, EventBusName=bus, Targets=[{"Id": _NAME, "Arn": arn}])
    return queue
