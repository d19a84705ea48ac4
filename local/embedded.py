"""The embedded AWS: one process on 127.0.0.1 with IAM enforced, in a process group of its own.

`make up` leaves it running and notes its pid; everything else ends it when its `with` block ends.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".doorstep"
ACCOUNT = "000000000000"
REGION = "us-east-1"

_PYTHON = ROOT / "local/emulator/.venv/bin/python"
_RUN = ROOT / "local/emulator/run.py"
_START_SECONDS = 60.0
_STOP_SECONDS = 1.5


class EmbeddedAwsError(Exception):
    """The embedded AWS cannot be had; the message is one line and says what to do."""


@dataclass
class EmbeddedAws:
    """One embedded AWS on `port`; its log, pid and scratch files lie in `home`."""

    port: int
    home: Path = HOME
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "emulator.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, *, stay: bool = False) -> None:
        """Boot and wait until healthy; `stay` lets it outlive this process.

        Raises EmbeddedAwsError if the port is taken, nothing is installed, or it ends at once.
        """
        if not _PYTHON.exists():
            raise EmbeddedAwsError("The embedded AWS is not installed. Run: make ready")
        if _taken(self.port):
            raise EmbeddedAwsError(
                f"Port {self.port} is taken. End what runs there (make down), or choose another "
                f"one: make … PORT={self.port + 1}"
            )
        scratch = self.home / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [_PYTHON, _RUN, *(["--stay"] if stay else [])],
                env=_emulator_environment(self.port, scratch),
                stdin=subprocess.DEVNULL if stay else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(self._process)
        except BaseException:
            self.stop()
            raise
        if stay:
            self._pid_file.write_text(json.dumps({"pid": self._process.pid, "port": self.port}))

    def stop(self) -> None:
        """End the process and every worker it started; harmless when there is none."""
        if self._process is None:
            return
        _end_group(self._process.pid)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None
        shutil.rmtree(self.home / "tmp", ignore_errors=True)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def _pid_file(self) -> Path:
        return self.home / "emulator.json"

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise EmbeddedAwsError(f"The embedded AWS ended while starting. See {self.log}")
            if _healthy(self.port):
                return
            time.sleep(0.05)
        raise EmbeddedAwsError(f"The embedded AWS did not get ready. See {self.log}")


def running(home: Path = HOME) -> EmbeddedAws | None:
    """The embedded AWS that `make up` left running, or None."""
    noted = _noted(home)
    if noted is None or not _is_ours(noted["pid"]) or not _healthy(noted["port"]):
        return None
    return EmbeddedAws(noted["port"], home)


def end_running(home: Path = HOME) -> bool:
    """End what `make up` started; False if nothing of ours runs. Never touches a foreign pid."""
    noted = _noted(home)
    if noted is None:
        return False
    ours = _is_ours(noted["pid"])
    if ours:
        _end_group(noted["pid"])
    (home / "emulator.json").unlink(missing_ok=True)
    (home / "outputs.json").unlink(missing_ok=True)
    shutil.rmtree(home / "tmp", ignore_errors=True)
    return ours


def client_environment(endpoint: str) -> dict[str, str]:
    """What the CDK and boto3 need to talk to the embedded AWS, and nothing of the real one."""
    foreign = ("AWS_", "CDK_")
    return {k: v for k, v in os.environ.items() if not k.startswith(foreign)} | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _emulator_environment(port: int, scratch: Path) -> dict[str, str]:
    foreign = ("AWS_", "CDK_", "PYTHON", "VIRTUAL_ENV")
    return {k: v for k, v in os.environ.items() if not k.startswith(foreign)} | {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": os.environ.get("DOORSTEP_EMULATOR_LOG", "WARNING"),
        "TMPDIR": str(scratch),
        # Nothing of what it could also do: no Docker, no MQTT, no SFTP.
        "DOCKER_HOST": "unix:///nowhere",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _noted(home: Path) -> dict[str, int] | None:
    try:
        noted: dict[str, int] = json.loads((home / "emulator.json").read_text())
    except FileNotFoundError:
        return None
    return noted


def _is_ours(pid: int) -> bool:
    """Whether `pid` is still the process this project started, not a later one of that number."""
    if Path("/proc/self").exists():
        try:
            return os.fsencode(_RUN) in Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            return False
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return str(_RUN) in subprocess.run(ps, capture_output=True, text=True, check=False).stdout


def _end_group(pid: int) -> None:
    """SIGTERM to the emulator and its workers, then SIGKILL to what is left after a while."""
    for sign, patience in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 2.0)):
        try:
            os.killpg(pid, sign)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                _reap(pid)
                os.killpg(pid, 0)
                time.sleep(0.05)
        except (ProcessLookupError, PermissionError):
            return


def _reap(pid: int) -> None:
    """Collect the leader if it is our child: a zombie would keep its group alive."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
