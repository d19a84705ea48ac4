"""The API is what its description says: requests are made up from openapi.json, odd ones too."""

import json

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.embedded import ROOT
from tests.e2e.world import World

EXAMPLES = 12
"""Requests per operation."""

described = schemathesis.openapi.from_dict(
    json.loads((ROOT / "functions/api/openapi.json").read_text())
)


@pytest.mark.filterwarnings("ignore")
@described.parametrize()
@hypothesis.seed(20261123)
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case: schemathesis.Case, world: World) -> None:
    """No 5xx, no status, content type or shape that the description does not name."""
    given = {name: value for name, value in case.headers.items() if name != "Authorization"}
    case.headers = {**given, "Authorization": f"Bearer {world.access.keys['admin']}"}
    case.call_and_validate(
        base_url=world.outputs.api_url,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
