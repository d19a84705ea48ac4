"""`make up`: the embedded AWS with Doorstep deployed, left running in the background."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from local import cdk
from local.access import grant
from local.command import command, port
from local.embedded import HOME, EmbeddedAws, end_running, running
from local.outputs import Outputs
from local.progress import console, step


def deploy(aws: EmbeddedAws) -> Outputs:
    """Synthesize, bootstrap and deploy into a running embedded AWS; note where everything is.

    Also tells the stack which callers and senders there are: `local.access` knows their keys.
    """
    with ThreadPoolExecutor(1) as beside:
        bootstrapped = beside.submit(cdk.bootstrap, aws.endpoint, aws.home)
        with step("Synthesizing the app"):
            cdk.synth("embedded")
        with step("Deploying it with the CDK"):
            bootstrapped.result()
            outputs = cdk.deploy_embedded(aws.endpoint, aws.home)
            grant(outputs, aws.home)
    note(outputs, aws.home)
    return outputs


def note(outputs: Outputs, home: Path = HOME) -> None:
    """Write the outputs down for whoever comes later."""
    (home / "outputs.json").write_text(json.dumps(asdict(outputs), indent=2) + "\n")


def up() -> Outputs:
    """Boot, unless it runs already, and deploy the sources as they are now."""
    if aws := running():
        return deploy(aws)
    aws = EmbeddedAws(port())
    with step(f"Booting the embedded AWS on {aws.endpoint}"):
        aws.start(stay=True)
    try:
        return deploy(aws)
    except BaseException:
        end_running()
        raise


@command
def main() -> None:
    outputs = up()
    console.print(f"\nAPI      {outputs.api_url}")
    console.print(f"AWS      {outputs.endpoint}  (AWS_ENDPOINT_URL)")
    console.print(f"Noted in {HOME / 'outputs.json'}. End it with: make down")


if __name__ == "__main__":
    main()
