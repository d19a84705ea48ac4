"""Run the embedded AWS until told to end, or until the process that started it is gone.

Executed by the emulator's own Python. With `--stay` it outlives its parent (`make up`); without, it
reads its standard input, which ends when the parent does, however that came about.

One thing of the emulator is put right: AWS names a function's error by the exception's class, which
workflows catch and retry by; the emulator calls every error Runtime.HandlerError. And where
`DOORSTEP_METER` names a file, everything that AWS would bill is noted there.
"""

import os
import signal
import sys
import threading

from ministack.app import main
from ministack.services import lambda_svc

_UNNAMED = "Runtime.HandlerError"
_FRAME = '  File "'


def _end_with_parent():
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGTERM)


def _naming_errors(execute):
    """Wrap the emulator's call of a Python function."""

    def executed(func, event, request_id):
        result = execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == _UNNAMED:
            body["errorType"] = _raised(result.get("log", "")) or _UNNAMED
        return result

    return executed


def _raised(log):
    """The class of the exception whose traceback ends the log; empty where there is none."""
    frames, said = log.rpartition(_FRAME)[1:]
    after = said.splitlines()[1:] if frames else []
    last = next((line for line in after if line and not line[0].isspace()), "")
    return last.partition(":")[0].rpartition(".")[2]


if __name__ == "__main__":
    if "--stay" not in sys.argv:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = sys.argv[:1]
    lambda_svc._execute_function_warm = _naming_errors(lambda_svc._execute_function_warm)
    if meter_file := os.environ.get("DOORSTEP_METER"):
        import meter

        meter.install(meter_file)
    main()
