"""Run the embedded AWS until told to end, or until the process that started it is gone.

Executed by the emulator's own Python. With `--stay` it outlives its parent (`make up`); without, it
reads its standard input, which ends when the parent does, however that came about.
"""

import os
import signal
import sys
import threading

from ministack.app import main


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGTERM)


if __name__ == "__main__":
    if "--stay" not in sys.argv:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = sys.argv[:1]
    main()
