"""What a synthesized stack says, by type of resource."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

Properties = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """The resources of all stacks of one stage, by logical id."""

    resources: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, assembly: Path) -> Self:
        stacks = [json.loads(file.read_text()) for file in assembly.glob("*.template.json")]
        assert len(stacks) == 2
        return cls({name: one for stack in stacks for name, one in stack["Resources"].items()})

    def of(self, kind: str) -> dict[str, Properties]:
        """The properties of the resources of a type such as `AWS::SQS::Queue`, by logical id."""
        return {
            name: one.get("Properties", {})
            for name, one in self.resources.items()
            if one["Type"] == kind
        }

    def functions(self) -> dict[str, Properties]:
        """The Lambda functions by module: `ship.buy_label`."""
        return {module(one): one for one in self.of("AWS::Lambda::Function").values()}

    def watched(self, metric: str) -> set[str]:
        """The logical ids of what has an alarm on this metric that tells somebody."""
        return {
            target(dimension["Value"])
            for alarm in self.of("AWS::CloudWatch::Alarm").values()
            if alarm["MetricName"] == metric and alarm["AlarmActions"]
            for dimension in alarm["Dimensions"]
        }

    def statements(self) -> list[tuple[str, Properties]]:
        """Every statement of every policy of a role, with the policy's logical id."""
        return [
            (name, statement)
            for name, policy in self.of("AWS::IAM::Policy").items()
            for statement in policy["PolicyDocument"]["Statement"]
        ]


def module(function: Properties) -> str:
    return str(function["Handler"].removeprefix("functions.").removesuffix(".handler"))


def target(reference: Any) -> str:
    """The logical id that a reference points to; an imported value is taken by its name."""
    match reference:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return str(name)
        case {"Fn::ImportValue": name}:
            return str(name)
        case _:
            return str(reference)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """An ARN with its references left in, as one searchable line."""
    match value:
        case {"Fn::Join": [_, parts]}:
            return "".join(map(text, parts))
        case str():
            return value
        case _:
            return f"<{target(value)}>"
