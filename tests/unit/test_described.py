"""What is written from the code stands in the files as the code has it now."""

import pytest

from local import describe

WRITTEN = describe.written()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_generated_file_is_current(path):
    assert path.read_text() == WRITTEN[path], "run `make docs`"


def test_every_route_lists_its_refusals_as_problem_documents():
    for operations in describe.openapi()["paths"].values():
        for operation in operations.values():
            problem = operation["responses"]["422"]["content"]["application/problem+json"]
            assert problem["schema"]["$ref"].endswith("/Problem")
