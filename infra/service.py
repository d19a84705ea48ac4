"""The stateless stack: the API, the functions of every verb, queues, schedules, the workflow."""

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra import layers
from infra.allocate import Allocate
from infra.api import Api
from infra.checkout import Checkout
from infra.data import Data
from infra.events import Events
from infra.function import Platform
from infra.pay import Pay
from infra.returns import Returns
from infra.ship import Ship
from infra.stage import Stage


class Service(cdk.Stack):
    """May be deleted and made again at any time."""

    def __init__(self, scope: Construct, stage: Stage, data: Data, **props: object) -> None:
        super().__init__(scope, stage.named(), **props)  # type: ignore[arg-type]
        platform = Platform(
            stage=stage,
            layers=(layers.library(self, stage), layers.vendor(self, stage)),
            alarms=sns.Topic(
                self,
                "Alarms",
                topic_name=stage.named("alarms"),
                enforce_ssl=stage.encrypted_transport,
            ),
        )
        self.api = api = Api(self, platform, data)
        Checkout(self, platform, data, api)
        self.ship = ship = Ship(self, platform, data, api)
        self.allocate = Allocate(self, platform, data, api, ship.workflow)
        Returns(self, platform, data, api)
        Pay(self, platform, data, api)
        self.events = Events(self, platform, data, api)
        cdk.CfnOutput(self, "ApiUrlOutput", key="ApiUrl", value=api.url)
        cdk.CfnOutput(self, "WorkflowOutput", key="StateMachineArn", value=ship.workflow.arn)
        cdk.CfnOutput(self, "AlarmsOutput", key="AlarmTopicArn", value=platform.alarms.topic_arn)
