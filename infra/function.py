"""The one place where a Lambda is made, and where it is connected to what invokes it.

Each has a role of its own with named actions, a log group with a retention, a time limit and an
alarm on errors. Its environment holds settings (`doorstep.runtime.settings`) and nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from doorstep.runtime import settings
from infra.layers import ROOT
from infra.stage import RUNTIME, Stage


@dataclass(frozen=True)
class Platform:
    """What all functions of a stage stand on."""

    stage: Stage
    layers: Sequence[lambda_.ILayerVersion]
    alarms: sns.ITopic

    def alarm(
        self,
        scope: Construct,
        name: str,
        metric: cloudwatch.IMetric,
        text: str,
        *,
        above: float = 0,
    ) -> None:
        """An alarm that tells the operators' topic as soon as `metric` is above the threshold."""
        cloudwatch.Alarm(
            scope,
            name,
            metric=metric,
            alarm_description=text,
            threshold=above,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.SnsAction(self.alarms))


class Function(Construct):
    """The Lambda of one module: `Function(self, platform, "ship.buy_label")`."""

    def __init__(
        self,
        scope: Construct,
        platform: Platform,
        module: str,
        *,
        timeout: int = 10,
        memory: int = 512,
        http: bool = False,
    ) -> None:
        verb, _, name = module.partition(".")
        super().__init__(scope, "".join(part.title() for part in name.split("_")))
        stage = platform.stage
        self.module = module
        self.platform = platform
        self.timeout = timeout
        named = stage.named(module.replace(".", "-").replace("_", "-"))
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{named}",
            retention=stage.log_retention,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log.grant(self.role, "logs:CreateLogStream", "logs:PutLogEvents")
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=named,
            handler=f"functions.{module}.handler",
            code=_code(verb),
            runtime=RUNTIME,
            architecture=stage.architecture,
            layers=list(platform.layers),
            role=self.role,
            log_group=log,
            timeout=cdk.Duration.seconds(timeout),
            memory_size=memory,
            reserved_concurrent_executions=stage.reserved_concurrency if http else None,
        )
        self.set({"STAGE": stage.name, **stage.providers})
        platform.alarm(
            self,
            "Errors",
            self.function.metric_errors(period=cdk.Duration.minutes(5)),
            f"{module} raised an error. Its log says why; docs/operate.md says what to do.",
        )

    def set(self, environment: Mapping[str, str]) -> None:
        """Hand settings over; raises ValueError for a name that is not one."""
        if unknown := set(environment) - settings.NAMES:
            raise ValueError(f"{self.module}: {sorted(unknown)} not in doorstep.runtime.settings")
        for name, value in environment.items():
            self.function.add_environment(name, value)

    def allow(self, resource: str, *named_actions: str) -> None:
        """Let it do these actions on this resource."""
        self.role.add_to_policy(
            iam.PolicyStatement(actions=list(named_actions), resources=[resource])
        )


def consume(
    function: Function, queue: sqs.IQueue, *, batch: int = 10, window: int | None = None
) -> None:
    """Feed the function from a queue; only the messages that failed come back.

    `window` is the seconds to wait for a fuller batch, needed for one of more than 10.
    """
    function.function.add_event_source(
        sources.SqsEventSource(
            queue,
            batch_size=batch,
            max_batching_window=cdk.Duration.seconds(window) if window is not None else None,
            max_concurrency=function.platform.stage.consumer_concurrency,
            report_batch_item_failures=True,
        )
    )


def _code(verb: str) -> lambda_.AssetCode:
    """The handlers of one verb, importable as `functions.<verb>`."""
    return lambda_.Code.from_asset(
        str(ROOT),
        exclude=[
            "/*",
            "!/functions",
            "/functions/*",
            "!/functions/__init__.py",
            f"!/functions/{verb}",
            "**/__pycache__",
        ],
        ignore_mode=cdk.IgnoreMode.GIT,
    )
