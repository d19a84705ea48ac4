"""The ordinary CDK command line: synthesize once per change of the sources, bootstrap, deploy."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.embedded import ACCOUNT, HOME, REGION, ROOT, client_environment
from local.outputs import Outputs

_CDK = (ROOT / ".tools/node/bin/node", ROOT / "node_modules/aws-cdk/bin/cdk")
_SOURCES = ("infra", "functions", "layers", "uv.lock", "cdk.json", "package-lock.json")
_KEPT_VERSIONS = 3


class CdkError(Exception):
    """The CDK failed; the message is one line with its reason and where to read the rest."""


def synth(stage: str) -> Path:
    """The cloud assembly of the stage; made anew only if something it is made of has changed.

    Each version has a folder of its own, so one that is being deployed never changes; the newest
    few are kept.
    """
    versions = ROOT / "build/cdk.out" / stage
    versions.mkdir(parents=True, exist_ok=True)
    with (versions / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assembly = versions / _digest(stage)
        if not assembly.exists():
            unfinished = versions / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            app = [sys.executable, "-m", "infra.app"]
            _run(app, {"STAGE": stage, "CDK_OUTDIR": str(unfinished)})
            unfinished.rename(assembly)
        assembly.touch()
        folders = sorted(filter(Path.is_dir, versions.iterdir()), key=lambda v: v.stat().st_mtime)
        for old in folders[:-_KEPT_VERSIONS]:
            shutil.rmtree(old)
    return assembly


def bootstrap(endpoint: str, home: Path = HOME) -> None:
    """Make the bucket that the CDK uploads to; outside the project, as it needs no app."""
    _cdk(
        "bootstrap", f"aws://{ACCOUNT}/{REGION}", environment=client_environment(endpoint), cwd=home
    )


def deploy_embedded(endpoint: str, home: Path = HOME) -> Outputs:
    """Deploy both stacks into the embedded AWS and read back where everything is."""
    outputs = home / "cdk-outputs.json"
    _cdk(
        *("deploy", "--all", "--app", str(synth("embedded")), "--outputs-file", str(outputs)),
        *("--require-approval", "never", "--method", "direct", "--output", str(home / "cdk")),
        environment=client_environment(endpoint),
    )
    return Outputs.read(outputs, endpoint)


def deploy(stage: str) -> int:
    """Deploy both stacks to AWS with the user's own credentials, at their terminal; exit status."""
    if stage == "embedded":
        raise CdkError("The embedded stage is for this machine. Run: make up")
    command = [*map(str, _CDK), "deploy", "--all", "--app", str(synth(stage))]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _cdk(*arguments: str, environment: dict[str, str], cwd: Path = ROOT) -> None:
    _run([*map(str, _CDK), "--no-color", "--no-notices", *arguments], environment, cwd)


def _run(command: list[str], environment: dict[str, str], cwd: Path = ROOT) -> None:
    base = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    HOME.mkdir(exist_ok=True)
    log = HOME / "cdk.log"
    done = subprocess.run(
        command,
        cwd=cwd,
        env=base | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        log.write_text(done.stdout)
        raise CdkError(f"{_reason(done.stdout)} (all of it: {log})")


def _reason(said: str) -> str:
    """The line that says why: the first resource that failed, or the last error."""
    lines = said.splitlines()
    failed = [line for line in lines if "_FAILED" in line]
    errors = [line for line in lines if "rror:" in line]
    return next(iter(failed + errors[::-1]), "no reason given").strip()


def _digest(stage: str) -> str:
    """Of everything the assembly is made of: the sources, the locks, the Python."""
    digest = hashlib.sha256(f"{stage} {sys.version}".encode())
    for file in _files():
        digest.update(f"\n{file.relative_to(ROOT)} ".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:20]


def _files() -> Iterator[Path]:
    for name in _SOURCES:
        place = ROOT / name
        if place.is_file():
            yield place
        for file in sorted(place.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file
