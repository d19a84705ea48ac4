"""What every command of the laptop room has in common: one clear line instead of a traceback."""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType

from local.cdk import CdkError
from local.client import Refused, Unreachable
from local.embedded import EmbeddedAwsError
from local.progress import console

_INTERRUPTED = 130


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Run as a program: errors a user can mend are one line; Ctrl-C, TERM and HUP unwind alike."""

    @wraps(main)
    def run() -> None:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, _interrupt)
        try:
            main()
        except KeyboardInterrupt:
            sys.exit(_INTERRUPTED)
        except (EmbeddedAwsError, CdkError, Refused, Unreachable, TimeoutError) as error:
            console.print(f"[red]✗[/red] {error}", soft_wrap=True)
            sys.exit(1)

    return run


def port() -> int:
    """The port the user chose for the embedded AWS: `make … PORT=4567`."""
    return int(os.environ.get("DOORSTEP_PORT", "4566"))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
