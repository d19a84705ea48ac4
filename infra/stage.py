"""The stages: every difference between the laptop and AWS is a field here."""

import platform
from dataclasses import dataclass, field

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

RUNTIME = lambda_.Runtime.PYTHON_3_14
"""What the functions run on, on AWS."""


@dataclass(frozen=True)
class Stage:
    """One deployment of the app; its name is part of every resource's name."""

    name: str
    embedded: bool = False
    """Deploys into the embedded AWS: the host's architecture and Python."""
    keep_data: bool = True
    """Tables, buckets and users outlive the stack, and cannot be deleted by mistake."""
    log_retention: logs.RetentionDays = logs.RetentionDays.ONE_MONTH
    sender_address: str = "orders@doorstep.example"
    """Who writes to customers; its domain must be a verified identity of SES."""
    remedy_page: str = ""
    """The page of your shop where a customer chooses a remedy: the id and the token of the mail's
    link are put behind it. Empty: the API's own route, for whoever reads JSON."""
    payment_page: str = ""
    """The same, where a customer pays in another way for what was declined."""
    requests_per_second: int = 100
    burst: int = 200
    consumer_concurrency: int = 10
    """How many batches of one queue are worked on at a time."""
    reserved_concurrency: int | None = None
    """How many copies of one HTTP function may run; None leaves it to the account."""
    providers: dict[str, str] = field(default_factory=dict)
    """Adapters other than the built-in sandboxes, by setting: `{"CARRIER": "easypost"}`."""

    sandbox: bool = False
    """Keeps its data although its payments or its carrier are the sandbox: nobody is charged."""

    def __post_init__(self) -> None:
        """Raise ValueError where a stage that is for real would charge nobody, or ship nothing."""
        pretended = [
            setting
            for setting in ("PAYMENT_PROVIDER", "CARRIER")
            if self.providers.get(setting, "sandbox") == "sandbox"
        ]
        if self.keep_data and pretended and not self.sandbox:
            raise ValueError(
                f"stage {self.name!r} keeps its data, but {' and '.join(pretended)} would be the"
                " sandbox: name a provider, or say sandbox=True"
            )

    @property
    def architecture(self) -> lambda_.Architecture:
        if self.embedded and platform.machine() not in ("arm64", "aarch64"):
            return lambda_.Architecture.X86_64
        return lambda_.Architecture.ARM_64

    @property
    def encrypted_transport(self) -> bool:
        """Whether buckets, queues and topics refuse plain HTTP; 127.0.0.1 speaks nothing else."""
        return not self.embedded

    @property
    def sandbox_payments(self) -> bool:
        return self.providers.get("PAYMENT_PROVIDER", "sandbox") == "sandbox"

    @property
    def payment_account(self) -> bool:
        """Whether money is moved with a key of ours, which is a secret."""
        return not self.sandbox_payments

    @property
    def carrier_account(self) -> bool:
        """Whether labels are bought with a key of ours, which is a secret."""
        return self.providers.get("CARRIER", "sandbox") != "sandbox"

    def named(self, name: str = "") -> str:
        """The physical name of a resource: `doorstep-prod-allocate`."""
        return "-".join(filter(None, ("doorstep", self.name, name)))


STAGES = {
    stage.name: stage
    for stage in (
        Stage(
            name="embedded",
            embedded=True,
            keep_data=False,
            log_retention=logs.RetentionDays.ONE_DAY,
            requests_per_second=10_000,
            burst=5_000,
            consumer_concurrency=2,
            reserved_concurrency=16,
        ),
        Stage(name="dev", keep_data=False, log_retention=logs.RetentionDays.ONE_WEEK),
        Stage(
            name="prod",
            sandbox=True,  # until it names a payment provider: docs/deploy.md
            log_retention=logs.RetentionDays.THREE_MONTHS,
            requests_per_second=500,
            burst=1_000,
            consumer_concurrency=50,
        ),
    )
}


def stage(name: str) -> Stage:
    """The stage of that name; raises ValueError naming the known ones."""
    try:
        return STAGES[name]
    except KeyError:
        raise ValueError(f"no stage {name!r}; known: {', '.join(STAGES)}") from None
