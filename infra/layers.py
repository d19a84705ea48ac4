"""The two layers: Doorstep's library as it lies, and the third-party wheels of the lock file.

No Docker: `uv` downloads the wheels made for AWS's Linux and Python, or for this machine when the
target is the embedded AWS. What AWS's own Python runtime brings (boto3) is never packed.
"""

import compileall
import hashlib
import platform
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.stage import RUNTIME, Stage

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LIBRARY = ROOT / "layers/doorstep"

_UV = ROOT / ".tools/uv/bin/uv"
_AWS_PLATFORM = "aarch64-manylinux_2_28"
_AWS_PYTHON = RUNTIME.name.removeprefix("python")


def library(scope: Construct, stage: Stage) -> lambda_.LayerVersion:
    """`doorstep` itself; compiled ahead for the embedded AWS, whose workers each unpack it anew."""
    source = _compiled(LIBRARY) if stage.embedded else LIBRARY
    exclude = [] if stage.embedded else ["**/__pycache__"]
    code = lambda_.Code.from_asset(str(source), exclude=exclude, ignore_mode=cdk.IgnoreMode.GIT)
    return _layer(scope, "Library", stage, code)


def vendor(scope: Construct, stage: Stage) -> lambda_.LayerVersion:
    """The packages of `[project] dependencies` in pyproject.toml, as uv.lock has them."""
    wheels = _wheels(stage)
    source = _pointer(wheels) if stage.embedded else wheels
    code = lambda_.Code.from_asset(
        str(source), asset_hash=source.name, asset_hash_type=cdk.AssetHashType.CUSTOM
    )
    return _layer(scope, "Vendor", stage, code)


def _layer(
    scope: Construct, name: str, stage: Stage, code: lambda_.AssetCode
) -> lambda_.LayerVersion:
    return lambda_.LayerVersion(
        scope,
        name,
        layer_version_name=stage.named(name.lower()),
        code=code,
        compatible_runtimes=[RUNTIME],
        compatible_architectures=[stage.architecture],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def _wheels(stage: Stage) -> Path:
    """A folder with the locked wheels under `python/`, built once per lock file and platform."""
    requirements = _run(
        *("export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project"),
        *("--no-header", "--no-annotate"),
    )
    target = (
        ["--python", sys.executable]
        if stage.embedded
        else ["--python-platform", _AWS_PLATFORM, "--python-version", _AWS_PYTHON]
    )
    place = (platform.platform(), sys.version) if stage.embedded else (_AWS_PLATFORM, _AWS_PYTHON)
    digest = hashlib.sha256("\n".join((requirements, *place)).encode()).hexdigest()[:32]
    folder = BUILD / "vendor" / digest
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        listed = unfinished / "requirements.txt"
        listed.write_text(requirements)
        _run(
            *("pip", "install", "--quiet", "--only-binary", ":all:", "--require-hashes", *target),
            *("--target", str(unfinished / "python"), "--requirements", str(listed)),
        )
        listed.unlink()
        if stage.embedded:
            compileall.compile_dir(unfinished / "python", quiet=2)
        unfinished.rename(folder)
    return folder


def _pointer(wheels: Path) -> Path:
    """A layer that only says where the wheels are: the embedded AWS unpacks layers per worker."""
    folder = BUILD / "pointer" / wheels.name
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "python/lib" / version / "site-packages"
    site.mkdir(parents=True, exist_ok=True)
    (site / "vendor.pth").write_text(f"{wheels / 'python'}\n")
    return folder


def _compiled(source: Path) -> Path:
    """A copy of the library with bytecode that holds wherever and whenever it is unpacked."""
    folder = BUILD / "library"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=folder,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    return folder


def _run(*arguments: str) -> str:
    command = [_UV if _UV.exists() else "uv", "--color", "never", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"uv {arguments[0]} failed:\n{done.stderr.strip()}")
    return done.stdout
