"""How long each function takes to be imported, and how much code it brings along."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local.embedded import ROOT

_PYTHON = ROOT / "local/emulator/.venv/bin/python"
_TRIES = 5
_PROGRAM = """
import importlib, sys, time
began = time.perf_counter()
importlib.import_module(sys.argv[1])
print((time.perf_counter() - began) * 1000)
"""


def functions() -> list[str]:
    """The modules of all Lambdas."""
    files = sorted((ROOT / "functions").glob("*/[!_]*.py"))
    return [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]


def import_milliseconds(module: str) -> float:
    """The best of five imports, each in a process of its own, with bytecode and layers as there."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(
            map(str, (ROOT, ROOT / "build/library/python", _vendor() / "python"))
        ),
        "PYTHONPYCACHEPREFIX": str(ROOT / "build/pycache"),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    times = []
    for _ in range(_TRIES):
        done = subprocess.run(
            [_PYTHON, "-c", _PROGRAM, module],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        times.append(float(done.stdout))
    return min(times)


def sizes() -> Mapping[str, tuple[int, int]]:
    """(bytes, bytes zipped) of the two layers and of the handlers of each verb."""
    folders = {
        "layer doorstep": ROOT / "layers/doorstep",
        "layer vendor": _vendor(),
        **{
            f"functions {folder.name}": folder
            for folder in sorted((ROOT / "functions").iterdir())
            if folder.is_dir() and not folder.name.startswith("_")
        },
    }
    return {name: _sizes(folder) for name, folder in folders.items()}


def _vendor() -> Path:
    """The newest set of wheels for this machine and its Python."""
    mine = f"*/python/pydantic_core/*{sysconfig.get_config_var('EXT_SUFFIX')}"
    found = (ROOT / "build/vendor").glob(mine)
    newest = max(found, key=lambda wheel: wheel.stat().st_ctime)
    return newest.parent.parent.parent


def _sizes(folder: Path) -> tuple[int, int]:
    """Without bytecode, which AWS's Python makes by itself or not at all."""
    whole = 0
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for found in sorted(folder.rglob("*")):
                if found.is_file() and "__pycache__" not in found.parts:
                    whole += found.stat().st_size
                    archive.write(found, found.relative_to(folder))
        return whole, file.tell()
