"""What no caller should send: a clear 4xx problem document, nothing stored, nothing given away."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.client import sign
from tests.e2e.world import World

NOBODY: dict[str, str] = {}
LEAKS = (
    "Traceback",
    "botocore",
    "site-packages",
    "pydantic",
    ".py",
    "arn:aws",
    "doorstep-embedded",
)
KEPT = ("ORDER", "PRODUCT#", "LOCATIONS", "DELIVERY#", "STOCK#", "LEDGER#")
"""What a stored order, product, place or movement would be kept under."""


@pytest.fixture(scope="module", autouse=True)
def nothing_is_stored(world: World) -> Iterator[None]:
    """No record is there afterwards that was not there before, and no message waits."""
    before = records(world)
    yield
    assert records(world) == before
    for queue in ("storefront", "carrier"):
        world.drained(queue)


def records(world: World) -> set[tuple[str, str]]:
    keys = ((row["pk"]["S"], row["sk"]["S"]) for row in world.aws.rows(world.outputs.table_name))
    return {(pk, sk) for pk, sk in keys if pk.startswith(KEPT) and "TIMELINE" not in sk}


def cart(world: World, **changes: Any) -> bytes:
    return json.dumps(world.cart({"NOBODY-SELLS-THIS": 1}, **changes)).encode()


def line(world: World, **changes: Any) -> bytes:
    return cart(world, lines=[{"sku": "NOBODY-SELLS-THIS", "quantity": 1, **changes}])


BODIES = {
    "malformed": (400, lambda _: b'{"channel":'),
    "not text": (400, lambda _: b"\xff\xfe\x00"),
    "bottomless": (400, lambda _: b"[" * 100_000),
    "endless number": (400, lambda _: b'{"channel":' + b"9" * 5_000 + b"}"),
    "half a surrogate pair": (400, lambda w: cart(w, payment_token="\ud800")),
    "nothing": (422, lambda _: b""),
    "null": (422, lambda _: b"null"),
    "a list": (422, lambda _: b"[]"),
    "a text": (422, lambda _: b'"order"'),
    "wrong types": (422, lambda w: cart(w, lines="mug", currency=978)),
    "an unknown field": (422, lambda w: cart(w, discount=100)),
    "an unknown SKU": (422, cart),
    "an unknown delivery": (422, lambda w: cart(w, delivery_option="teleport")),
    "a SKU that is a key": (422, lambda w: line(w, sku="A#B")),
    "no units": (422, lambda w: line(w, quantity=0)),
    "negative units": (422, lambda w: line(w, quantity=-1)),
    "half a unit": (422, lambda w: line(w, quantity=0.5)),
    "huge quantity": (422, lambda w: line(w, quantity=10**30)),
    "too many lines": (422, lambda w: cart(w, lines=[{"sku": "A", "quantity": 1}] * 51)),
    "one megabyte": (413, lambda w: cart(w, payment_token="x" * 1_000_000)),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_cart_is_refused_with_its_reason(world: World, name: str) -> None:
    status, body = BODIES[name]
    sent = body(world)
    assert_refused(world, "POST", "/orders", status, sent, {"idempotency-key": world.key()})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": ""}, 415),
        ({"idempotency-key": "x" * 201}, 422),
        ({"idempotency-key": "two words"}, 422),
        ({"idempotency-key": ""}, 422),
    ],
)
def test_a_cart_with_bad_headers_is_refused(
    world: World, headers: dict[str, str], status: int
) -> None:
    given = {"idempotency-key": world.key(), **headers}
    assert_refused(world, "POST", "/orders", status, cart(world), given)


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/orders/lower", 422, None),
        ("GET", "/orders/O-NOBODYSORDER", 404, None),
        ("GET", "/orders/O-" + "A" * 3_000, 422, None),
        ("GET", "/orders/'%20or%201=1", 422, None),
        ("GET", "/orders/%2e%2e", 422, None),
        ("GET", "/orders/%00", 404, None),
        ("GET", "/stock/A%23B", 404, None),
        ("GET", "/work-items?limit=0", 422, None),
        ("GET", "/work-items?after=forged", 422, None),
        ("GET", "/returns/O-NOBODYSORDER-R1", 404, None),
        ("GET", "/shipments/O-NOBODYSORDER-F1-P1/label", 404, None),
        ("PUT", "/products/one", 422, {"sku": "another", "name": "x", "prices": {"EUR": 1}}),
        ("PUT", "/products/one", 422, {"sku": "one", "name": "x", "prices": {"EUR": -1}}),
        ("PUT", "/locations/one", 422, {"location_id": "one", "name": "x", "kind": "moon"}),
        (
            "POST",
            "/locations/leipzig/receipts",
            422,
            {"receipt_id": "r", "goods": [{"sku": "NOBODY-SELLS-THIS", "quantity": 1}]},
        ),
        (
            "POST",
            "/locations/nowhere/receipts",
            404,
            {"receipt_id": "r", "goods": [{"sku": "NOBODY-SELLS-THIS", "quantity": 1}]},
        ),
        ("POST", "/orders/O-NOBODYSORDER/cancel", 422, {"reason": ""}),
    ],
)
def test_a_bad_path_or_record_is_refused(
    world: World, method: str, path: str, status: int, body: object
) -> None:
    sent = None if body is None else json.dumps(body).encode()
    assert_refused(world, method, path, status, sent, NOBODY)


@pytest.mark.parametrize("path", ["/orders/..%2fstock%2fx", "/nothing", "/orders/O-A/", "//"])
def test_there_is_nothing_beside_the_routes(world: World, path: str) -> None:
    answer = world.sends("GET", path, None, NOBODY)
    assert answer.status_code == 404
    assert_nothing_leaks(world, answer.text)


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("storefronts/generic", 1_000_001, 413),
        ("carriers/sandbox", 1_000_001, 413),
        ("storefronts/%2e%2e", 2, 404),
        ("storefronts/__init__", 2, 404),
        ("carriers/nobody", 2, 404),
    ],
)
def test_a_bad_webhook_is_refused(world: World, path: str, size: int, status: int) -> None:
    body = b"x" * size
    sender = "sandbox" if path.startswith("carriers") else "generic"
    headers = sign(world.access.webhooks[sender], world.key(), body)
    assert_refused(world, "POST", f"/webhooks/{path}", status, body, headers)


def assert_refused(
    world: World,
    method: str,
    path: str,
    status: int,
    body: bytes | None,
    headers: dict[str, str],
) -> None:
    answer = world.sends(method, path, body, headers)
    assert (answer.status_code, answer.headers["content-type"]) == (
        (status, "application/problem+json")
    )
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= problem.keys()
    assert_nothing_leaks(world, answer.text)


def assert_nothing_leaks(world: World, text: str) -> None:
    secrets = (*world.access.keys.values(), *world.access.webhooks.values())
    assert not [leak for leak in (*LEAKS, *secrets) if leak in text]
