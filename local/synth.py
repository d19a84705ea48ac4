"""`make synth STAGE=…`: the cloud assembly of a stage, checked by cdk-nag; asks nothing of AWS."""

import sys

from local import cdk
from local.command import command
from local.embedded import ROOT
from local.progress import console, step


@command
def main() -> None:
    with step(f"Synthesizing {sys.argv[1]}"):
        assembly = cdk.synth(sys.argv[1])
    console.print(f"See {assembly.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
