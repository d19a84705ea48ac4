"""The CDK app: `cdk synth -c stage=prod`. Synthesizing asks nothing of AWS."""

import os

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra import nag
from infra.data import Data
from infra.service import Service
from infra.stage import Stage, stage

_FLAGS = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/core:checkSecretUsage": True,
    "@aws-cdk/core:target-partitions": ["aws", "aws-cn"],
}


def build(which: Stage, outdir: str | None = None) -> cdk.App:
    """The app of one stage, checked by cdk-nag when it is synthesized."""
    app = cdk.App(outdir=outdir, context=_FLAGS, analytics_reporting=False)
    cdk.Tags.of(app).add("project", "doorstep")
    cdk.Tags.of(app).add("stage", which.name)
    data = Data(app, which, synthesizer=_synthesizer(which))
    service = Service(app, which, data, synthesizer=_synthesizer(which))
    nag.acknowledge(data, service)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def _synthesizer(which: Stage) -> cdk.StackSynthesizer:
    """The embedded AWS lets nobody assume the roles that a bootstrapped account deploys with."""
    return cdk.CliCredentialsStackSynthesizer() if which.embedded else cdk.DefaultStackSynthesizer()


if __name__ == "__main__":
    build(stage(os.environ.get("STAGE", "dev")), os.environ.get("CDK_OUTDIR")).synth()
