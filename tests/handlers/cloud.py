"""Events in the shapes that AWS sends, and what the functions answer to them."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from doorstep.adapters.dynamo.schema import TIMELINE_PREFIX
from tests.contract.fakes import FakeWorkflow

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of some length").decode()

LINKS_SECRET = "a secret that signs links, of some length"

kept: list[Answer] = []
"""Every answer of a test, for those who look at all of them."""


class Answer(NamedTuple):
    """What a function answered over HTTP."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def faults(self) -> dict[str, str]:
        """path → fault, of a problem document."""
        return {fault["path"]: fault["fault"] for fault in self.body["faults"]}


class Context:
    """What Lambda tells a function about its run."""

    function_name = "test"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:test"
    aws_request_id = "1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 10_000


def request(
    method: str,
    path: str,
    body: object = None,
    *,
    role: str = "admin",
    name: str = "ann",
    scope: str = "",
    raw: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An HTTP API event, payload version 2.0, with the caller that the authorizer found."""
    text = raw if raw is not None else json.dumps(body) if body is not None else None
    given = {"content-type": "application/json"} if text is not None else {}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "&".join(f"{k}={v}" for k, v in (query or {}).items()),
        "headers": given | {k.lower(): v for k, v in (headers or {}).items()},
        "queryStringParameters": dict(query or {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": {"lambda": {"name": name, "role": role, "scope": scope}},
            "domainName": "api.example.org",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "1",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "02/Mar/2026:10:00:00 +0000",
            "timeEpoch": 1772445600000,
        },
        "isBase64Encoded": False,
        **({"body": text} if text is not None else {}),
    }


def call(function: ModuleType, method: str, path: str, body: object = None, **more: Any) -> Answer:
    """Call a function over HTTP."""
    answer = function.handler(request(method, path, body, **more), Context())
    headers = {k.lower(): v for k, v in answer.get("headers", {}).items()}
    headers |= {k.lower(): v[0] for k, v in answer.get("multiValueHeaders", {}).items()}
    text = answer.get("body") or "null"
    kept.append(Answer(answer["statusCode"], json.loads(text), headers))
    return kept[-1]


def callback(
    function: ModuleType,
    parameter: str,
    sender: str,
    body: bytes,
    *,
    secret: str = WEBHOOK_SECRET,
    at: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A signed webhook, as Standard Webhooks has it."""
    stamp, name = str(at or int(time.time())), "msg_1"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{name}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    event = request("POST", f"/webhooks/{sender}", raw=base64.b64encode(body).decode())
    event["isBase64Encoded"] = True
    event["pathParameters"] = {parameter: sender}
    event["headers"] |= {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
        **(headers or {}),
    }
    answer = function.handler(event, Context())
    return Answer(answer["statusCode"], json.loads(answer["body"]), answer["headers"])


def sqs(*bodies: str) -> dict[str, Any]:
    """An SQS event; messages are named m0, m1…"""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "handle",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def consume(function: ModuleType, *bodies: str) -> list[str]:
    """Hand messages to a function; answers those that failed."""
    answer = function.handler(sqs(*bodies), Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@dataclass
class Cloud:
    """What lies in the tables and queues."""

    client: Callable[[str], Any]
    workflow: FakeWorkflow

    def rows(self) -> list[dict[str, Any]]:
        """Every row of the table, in wire format."""
        return list(self.client("dynamodb").scan(TableName="doorstep")["Items"])

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """What waits on a queue; it is taken off."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    def stream(self, order_id: str) -> dict[str, Any]:
        """The stream's event with the whole timeline of an order."""
        items = [
            row
            for row in self.rows()
            if row["sk"]["S"].startswith(TIMELINE_PREFIX) and order_id in row["pk"]["S"]
        ]
        items.sort(key=lambda row: row["sk"]["S"])
        return {
            "Records": [
                {
                    "eventID": str(number),
                    "eventName": "INSERT",
                    "eventSource": "aws:dynamodb",
                    "dynamodb": {
                        "Keys": {"pk": row["pk"], "sk": row["sk"]},
                        "NewImage": row,
                        "SequenceNumber": f"{number:021}",
                        "StreamViewType": "NEW_IMAGE",
                    },
                }
                for number, row in enumerate(items)
            ]
        }

    def on_the_bus(self, order_id: str, *names: str) -> list[str]:
        """Messages as the bus puts them on queues: all events of an order with these names."""
        items = [
            json.loads(record["dynamodb"]["NewImage"]["json"]["S"])
            for record in self.stream(order_id)["Records"]
        ]
        return [bus_message(item) for item in items if item["name"] in names]


def bus_message(item: Mapping[str, Any]) -> str:
    """An EventBridge event as its rule puts it on a queue."""
    return json.dumps(
        {
            "version": "0",
            "id": "1",
            "detail-type": item["name"],
            "source": "doorstep",
            "account": "123456789012",
            "time": item["at"],
            "region": "eu-central-1",
            "resources": [],
            "detail": item,
        }
    )


def personal(text: str, words: Iterable[str]) -> list[str]:
    """Those of the words that a text gives away."""
    return [word for word in words if word in text]
