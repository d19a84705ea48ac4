"""A stage that names a carrier with an account: the key is a secret, for those who buy labels."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.app import build
from infra.stage import STAGES, Stage
from tests.template.template import Template, listed, text

BUYERS = {"ship.buy_label", "returns.api"}


@pytest.fixture(scope="module")
def easypost(tmp_path_factory: pytest.TempPathFactory) -> Template:
    assembly = tmp_path_factory.mktemp("easypost")
    stage = replace(STAGES["dev"], name="easypost", providers={"CARRIER": "easypost"})
    build(stage, str(assembly)).synth()
    return Template.read(assembly)


def test_every_function_knows_the_carrier(easypost: Template) -> None:
    for one in easypost.functions().values():
        assert one["Environment"]["Variables"]["CARRIER"] == "easypost"


def test_only_who_buys_labels_reads_the_key(easypost: Template) -> None:
    secret = "doorstep-easypost-providers"
    told = {
        module
        for module, one in easypost.functions().items()
        if one["Environment"]["Variables"].get("PROVIDERS_SECRET") == secret
    }
    allowed = {
        name
        for name, statement in easypost.statements()
        if any(secret in text(resource) for resource in listed(statement["Resource"]))
    }
    assert told == BUYERS
    assert len(allowed) == len(BUYERS)
    assert secret in [one["Name"] for one in easypost.of("AWS::SecretsManager::Secret").values()]


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Template:
    assembly = tmp_path_factory.mktemp("stripe")
    stage = replace(STAGES["dev"], name="stripe", providers={"PAYMENT_PROVIDER": "stripe"})
    build(stage, str(assembly)).synth()
    return Template.read(assembly)


def test_only_who_moves_or_compares_money_reads_the_key_to_it(stripe: Template) -> None:
    secret = "doorstep-stripe-payments"
    told = {
        module
        for module, one in stripe.functions().items()
        if one["Environment"]["Variables"].get("PAYMENTS_SECRET") == secret
    }
    assert {"ship.capture", "returns.refund", "pay.api", "pay.reconcile"} <= told
    assert not told & {"api.authorize", "ship.buy_label", "ship.warehouse_api", "events.publish"}
    assert not [
        name
        for name, one in stripe.functions().items()
        if "SANDBOX_TABLE_NAME" in one["Environment"]["Variables"]
    ]


def test_the_sandbox_has_no_secret(template: Template) -> None:
    for one in template.functions().values():
        assert "PROVIDERS_SECRET" not in one["Environment"]["Variables"]
        assert "PAYMENTS_SECRET" not in one["Environment"]["Variables"]
    names = [one["Name"] for one in template.of("AWS::SecretsManager::Secret").values()]
    assert not [name for name in names if name.endswith(("-providers", "-payments"))]


def test_a_stage_that_keeps_its_data_does_not_pretend_by_accident() -> None:
    shop = {"name": "shop", "keep_data": True}
    with pytest.raises(ValueError, match="PAYMENT_PROVIDER and CARRIER would be the sandbox"):
        Stage(**shop)
    with pytest.raises(ValueError, match="but PAYMENT_PROVIDER would be the sandbox"):
        Stage(**shop, providers={"CARRIER": "easypost"})
    assert Stage(**shop, sandbox=True).sandbox_payments
    real = {"CARRIER": "easypost", "PAYMENT_PROVIDER": "mine"}
    assert not Stage(**shop, providers=real).sandbox_payments


def test_a_stage_that_pretends_has_its_reason_in_the_docs() -> None:
    reasons = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()
    for stage in STAGES.values():
        assert not stage.sandbox or f"`{stage.name}` says it" in reasons
