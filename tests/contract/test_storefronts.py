"""What every storefront promises: one suite over all of them."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters import signatures, storefronts
from doorstep.domain.errors import InvalidCommand, NotFound, SignatureInvalid
from doorstep.domain.storefront import CancellationNews, Ignored, OrderNews

NOW = 1_700_000_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

ORDER_HEADERS = {"shopify": {"x-shopify-topic": "orders/create"}, "generic": {}}


def signed(storefront, body):
    """Headers as the storefront signs them."""
    if storefront == "shopify":
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
        return {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}
    signature = standardwebhooks.Webhook(SECRET).sign(
        "msg_1", datetime.fromtimestamp(NOW, UTC), body.decode()
    )
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW),
        "webhook-signature": signature,
    }


def smallest_order(storefront):
    """The least that is an order, with ids beyond 2^63."""
    line = {"id": 2**63 + 1, "name": "Kopje ☕", "quantity": 1}
    order = {
        "id": 2**64 + 1,
        "currency": "EUR",
        "created_at": "2026-11-23T12:00:00+01:00",
    }
    if storefront == "shopify":
        line |= {"price": "404.95"}
        return order | {"line_items": [line], "total_price": "404.95"}
    data = order | {"lines": [line | {"unit_price": "404.95"}], "total": "404.95"}
    return {"type": "order.placed", "timestamp": "2026-11-23T11:00:00Z", "data": data}


@pytest.fixture(params=storefronts.NAMES)
def name(request):
    return request.param


def test_there_are_storefronts():
    assert set(storefronts.NAMES) >= {"shopify", "generic"}


def test_an_unknown_one_is_told_which_there_are():
    with pytest.raises(NotFound, match="generic and shopify"):
        storefronts.load("../shopify")


def test_only_the_one_that_is_asked_for_is_imported(name):
    others = [f"doorstep.adapters.storefronts.{other}" for other in storefronts.NAMES]
    others.remove(f"doorstep.adapters.storefronts.{name}")
    code = (
        "import sys; from doorstep.adapters import signatures, storefronts;"
        "assert 'pydantic' not in sys.modules;"
        f"storefronts.load({name!r}); assert not set({others!r}) & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})  # noqa: S603


def test_what_it_signs_is_accepted_and_an_altered_body_is_not(name):
    body = json.dumps(smallest_order(name)).encode()
    headers = signed(name, body)
    signatures.verify(name, headers, body, [SECRET], NOW)
    with pytest.raises(SignatureInvalid):
        signatures.verify(name, headers, body.replace(b"404.95", b"004.95"), [SECRET], NOW)


def test_the_smallest_order_is_an_order(name):
    body = json.dumps(smallest_order(name)).encode()
    news = storefronts.load(name).parse(headers=ORDER_HEADERS[name], body=body)
    assert isinstance(news, OrderNews)
    assert news.order.external_id == "18446744073709551617"
    assert news.order.lines[0].line_id == "9223372036854775809"
    assert news.order.lines[0].name == "Kopje ☕"
    assert news.order.total.minor == 40495


def test_a_repeated_message_is_the_same_news(name):
    body = json.dumps(smallest_order(name)).encode()
    storefront = storefronts.load(name)
    first, second = (storefront.parse(ORDER_HEADERS[name], body) for _ in range(2))
    assert first == second


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["order.placed", "USD", "1.00", "gid://shopify/Order/1", "1e999999999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def understood(name, body):
    """Whatever is sent is news or refused with its faults; nothing else is raised."""
    with suppress(InvalidCommand):
        news = storefronts.load(name).parse(ORDER_HEADERS[name], body)
        assert isinstance(news, OrderNews | CancellationNews | Ignored)
        news.model_dump_json().encode()


@given(name=st.sampled_from(storefronts.NAMES), body=st.binary(max_size=40))
def test_bytes_are_news_or_refused(name, body):
    understood(name, body)


@given(name=st.sampled_from(storefronts.NAMES), sent=ANYTHING)
def test_any_json_is_news_or_refused(name, sent):
    understood(name, json.dumps(sent).encode())


@given(name=st.sampled_from(storefronts.NAMES), data=st.data())
def test_an_order_with_anything_in_one_place_is_news_or_refused(name, data):
    sent = smallest_order(name)
    part = sent
    while True:
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else [0]))
        if not isinstance(part[key], dict | list) or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = data.draw(ANYTHING)
    understood(name, json.dumps(sent).encode())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[" * 100_000, id="endlessly nested"),
        pytest.param(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, id="deep"),
        pytest.param(b'{"id": ' + b"9" * 5000 + b"}", id="a number of 5000 digits"),
        pytest.param(b'{"id": 1e99999999999999999999}', id="a number beyond Decimal"),
        pytest.param(b'{"id": NaN}', id="not a number"),
        pytest.param(b'{"id": "\xff"}', id="not UTF-8"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"order"', id="a string"),
    ],
)
def test_a_body_that_is_no_object_is_refused(name, body):
    with pytest.raises(InvalidCommand):
        storefronts.load(name).parse(ORDER_HEADERS[name], body)


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "yesterday"]
)
def test_a_moment_outside_of_history_is_refused(name, moment):
    body = json.dumps(smallest_order(name)).replace("2026-11-23T12:00:00+01:00", moment)
    with pytest.raises(InvalidCommand, match="created_at"):
        storefronts.load(name).parse(ORDER_HEADERS[name], body.encode())


def test_half_a_character_does_not_lose_the_order(name):
    body = json.dumps(smallest_order(name)).replace("Kopje", r"\ud83d Kopje")
    news = storefronts.load(name).parse(ORDER_HEADERS[name], body.encode())
    assert news.order.lines[0].name == "\N{REPLACEMENT CHARACTER} Kopje ☕"
