"""An embedded AWS of the tests' own, with Doorstep deployed by the ordinary CDK: once a session.

It takes a free port, so it does not care what `make up` or `make demo` run beside it. Sockets are
open to this machine only.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.access import grant
from local.embedded import EmbeddedAws, free_port
from local.outputs import Outputs
from local.seed import catalog, seed
from local.up import deploy
from tests.e2e.world import COURIER, KIOSK, World

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these tests reach this machine; made-up requests and a look back come last."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "localhost"]))
    last = {"test_described.py": 1, "test_afterwards.py": 2}
    items.sort(key=lambda item: last.get(item.path.name, 0))


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """The embedded AWS, empty but for what is deployed into it; gone when the session ends."""
    with EmbeddedAws(free_port(), tmp_path_factory.mktemp("aws")) as running:
        yield running


@pytest.fixture(scope="session")
def doorstep(aws: EmbeddedAws) -> Outputs:
    """Where the deployed Doorstep is."""
    return deploy(aws)


@pytest.fixture(scope="session")
def world(aws: EmbeddedAws, doorstep: Outputs) -> Iterator[World]:
    """The deployed Doorstep with callers, places and deliveries; every test sells its own goods."""
    with World(doorstep, grant(doorstep, aws.home)) as world:
        places = catalog().model_copy(update={"products": (), "stock": {}})
        seed(places, world.admin)
        world.admin.save(KIOSK)
        world.admin.save(COURIER)
        world.listens()
        yield world
