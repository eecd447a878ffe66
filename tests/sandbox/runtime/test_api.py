"""AWS's API on loopback: what is ours, what is moto's, and what each refuses."""

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from perpetual.sandbox.runtime import SWITCHES, api, moto_app
from perpetual.sandbox.runtime.answers import filtering
from perpetual.sandbox.runtime.answers.tail import LiveTail
from perpetual.sandbox.runtime.api import Api
from perpetual.sandbox.runtime.clients import Clients
from perpetual.sandbox.runtime.wire import Call, Refused

REGION = "eu-west-1"


class Front:
    """The API of an account of its own, with handlers that a test sets."""

    def __init__(self, account: str, application: Api, endpoint: str) -> None:
        """Keep all."""
        self.account = account
        self.application = application
        self.endpoint = endpoint
        self.clients = Clients(endpoint, REGION)
        self.calls: list[Call] = []

    def answer(self, service: str, operation: str, result: Mapping[str, Any] | Refused) -> None:
        """Answer an operation with a result or refusal, and note the call."""

        def handler(call: Call) -> Mapping[str, Any]:
            self.calls.append(call)
            if isinstance(result, Refused):
                raise result
            return result

        self.application.handlers[service, operation] = handler


@pytest.fixture
def front() -> Iterator[Front]:
    """Return an API that nobody has used."""
    account = f"{secrets.randbelow(10**12):012}"
    application = Api(beyond=moto_app.application(account), region=REGION)
    with api.serving(application) as port:
        yield Front(account, application, f"http://127.0.0.1:{port}")


def test_what_nobody_here_handles_is_motos(front: Front) -> None:
    """Resources are made and read, in the account that the sandbox plays."""
    front.clients("ssm").put_parameter(Name="/a", Value="b", Type="String")
    assert front.clients("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "b"
    assert front.clients("sts").get_caller_identity()["Account"] == front.account


def test_accounts_share_nothing(front: Front) -> None:
    """Another account has none of it: tests need not clean up."""
    front.clients("ssm").put_parameter(Name="/a", Value="b", Type="String")
    other = Api(beyond=moto_app.application("000000000001"), region=REGION)
    with api.serving(other) as port:
        ssm = Clients(f"http://127.0.0.1:{port}", REGION)("ssm")
        with pytest.raises(ClientError, match="ParameterNotFound"):
            ssm.get_parameter(Name="/a")


def test_a_handler_answers_json(front: Front) -> None:
    """It is asked with boto3's names and answers with them; numbers become times."""
    front.answer("ecs", "*", {"services": [{"serviceName": "web", "createdAt": 1.5}]})
    said = front.clients("ecs").describe_services(cluster="c", services=["web"])
    assert said["services"][0]["serviceName"] == "web"
    assert said["services"][0]["createdAt"].timestamp() == 1.5
    (call,) = front.calls
    assert (call.service, call.operation, call.region) == ("ecs", "DescribeServices", REGION)
    assert call.parameters == {"cluster": "c", "services": ["web"]}


def test_a_handler_answers_xml(front: Front) -> None:
    """The older protocol is told apart by its body, and answered alike."""
    target = {"Target": {"Id": "10.0.0.1", "Port": 80}, "TargetHealth": {"State": "healthy"}}
    front.answer("elbv2", "DescribeTargetHealth", {"TargetHealthDescriptions": [target]})
    elb = front.clients("elbv2")
    said = elb.describe_target_health(TargetGroupArn="a", Targets=[{"Id": "10.0.0.1"}])
    assert said["TargetHealthDescriptions"] == [target]
    assert front.calls[0].parameters["Targets"] == [{"Id": "10.0.0.1"}]


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("ecs", "describe_services", {"services": ["a"]}),
        ("elbv2", "describe_target_health", {"TargetGroupArn": "a"}),
    ],
)
def test_a_refusal_arrives_with_code_and_words(
    front: Front, service: str, operation: str, request_: Mapping[str, Any]
) -> None:
    """In both protocols it is the error that boto3 would raise for AWS."""
    name = "".join(part.title() for part in operation.split("_"))
    front.answer(service, name, Refused("AccessDeniedException", "You may not."))
    with pytest.raises(ClientError) as raised:
        getattr(front.clients(service), operation)(**request_)
    error = raised.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("AccessDeniedException", "You may not.")


def test_a_request_that_does_not_fit_is_refused_here_too(front: Front) -> None:
    """A client that checks nothing is told what AWS would tell it."""
    front.answer("ecs", "*", {})
    careless = boto3.client(
        "ecs",
        region_name=REGION,
        endpoint_url=front.endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - nobody's
        config=Config(parameter_validation=False),
    )
    with pytest.raises(ClientError, match=r"InvalidParameterException.*desiredCount|services"):
        careless.describe_services(cluster="c")
    with pytest.raises(ClientError, match="SerializationException"):
        careless.update_service(service="web", desiredCount="two")
    assert front.calls == []


def test_another_region_is_another_aws(front: Front) -> None:
    """The sandbox's own answers are for the stack's region alone."""
    front.answer("ssm", "GetParameter", {"Parameter": {"Value": "ours"}})
    said = front.clients("ssm").get_parameter(Name="/a")
    assert said["Parameter"]["Value"] == "ours"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        Clients(front.endpoint, "eu-central-1")("ssm").get_parameter(Name="/a")


def test_a_tap_hears_of_what_moto_granted(front: Front) -> None:
    """And of nothing that it refused."""
    heard: list[Call] = []
    front.application.taps["logs", "PutLogEvents"] = heard.append
    logs = front.clients("logs")
    events = [{"timestamp": 1_700_000_000_000, "message": "a"}]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)
    assert [call.parameters["logEvents"] for call in heard] == [events]


def test_live_tail_sends_what_is_put_meanwhile(front: Front) -> None:
    """Only events of the wanted group and stream that match, each once, in order."""
    tail = LiveTail(front.account)
    front.application.streamers.update(tail.streamers)
    front.application.taps.update(tail.taps)
    logs = front.clients("logs")
    for group in ("/g", "/other"):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="web/1")
    client = boto3.client(
        "logs",
        region_name=REGION,
        endpoint_url=front.endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",  # noqa: S106 - nobody's
        config=Config(inject_host_prefix=False),
    )
    arn = f"arn:aws:logs:{REGION}:{front.account}:log-group:/g"
    stream = client.start_live_tail(
        logGroupIdentifiers=[arn], logStreamNamePrefixes=["web/"], logEventFilterPattern="wanted"
    )["responseStream"]
    found: list[str] = []
    for event in stream:
        if "sessionStart" in event:
            for group in ("/g", "/other"):
                messages = ["wanted 1", "not this", f"wanted in {group}"]
                logs.put_log_events(
                    logGroupName=group,
                    logStreamName="web/1",
                    logEvents=[{"timestamp": 1_700_000_000_000, "message": m} for m in messages],
                )
        found += [
            one["message"] for one in event.get("sessionUpdate", {}).get("sessionResults", ())
        ]
        if len(found) >= 2:
            break
    stream.close()
    tail.close()
    assert found == ["wanted 1", "wanted in /g"]


def test_events_are_filtered_by_pattern(front: Front) -> None:
    """Moto alone would return them all; without a pattern it does."""
    front.application.handlers.update(filtering.handlers(front.clients))
    logs = front.clients("logs")
    logs.create_log_group(logGroupName="/g")
    logs.create_log_stream(logGroupName="/g", logStreamName="s")
    now = int(time.time() * 1000)
    events = [
        {"timestamp": now, "message": f'{{"level": "{level}"}}'} for level in ("info", "error")
    ]
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)
    pattern = '{ $.level = "error" }'
    found = logs.filter_log_events(logGroupName="/g", filterPattern=pattern)["events"]
    assert [one["message"] for one in found] == ['{"level": "error"}']
    assert len(logs.filter_log_events(logGroupName="/g")["events"]) == 2
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        logs.filter_log_events(logGroupName="/g", filterPattern="%regex%")


def test_many_callers_at_once(front: Front) -> None:
    """Every request is answered, each with its own answer."""

    def echo(call: Call) -> Mapping[str, Any]:
        return {"cluster": {"clusterName": call.parameters["clusterName"]}}

    front.application.handlers["ecs", "CreateCluster"] = echo
    client = front.clients("ecs")
    wrong: list[str] = []

    def work(worker: int) -> None:
        for number in range(10):
            name = f"{worker}-{number}"
            said = client.create_cluster(clusterName=name)["cluster"]["clusterName"]
            if said != name:
                wrong.append(said)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_motos_switches_are_set_before_it_is_imported() -> None:
    """A fresh process refuses what AWS refuses: unknown images and instance types."""
    program = (
        "import perpetual.sandbox.runtime.moto_app, moto.settings as s;"
        "print(s.ENABLE_AMI_VALIDATION, s.EC2_ENABLE_INSTANCE_TYPE_VALIDATION,"
        "s.ACM_VALIDATION_WAIT, s.ec2_load_default_amis(), s.load_iam_aws_managed_policies())"
    )
    clean = {name: value for name, value in os.environ.items() if name not in SWITCHES}
    said = subprocess.run(
        [sys.executable, "-c", program], env=clean, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["True", "True", "1", "False", "True"]
