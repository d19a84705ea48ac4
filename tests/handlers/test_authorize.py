"""The authorizer: a key becomes a caller with a role and a scope; nobody else gets in."""

import hashlib
import json

import pytest

from functions.api import authorize
from tests.handlers.cloud import Cloud, Context, request

KEY = "dk_test_1"


@pytest.fixture
def known(cloud: Cloud) -> None:
    """One key, of a warehouse in Berlin."""
    caller = {"name": "berlin", "role": "warehouse", "scope": "BERLIN"}
    secret = json.dumps({hashlib.sha256(KEY.encode()).hexdigest(): caller})
    cloud.client("secretsmanager").put_secret_value(SecretId="api-keys", SecretString=secret)


def asked(authorization: str) -> dict[str, object]:
    event = request("GET", "/orders/O-A", headers={"Authorization": authorization})
    return dict(authorize.handler(event, Context()))


@pytest.mark.usefixtures("known")
def test_a_known_key_is_a_caller() -> None:
    assert asked(f"Bearer {KEY}") == {
        "isAuthorized": True,
        "context": {"name": "berlin", "role": "warehouse", "scope": "BERLIN"},
    }
    assert asked(f"bearer  {KEY} ")["isAuthorized"]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", KEY, f"Basic {KEY}", "Bearer other", "Bearer " + "x" * 9999]
)
def test_nobody_else_is(given: str) -> None:
    assert asked(given) == {"isAuthorized": False}


@pytest.mark.parametrize(
    ("groups", "caller"),
    [
        ([], {"name": "u-1", "role": "customer", "scope": ""}),
        (["agent"], {"name": "u-1", "role": "agent", "scope": ""}),
        (
            ["warehouse", "location:BERLIN", "location:HAMBURG"],
            {"name": "u-1", "role": "warehouse", "scope": "BERLIN HAMBURG"},
        ),
        (["warehouse"], None),
    ],
)
def test_a_user_is_what_their_groups_say_and_a_warehouse_user_works_somewhere(
    monkeypatch: pytest.MonkeyPatch, groups: list[str], caller: dict[str, str] | None
) -> None:
    claims = {"sub": "u-1", "cognito:groups": groups}
    monkeypatch.setattr("doorstep.runtime.wiring.token_claims", lambda _: claims)
    answer = asked("Bearer a.b.c")
    assert answer == (
        {"isAuthorized": True, "context": caller} if caller else {"isAuthorized": False}
    )
