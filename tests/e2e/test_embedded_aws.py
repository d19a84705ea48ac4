"""The embedded AWS comes up alone, goes down wholly, and touches nothing that is not its own."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.embedded import ROOT, EmbeddedAws, EmbeddedAwsError, end_running, free_port, running


def test_a_taken_port_is_one_clear_line(aws: EmbeddedAws, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedAwsError, match=rf"^Port {aws.port} is taken\. End what .*$"):
        EmbeddedAws(aws.port, tmp_path).start()


def test_what_is_left_running_is_found_and_ended(tmp_path: Path) -> None:
    left = EmbeddedAws(free_port(), tmp_path)
    left.start(stay=True)

    assert running(tmp_path) is not None
    assert end_running(tmp_path)
    assert running(tmp_path) is None
    assert not end_running(tmp_path)
    left.stop()


def test_it_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    parent = (
        "import os, pathlib, signal, sys\n"
        "from local.embedded import EmbeddedAws, free_port\n"
        "aws = EmbeddedAws(free_port(), pathlib.Path(sys.argv[1]))\n"
        "aws.start()\n"
        "print(aws._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", parent, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    pid = int(done.stdout)

    deadline = time.monotonic() + 15
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_a_foreign_process_of_that_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as foreign:
        note = {"pid": foreign.pid, "port": free_port()}
        (tmp_path / "emulator.json").write_text(json.dumps(note))

        assert not end_running(tmp_path)
        assert foreign.poll() is None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
