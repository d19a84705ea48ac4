"""`make deploy STAGE=…`: both stacks to AWS with your own credentials, see docs/deploy.md."""

import sys

from local import cdk
from local.command import command


@command
def main() -> None:
    sys.exit(cdk.deploy(sys.argv[1]))


if __name__ == "__main__":
    main()
