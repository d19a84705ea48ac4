"""No message is lost quietly: every queue, stream and rule knows where its failures go."""

import json

from doorstep.domain import events
from doorstep.domain.stock_file import UPLOADS
from tests.template.template import Properties, Template, target


def consumers(template: Template) -> list[Properties]:
    mappings = template.of("AWS::Lambda::EventSourceMapping").values()
    return [one for one in mappings if "StartingPosition" not in one]


def event_names(kind: type[events.Event] = events.Event) -> set[str]:
    own = {kind.name} if "name" in vars(kind) else set()
    return own.union(*map(event_names, kind.__subclasses__()))


def test_every_queue_consumer_reports_what_failed(template: Template) -> None:
    for mapping in consumers(template):
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_every_consumed_queue_has_dead_letters_with_an_alarm(template: Template) -> None:
    queues = template.of("AWS::SQS::Queue")
    for mapping in consumers(template):
        name = target(mapping["EventSourceArn"])
        redrive = queues[name]["RedrivePolicy"]
        assert redrive["maxReceiveCount"] == 5
        dead = target(redrive["deadLetterTargetArn"])
        assert queues[dead]["QueueName"] == f"{queues[name]['QueueName']}-dead"
        assert dead in template.watched("ApproximateNumberOfMessagesVisible")


def test_every_consumed_queue_has_an_alarm_on_its_age(template: Template) -> None:
    watched = template.watched("ApproximateAgeOfOldestMessage")
    assert {target(one["EventSourceArn"]) for one in consumers(template)} <= watched


def test_a_message_stays_hidden_longer_than_its_consumer_may_take(template: Template) -> None:
    for mapping in consumers(template):
        queue = template.of("AWS::SQS::Queue")[target(mapping["EventSourceArn"])]
        function = template.of("AWS::Lambda::Function")[target(mapping["FunctionName"])]
        assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]


def test_every_queue_is_encrypted(template: Template) -> None:
    assert all(one["SqsManagedSseEnabled"] for one in template.of("AWS::SQS::Queue").values())


def test_every_queue_on_aws_takes_tls_only(prod: Template) -> None:
    policies = {
        target(queue): policy["PolicyDocument"]["Statement"]
        for policy in prod.of("AWS::SQS::QueuePolicy").values()
        for queue in policy["Queues"]
    }
    for name in prod.of("AWS::SQS::Queue"):
        assert any(one["Effect"] == "Deny" for one in policies[name]), name


def test_the_stream_tries_for_hours_and_keeps_where_it_gave_up(template: Template) -> None:
    (stream,) = (
        one
        for one in template.of("AWS::Lambda::EventSourceMapping").values()
        if one.get("StartingPosition") == "TRIM_HORIZON"
    )
    assert stream["BisectBatchOnFunctionError"] is True
    assert "MaximumRetryAttempts" not in stream
    hours = stream["MaximumRecordAgeInSeconds"] / 3600
    assert 6 <= hours <= 18, "long enough for an outage, and gone before the stream's 24 hours are"
    dead = target(stream["DestinationConfig"]["OnFailure"]["Destination"])
    assert dead in template.of("AWS::SQS::Queue")


def test_the_stream_wakes_who_waits_for_goods_and_the_clock_does_the_rest(
    template: Template,
) -> None:
    (stream,) = (
        one
        for one in template.of("AWS::Lambda::EventSourceMapping").values()
        if one.get("StartingPosition") == "LATEST"
    )
    (wanted,) = (json.loads(one["Pattern"]) for one in stream["FilterCriteria"]["Filters"])
    kinds = {one["prefix"] for one in wanted["dynamodb"]["Keys"]["sk"]["S"]}
    assert {"received#", "arrived#", "returned#", "released#"} <= kinds
    assert not {"held#", "shipped#", "shifted_in#"} & kinds
    assert stream["MaximumRetryAttempts"] == 3


def test_every_rule_listens_for_events_that_exist_and_keeps_what_it_cannot_deliver(
    template: Template,
) -> None:
    known = event_names()
    for rule in template.of("AWS::Events::Rule").values():
        pattern = rule["EventPattern"]
        if pattern["source"] == ["aws.s3"]:
            assert pattern["detail-type"] == ["Object Created"]
            assert pattern["detail"]["object"] == {"key": [{"prefix": UPLOADS}]}
        else:
            assert pattern["source"] == ["doorstep"]
            assert set(pattern["detail-type"]) <= known
        for delivery in rule["Targets"]:
            assert target(delivery["DeadLetterConfig"]["Arn"]) in template.of("AWS::SQS::Queue")
            assert delivery["RetryPolicy"]["MaximumRetryAttempts"] == 185
