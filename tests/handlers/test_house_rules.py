"""What a newcomer may rely on in every function, held by reading the sources."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "layers/doorstep/python/doorstep"
HANDLERS = sorted(
    path for path in (ROOT / "functions").glob("*/*.py") if path.name != "__init__.py"
)
TRIGGERS = (
    "HTTP",
    "SQS",
    "Schedule",
    "Step Functions",
    "DynamoDB stream",
)

handlers = pytest.mark.parametrize(
    "path", HANDLERS, ids=[f"{path.parent.name}/{path.stem}" for path in HANDLERS]
)


def sources(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


@handlers
def test_a_handler_is_short(path: Path) -> None:
    """Parse, one call, return: 40 lines; an API with all its routes 150."""
    text = path.read_text()
    limit = 150 if "web.api()" in text else 40
    assert len(text.splitlines()) <= limit


@handlers
def test_its_first_line_says_what_wakes_it_and_what_comes_of_it(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    first = docstring.partition("\n")[0]
    assert first.startswith(TRIGGERS), first
    assert "→" in first


@handlers
def test_it_says_why_a_repeat_is_harmless(path: Path) -> None:
    docstring = (ast.get_docstring(ast.parse(path.read_text())) or "").lower()
    words = ("repeat", "nothing is changed", "nothing is written", "get /openapi.json")
    assert any(word in docstring for word in words)


@handlers
def test_it_has_a_handler(path: Path) -> None:
    module = importlib.import_module(f"functions.{path.parent.name}.{path.stem}")
    assert callable(module.handler)


def test_every_module_imports_with_an_empty_environment() -> None:
    """No environment, clock or network at import: what is needed is asked for when it is needed."""
    names = [f"functions.{path.parent.name}.{path.stem}" for path in HANDLERS]
    names += [
        ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts)
        for path in sources(LIBRARY)
        if path.name != "__init__.py"
    ]
    code = f"import importlib\nfor name in {names!r}: importlib.import_module(name)"
    environment = {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(LIBRARY.parent))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_key_is_spelled_in_one_place() -> None:
    """`keys.py` alone writes keys of the table; `assemble` reads the kinds of rows."""
    keys = LIBRARY / "adapters/dynamo/keys.py"
    spelled = {
        node.value.split("#", 1)[0] + "#"
        for node in ast.walk(ast.parse(keys.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "#" in node.value
    }
    spelled -= {"#"}
    assert {"ORDER#", "STOCK#"} <= spelled
    for path in sources(LIBRARY, ROOT / "functions", ROOT / "infra"):
        if path in (keys, keys.with_name("schema.py")):
            continue
        found = [
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and any(node.value.startswith(prefix) for prefix in spelled)
        ]
        assert not found, path


@pytest.mark.parametrize(
    ("word", "homes"),
    [
        ("put_events", {"adapters/bus.py"}),
        ("transact_write_items", {"adapters/dynamo/transact.py"}),
        ("start_execution", {"adapters/workflow.py"}),
        # The address of Cognito is one of the AWS SDK's own settings.
        ("os.environ", {"runtime/settings.py", "adapters/tokens.py"}),
    ],
)
def test_some_things_are_done_in_one_place(word: str, homes: set[str]) -> None:
    users = {path for path in sources(LIBRARY, ROOT / "functions") if word in path.read_text()}
    assert users == {LIBRARY / home for home in homes}


def test_the_domain_has_no_clock_and_draws_no_ids() -> None:
    for path in sources(LIBRARY / "domain", LIBRARY / "usecases"):
        text = path.read_text()
        for word in ("datetime.now", "utcnow", "time.time(", "uuid", "import random", "secrets"):
            assert word not in text, f"{path}: {word}"
