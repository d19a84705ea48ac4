"""docs/extend.md quotes the tree as it is, and names nothing that is not there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "layers/doorstep/python/doorstep"
PAGE = (ROOT / "docs/extend.md").read_text()

QUOTES = re.findall(r"^```python (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
LINKS = sorted(set(re.findall(r"\]\(([^):]+)\)", PAGE)))
FILES = sorted(set(re.findall(r"`(\w+\.py)`|`((?:adapters|runtime|infra|tests)/[\w/.]+)`", PAGE)))
NAMES = sorted(
    set(re.findall(r"`([A-Z]\w+|[a-z_]+)(?:\(…\))?`", PAGE))
    | set(re.findall(r"`(?:\w+\.)+(\w+)(?:\(…\))?`", PAGE))
)
ROOMS = (LIBRARY, ROOT / "infra", ROOT / "tests/contract")
CODE = "\n".join(file.read_text() for room in ROOMS for file in room.rglob("*.py"))


def test_every_snippet_says_where_it_is_from() -> None:
    assert len(QUOTES) == PAGE.count("```python") >= 7


@pytest.mark.parametrize(("path", "snippet"), QUOTES)
def test_a_snippet_is_in_its_file(path: str, snippet: str) -> None:
    file = ROOT / path if (ROOT / path).exists() else LIBRARY / path
    assert snippet in file.read_text()


@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


@pytest.mark.parametrize("path", [one or other for one, other in FILES])
def test_a_file_is_there(path: str) -> None:
    assert (ROOT / path).exists() or (LIBRARY / path).exists() or any(LIBRARY.rglob(path))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_in_the_code(name: str) -> None:
    assert re.search(rf"\b{name}\b", CODE, re.IGNORECASE)
