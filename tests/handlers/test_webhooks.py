"""The fronts of the queues: signed over the raw bytes, kept, queued, answered; nothing else."""

import base64
import hmac
import json
import time

import pytest

from functions.checkout import ingest, storefront_webhook
from functions.ship import carrier_webhook
from tests.handlers.cloud import WEBHOOK_SECRET, Answer, Cloud, Context, callback, consume, request

ORDER = {
    "type": "order.created",
    "timestamp": "2026-03-02T10:00:00Z",
    "data": {"id": "9007199254740993"},
}
BODY = json.dumps(ORDER).encode()


def send(body: bytes = BODY, sender: str = "generic", **more: object) -> Answer:
    return callback(storefront_webhook, "storefront", sender, body, **more)


def from_shopify(body: bytes, *, secret: str = WEBHOOK_SECRET) -> Answer:
    """As Shopify signs: over the body alone."""
    event = request("POST", "/webhooks/storefronts/shopify", raw=body.decode())
    digest = hmac.digest(secret.encode(), body, "sha256")
    event["pathParameters"] = {"storefront": "shopify"}
    event["headers"] |= {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "w1",
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
    }
    answer = storefront_webhook.handler(event, Context())
    return Answer(answer["statusCode"], json.loads(answer["body"]), answer["headers"])


def test_a_signed_body_is_kept_and_queued(cloud: Cloud) -> None:
    assert send().status == 202
    (message,) = cloud.messages("storefront")
    stored = cloud.client("s3").get_object(Bucket="inbox", Key=message["body"])["Body"].read()
    assert stored == BODY
    assert message["sender"] == "generic"
    assert message["headers"]["webhook-id"] == "msg_1"
    assert "signature" not in json.dumps(message)


def test_shopify_signs_the_raw_bytes(cloud: Cloud) -> None:
    body = '{"id": 820982911946154508, "name": "Zoë"}'.encode()
    assert from_shopify(body).status == 202
    (message,) = cloud.messages("storefront")
    assert message["headers"]["x-shopify-topic"] == "orders/create"
    assert "hmac" not in json.dumps(message)
    assert from_shopify(body, secret="another").status == 401
    assert cloud.messages("storefront") == []


def test_a_repeat_is_queued_again_under_the_same_name(cloud: Cloud) -> None:
    for _ in range(2):
        assert send().status == 202
    one, two = cloud.messages("storefront")
    assert one["body"] == two["body"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"secret": "whsec_" + base64.b64encode(b"another").decode()}, 401),
        ({"at": int(time.time()) - 40_000}, 401),
        ({"at": int(time.time()) + 40_000}, 401),
        ({"headers": {"webhook-signature": "v1,"}}, 401),
        ({"headers": {"webhook-signature": "nonsense"}}, 401),
        ({"headers": {"webhook-timestamp": "yesterday"}}, 401),
        ({"headers": {"webhook-id": ""}}, 401),
        ({"sender": "nobody"}, 404),
        ({"sender": "../admin"}, 404),
        ({"body": b"x" * 1_100_000}, 413),
    ],
)
def test_what_is_not_signed_is_refused_and_nothing_is_kept(
    cloud: Cloud, more: dict[str, object], status: int
) -> None:
    answer = send(**more)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert cloud.messages("storefront") == []
    assert "Contents" not in cloud.client("s3").list_objects_v2(Bucket="inbox")


def test_a_carrier_signs_too(cloud: Cloud) -> None:
    assert callback(carrier_webhook, "carrier", "sandbox", b'{"events": []}').status == 202
    (message,) = cloud.messages("carrier")
    assert (message["sender"], message["body"]) == ("sandbox", '{"events": []}')
    assert callback(carrier_webhook, "carrier", "nobody", b"{}").status == 404
    large = b"x" * 300_000
    assert callback(carrier_webhook, "carrier", "sandbox", large).status == 413


def test_a_body_that_no_storefront_would_send_goes_back_to_the_queue(cloud: Cloud) -> None:
    """And in the end to the dead letters, where somebody finds it with its body."""
    send(b"not json at all")
    (message,) = cloud.messages("storefront")
    gone = json.dumps(message | {"body": "storefronts/generic/gone.json"})
    assert consume(ingest, json.dumps(message), gone, "{}") == ["m0", "m1", "m2"]


def test_what_is_no_order_is_ignored_with_success(cloud: Cloud) -> None:
    send(json.dumps(ORDER | {"type": "product.updated"}).encode())
    (message,) = cloud.messages("storefront")
    assert consume(ingest, json.dumps(message)) == []
    assert cloud.rows() == []
