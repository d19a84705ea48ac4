"""A Step Functions workflow from its ASL file: a role, a log, an alarm on every run that failed."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.function import Function, Platform


class Workflow(Construct):
    """`${buy_label}` in the file is the ARN of the function given as `buy_label`."""

    def __init__(
        self, scope: Construct, platform: Platform, asl: Path, **functions: Function
    ) -> None:
        name = asl.name.partition(".")[0]
        super().__init__(scope, "Workflow")
        stage = platform.stage
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[step.function.function_arn for step in functions.values()],
            )
        )
        machine = stepfunctions.StateMachine(
            self,
            "Machine",
            state_machine_name=stage.named(name),
            definition_body=stepfunctions.DefinitionBody.from_file(str(asl)),
            definition_substitutions={
                step: function.function.function_arn for step, function in functions.items()
            },
            role=self.role,
            logs=stepfunctions.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Log",
                    log_group_name=f"/aws/vendedlogs/states/{stage.named(name)}",
                    retention=stage.log_retention,
                    removal_policy=cdk.RemovalPolicy.DESTROY,
                ),
                level=stepfunctions.LogLevel.ALL,
                include_execution_data=False,
            ),
        )
        self.arn = machine.state_machine_arn
        period = cdk.Duration.minutes(5)
        for outcome, metric in (
            ("Failed", machine.metric_failed(period=period)),
            ("TimedOut", machine.metric_timed_out(period=period)),
            ("Aborted", machine.metric_aborted(period=period)),
        ):
            text = f"A {name} workflow ended as {outcome}. Its fulfillment order was set aside."
            platform.alarm(self, outcome, metric, text)
