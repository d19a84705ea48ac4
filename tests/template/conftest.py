"""The templates of each stage, synthesized once; the same assemblies are deployed by `make up`."""

import pytest

from local import cdk
from tests.template.template import Template


@pytest.fixture(scope="session", params=["embedded", "prod"])
def template(request: pytest.FixtureRequest) -> Template:
    """Both stacks of a stage as deployed; cdk-nag found nothing in them, or synth fails."""
    return Template.read(cdk.synth(request.param))


@pytest.fixture(scope="session")
def prod() -> Template:
    return Template.read(cdk.synth("prod"))
