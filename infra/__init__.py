"""Doorstep on AWS: two stacks, one construct per verb; on a laptop, in the embedded AWS."""

import os
from pathlib import Path

# The CDK's library runs in Node: the one that `make` installs, however this was started.
_NODE = Path(__file__).resolve().parent.parent / ".tools/node/bin/node"
if _NODE.exists():
    os.environ.setdefault("JSII_NODE", str(_NODE))
