"""Every Lambda has what every Lambda must have."""

import ast
from pathlib import Path

import pytest

from doorstep.runtime import settings
from infra.function import Function
from tests.template.template import Template, target

FUNCTIONS = Path(__file__).parents[2] / "functions"


def test_every_handler_is_deployed_and_every_function_has_its_handler(template: Template) -> None:
    assert set(template.functions()) == set(handlers())


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    roles = [target(one["Role"]) for one in template.functions().values()]

    assert len(roles) == len(set(roles))
    for role in roles:
        assert "ManagedPolicyArns" not in template.of("AWS::IAM::Role")[role]


def test_every_function_has_a_log_of_its_own_that_ends(template: Template) -> None:
    for one in template.functions().values():
        log = template.of("AWS::Logs::LogGroup")[target(one["LoggingConfig"]["LogGroup"])]
        assert log["LogGroupName"] == f"/aws/lambda/{one['FunctionName']}"


def test_no_log_is_kept_for_ever(template: Template) -> None:
    assert all(log["RetentionInDays"] <= 365 for log in template.of("AWS::Logs::LogGroup").values())


def test_every_function_has_an_alarm_on_its_errors(template: Template) -> None:
    assert template.watched("Errors") >= set(template.of("AWS::Lambda::Function"))


def test_the_environment_of_every_function_is_settings(template: Template) -> None:
    for module, one in template.functions().items():
        assert set(one["Environment"]["Variables"]) <= settings.NAMES, module


def test_a_name_that_is_no_setting_is_refused() -> None:
    function = object.__new__(Function)
    function.module = "ship.track"

    with pytest.raises(ValueError, match=r"ship\.track: \['COLOUR'\] not in"):
        function.set({"COLOUR": "red"})


def test_http_functions_end_before_the_api_gives_up(template: Template) -> None:
    for integration in template.of("AWS::ApiGatewayV2::Integration").values():
        one = template.of("AWS::Lambda::Function")[target(integration["IntegrationUri"])]
        assert one["Timeout"] < 30


def test_on_aws_functions_run_on_arm_with_both_layers(prod: Template) -> None:
    for one in prod.functions().values():
        assert one["Architectures"] == ["arm64"]
        assert len(one["Layers"]) == 2


def handlers() -> list[str]:
    """The modules under functions/ that define `handler`."""
    return [
        f"{file.parent.name}.{file.stem}"
        for file in FUNCTIONS.glob("*/*.py")
        if "handler" in names(file)
    ]


def names(file: Path) -> set[str]:
    """What a module defines at its top level."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        match node:
            case ast.FunctionDef(name=name):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found
