"""A stage that names a carrier with an account: the key is a secret, for those who buy labels."""

from dataclasses import replace

import pytest

from infra.app import build
from infra.stage import STAGES
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


def test_the_sandbox_has_no_secret(template: Template) -> None:
    for one in template.functions().values():
        assert "PROVIDERS_SECRET" not in one["Environment"]["Variables"]
    secrets = template.of("AWS::SecretsManager::Secret").values()
    assert not [one["Name"] for one in secrets if one["Name"].endswith("-providers")]
