"""`make down`: end the embedded AWS that `make up` left running."""

import sys

from local.command import command
from local.embedded import end_running
from local.progress import console


@command
def main() -> None:
    ended = end_running()
    if "--quiet" not in sys.argv:
        console.print("Ended." if ended else "Nothing was running.")


if __name__ == "__main__":
    main()
