"""The command, run as a process on tiny projects: verdicts, faults, and what it leaves behind."""

import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.offline.tiny import CLEAN, PACK, alive, judged, project, run, start, until

PID = """
    import os, pathlib
    pathlib.Path(__file__).with_name("pid").write_text(str(os.getpid()))
"""
CHILD = """
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    pathlib.Path(__file__).with_name("child").write_text(str(child.pid))
"""
SLEEP = """
    import time
    time.sleep(3600)
"""
MUTE = """
    import socket, time
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    time.sleep(3600)
"""


def _gone(file: Path) -> None:
    """Wait until the process whose id is in `file` has ended."""
    pid = int(file.read_text())
    until(lambda: not alive(pid))


def _written(file: Path) -> bool:
    return file.is_file() and file.read_text() != ""


# --- verdicts


def test_a_clean_stack_exits_0_and_shows_its_tree_and_verdict(tmp_path: Path) -> None:
    """On stdout, without colour codes; nothing on stderr."""
    done = run(project(tmp_path))
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "boxes  2 resources" in done.stdout
    assert "└─ Box  one\n   └─ random.RandomPet  one-pet\n" in done.stdout
    assert re.search(r"✓ dev: no finding \(3 policies of tiny, [0-9.]+ s\)\n$", done.stdout)


def test_findings_exit_1_worst_first_with_witness_and_remediation(tmp_path: Path) -> None:
    """And the line of the program that made the resource."""
    program = CLEAN.replace("length=2", "length=1") + "    Box('two'); Box('three')\n"
    done = run(project(tmp_path, program=program))
    assert done.returncode == 1
    finding = (
        "HIGH  length  mandatory\n"
        "  Pets have long names.\n"
        "  one-pet (random.RandomPet)  __main__.py:9\n"
        "  three-pet (random.RandomPet)  __main__.py:9\n"
        "  two-pet (random.RandomPet)  __main__.py:9\n"
        "    length is 1\n"
        "    fix: Set length to 2 or more.\n"
        "  https://example.com/length\n"
    )
    assert finding in done.stdout
    assert done.stdout.index("HIGH  length") < done.stdout.index("ADVISORY  many")
    assert re.search(r"✗ dev: 3 findings, 1 advisory \(", done.stdout)


def test_advice_alone_does_not_refuse(tmp_path: Path) -> None:
    """As with the engine; it is shown all the same."""
    program = f"{CLEAN}    Box('two'); Box('three')\n"
    done = run(project(tmp_path, program=program))
    assert done.returncode == 0
    assert "ADVISORY  many  advisory\n  Few pets.\n  three-pet" in done.stdout
    assert "✓ dev: nothing that refuses it, 1 advisory" in done.stdout


def test_a_policy_that_met_an_unknown_value_refuses(tmp_path: Path) -> None:
    """The SDK calls that advisory; nothing was judged, so it fails closed."""
    program = f"{CLEAN}    random.RandomId('id', byte_length=4, keepers={{'pet': box.pet.id}})\n"
    folder = project(tmp_path, program=program)
    assert run(folder).returncode == 1
    (finding,) = judged(folder)["findings"]
    assert (finding["policy"], finding["resource"]) == ("kept", "id")
    assert finding["undetermined"]
    assert finding["fails"]


def test_json_has_the_documented_shape(tmp_path: Path) -> None:
    """On stdout, and nothing else there."""
    result = judged(project(tmp_path, program=CLEAN.replace("length=2", "length=1")))
    assert set(result) == {
        *("version", "project", "stack", "verdict", "resources", "counts"),
        *("outputs", "pack", "findings", "exceptions", "seconds"),
    }
    assert (result["version"], result["project"], result["stack"]) == (1, "shop", "dev")
    assert result["verdict"] == "findings"
    pet = "urn:pulumi:dev::shop::shop:boxes:Box$"
    box, one = result["resources"]
    assert one == {
        "urn": f"{pet}random:index/randomPet:RandomPet::one-pet",
        "type": "random:index/randomPet:RandomPet",
        "name": "one-pet",
        "parent": box["urn"],
        "component": False,
        "layer": "boxes",
        "source": {"file": "__main__.py", "line": 9},
    }
    assert (box["layer"], box["component"]) == ("boxes", True)
    types = {"random:index/randomPet:RandomPet": 1, "shop:boxes:Box": 1}
    assert result["counts"] == {"total": 2, "layers": {"boxes": {"total": 2, "types": types}}}
    assert result["outputs"] == ["pet"]
    assert result["pack"] == {"name": "tiny", "policies": 3, "rules": 0}
    assert result["findings"] == [
        {
            "policy": "length",
            "rule": "length",
            "level": "mandatory",
            "severity": "high",
            "urn": one["urn"],
            "resource": "one-pet",
            "description": "Pets have long names.",
            "witness": "length is 1",
            "remediation": "Set length to 2 or more.",
            "url": "https://example.com/length",
            "controls": [],
            "undetermined": False,
            "fails": True,
        }
    ]
    assert set(result["seconds"]) == {"configuration", "program", "policy", "total"}


def test_config_from_the_command_line_wins(tmp_path: Path) -> None:
    """And reaches the program and the pack alike."""
    program = """
        import pulumi, pulumi_random as random
        random.RandomPet("pet", length=pulumi.Config().require_object("pet")["length"])
    """
    stacks = {"dev": "config: {pet: {length: 2}}\n"}
    folder = project(tmp_path, program=program, stacks=stacks)
    assert run(folder).returncode == 0
    assert run(folder, "--config", "pet.length=1").returncode == 1


def test_an_encrypted_value_becomes_an_unknown_secret_of_the_resource(tmp_path: Path) -> None:
    """A policy that looks at it cannot judge, and says so."""
    program = """
        import pulumi, pulumi_random as random
        random.RandomPet("pet", length=2, prefix=pulumi.Config().require_secret("pin"))
    """
    pack = PACK.replace('args.props["length"] < 2', 'args.props["prefix"] == "x"')
    folder = project(
        tmp_path, program=program, pack=pack, stacks={"dev": "config: {pin: {secure: v1:x}}\n"}
    )
    (finding,) = judged(folder)["findings"]
    assert finding["undetermined"]
    assert ".prefix can't be known" in finding["witness"]


def test_a_pack_is_asked_as_the_engine_asks_it(tmp_path: Path) -> None:
    """Options, provider, parent, configuration, and a component's registered outputs."""
    pack = """
        import json, pulumi
        from pulumi_policy import PolicyPack, ResourceValidationPolicy, StackValidationPolicy

        def one(args, report):
            if args.name == "pet":
                report(json.dumps([
                    args.opts.protect, list(args.opts.ignore_changes),
                    args.opts.custom_timeouts.create_seconds, args.provider.name,
                    args.opts.parent.rpartition("::")[2], args.get_config()["most"],
                    pulumi.get_stack(), pulumi.Config("shop").get("size"),
                ]))

        def all_of(args, report):
            by_name = {item.name: item for item in args.resources}
            report(json.dumps([
                sorted(by_name), by_name["pet"].parent.name, dict(by_name["one"].props),
                [item.name for item in by_name["pet"].property_dependencies["prefix"]],
            ]))

        schema = {"properties": {"most": {"type": "integer", "default": 7}}}
        from pulumi_policy import PolicyConfigSchema
        PolicyPack(name="asked", policies=[
            ResourceValidationPolicy("one", "One.", one,
                config_schema=PolicyConfigSchema(schema["properties"])),
            StackValidationPolicy("all-of", "All.", all_of),
        ])
    """
    program = """
        import pulumi, pulumi_random as random
        class Box(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("shop:boxes:Box", name, {"inside": 1})
                provider = random.Provider("own")
                first = random.RandomId("first", byte_length=1)
                random.RandomPet("pet", prefix=first.hex, opts=pulumi.ResourceOptions(
                    parent=self, protect=True, ignore_changes=["length"], provider=provider,
                    custom_timeouts=pulumi.CustomTimeouts(create="1h30m")))
                self.register_outputs({"outside": 2})
        Box("one")
    """
    folder = project(tmp_path, program=program, pack=pack, stacks={"dev": "config: {size: 3}\n"})
    one, stack = sorted(
        judged(folder)["findings"], key=lambda item: str(item["policy"]), reverse=True
    )
    told = json.loads(one["witness"])
    assert told == [True, ["length"], 5400, "own", "one", 7, "dev", "3"]
    names, parent, outputs, prefix = json.loads(stack["witness"])
    assert names == ["first", "one", "own", "pet", "shop-dev"]
    assert (parent, outputs, prefix) == ("one", {"outside": 2}, ["first"])


# --- bad input


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--stack", "prd"), "there is no stack 'prd'; did you mean 'prod'?"),
        ((), "which stack? name one with --stack"),
        (("--stack", "broken"), "Pulumi.broken.yaml is not valid YAML: line 2, column 1"),
        (("--stack", "newer"), "Pulumi.newer.yaml has `layers`, unknown here"),
        (("--stack", "prod", "--config", "x"), "--config 'x' has no value"),
        (("--stack", "prod", "--policy", "nowhere"), "there is no policy pack in"),
        (("--stack", "prod", "--answers", "none.yaml"), "none.yaml could not be read"),
        (("--bogus",), "No such option: --bogus"),
        (("--timeout", "soon"), "Invalid value for '--timeout'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    """On stderr; stdout stays empty."""
    stacks = {
        "prod": "config: {}\n",
        "dev": "",
        "broken": "config: [\n",
        "newer": "layers: []\n",
    }
    done = run(project(tmp_path, stacks=stacks), *options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"perpetual: {sentence}")
    assert "Traceback" not in done.stderr


def test_missing_configuration_is_the_engine_s_sentence(tmp_path: Path) -> None:
    """Nothing was started for it."""
    folder = project(tmp_path, pack=PID)
    declared = "config: {a: {type: string}}\n"
    (folder / "Pulumi.yaml").write_text(f"name: shop\nruntime: python\n{declared}")
    done = run(folder)
    assert done.returncode == 2
    assert "Stack 'dev' is missing configuration value 'a'" in done.stderr
    assert not (folder / "policy" / "pid").exists()


def test_outside_a_project_there_is_nothing_to_preview(tmp_path: Path) -> None:
    """The sentence names the file it looked for."""
    done = run(tmp_path)
    assert done.returncode == 2
    assert "there is no Pulumi.yaml in" in done.stderr


# --- programs that fail


@pytest.mark.parametrize(
    ("program", "error"),
    [
        pytest.param(
            "import pulumi\n\ndef make():\n    return {}['key']\n\nmake()\n",
            "__main__.py:4: KeyError: 'key'\n    return {}['key']\n  called from __main__.py:6\n",
            id="at once",
        ),
        pytest.param(
            "import pulumi\npulumi.Output.from_input(1).apply(\n    lambda value: value / 0)\n",
            "__main__.py:3: ZeroDivisionError: division by zero\n    lambda value: value / 0)\n",
            id="inside an apply",
        ),
        pytest.param(
            "import pulumi, pulumi_random as r\npet = r.RandomPet('pet')\n"
            "def check(name):\n    raise ValueError('bad name')\n"
            "import pulumi_random\n"
            "known = pulumi.Output.from_input('x').apply(check)\n"
            "r.RandomPet('other', prefix=known)\n",
            "__main__.py:4: ValueError: bad name\n    raise ValueError('bad name')\n",
            id="inside an apply that a resource needs",
        ),
        pytest.param(
            "import pulumi\nfrom nowhere import thing\n",
            "__main__.py:2: ModuleNotFoundError: No module named 'nowhere'\n    from nowhere",
            id="an import",
        ),
        pytest.param(
            "import pulumi\nx = = 1\n",
            "__main__.py:2: SyntaxError: invalid syntax\n    x = = 1\n",
            id="a syntax error",
        ),
        pytest.param(
            "import pulumi\nraise pulumi.RunError('size is 9: it can be 1 to 3')\n",
            "size is 9: it can be 1 to 3\n",
            id="an error meant for the user",
        ),
        pytest.param(
            "import pulumi\npulumi.Config().require('size')\n",
            "Missing required configuration variable 'shop:size'",
            id="missing configuration",
        ),
        pytest.param(
            "import pulumi_random as r\nr.RandomPet('pet', lenght=2)\n",
            "__main__.py:2: TypeError: ",
            id="an argument that does not exist",
        ),
        pytest.param(
            "import asyncio, pulumi, pulumi_random as r\n"
            "r.RandomPet('pet', prefix=asyncio.get_event_loop().create_future())\n",
            "the program can never finish: pet (random:index/randomPet:RandomPet) wait for each",
            id="a wait without end",
        ),
        pytest.param(
            "import sys\nsys.exit(3)\n",
            "the program ended itself by sys.exit(3)\n",
            id="an exit",
        ),
        pytest.param(
            "import pulumi\nr = pulumi.runtime.invoke('aws:ec2/getVpc:getVpc', {'id': 'vpc-1'})\n",
            "the program asks AWS for aws:ec2/getVpc:getVpc(id='vpc-1') for the setting net.vpcId,",
            id="a question that nobody answers",
        ),
    ],
)
def test_a_failing_program_shows_its_own_line(tmp_path: Path, program: str, error: str) -> None:
    """Not the harness's trace."""
    stacks = {"dev": "config: {net: {vpcId: vpc-1}}\n"}
    done = run(project(tmp_path, program=program, pack=PID + SLEEP, stacks=stacks))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"perpetual: {error}")
    assert "Traceback" not in done.stderr
    assert "site-packages" not in done.stderr


def test_trace_shows_where_an_error_comes_from(tmp_path: Path) -> None:
    """For whoever needs the rest."""
    done = run(project(tmp_path, program="1 / 0\n"), "--trace")
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert "perpetual: __main__.py:1: ZeroDivisionError" in done.stderr


def test_an_answers_file_answers_calls_and_stack_references(tmp_path: Path) -> None:
    """And what it does not hold stays unanswered."""
    program = """
        import pulumi, pulumi_random as random
        vpc = pulumi.runtime.invoke("aws:ec2/getVpc:getVpc", {"id": "vpc-1"}).value
        up = pulumi.StackReference("organization/shop/shared")
        random.RandomPet(vpc["cidrBlock"], length=up.require_output("length"))
    """
    answers = """
        calls:
          - {token: "aws:ec2/getVpc:getVpc", args: {id: vpc-2}, result: {cidrBlock: wrong}}
          - {token: "aws:ec2/getVpc:getVpc", args: {id: vpc-1}, result: {cidrBlock: 10.0.0.0/16}}
        stacks: {shared: {length: 2}}
    """
    folder = project(tmp_path, program=program)
    (folder / "answers.yaml").write_text(answers)
    result = judged(folder, "--answers", "answers.yaml")
    assert [item["name"] for item in result["resources"]] == ["10.0.0.0/16"]
    assert result["verdict"] == "clean"
    (folder / "answers.yaml").write_text("calls: [{token: x}]\n")
    done = run(folder, "--answers", "answers.yaml")
    assert done.returncode == 2
    assert "call 1 in answers.yaml needs a `token` and a `result`" in done.stderr


def test_the_stack_s_identity_is_answered_from_its_configuration(tmp_path: Path) -> None:
    """Account, region and partition, so that a preview is the same for everyone."""
    program = """
        import pulumi
        ask = lambda name: pulumi.runtime.invoke(f"aws:index/get{name}:get{name}", {}).value
        caller, region, partition = ask("CallerIdentity"), ask("Region"), ask("Partition")
        told = [caller["accountId"], region["region"], partition["partition"]]
        assert told == ["111122223333", "us-gov-west-1", "aws-us-gov"], told
    """
    config = 'config: {account: "111122223333", "aws:region": us-gov-west-1}\n'
    assert run(project(tmp_path, program=program, stacks={"dev": config})).returncode == 0


# --- packs that fail


def test_a_pack_that_crashes_at_start_shows_its_last_words(tmp_path: Path) -> None:
    """Whatever the program did meanwhile."""
    done = run(project(tmp_path, pack="raise ValueError('no rules')\n"))
    assert done.returncode == 2
    assert "perpetual: the policy pack ended before it served" in done.stderr
    assert "  | ValueError: no rules" in done.stderr


def test_a_pack_that_prints_before_it_serves_is_told_so(tmp_path: Path) -> None:
    """The engine would read that line as its port."""
    done = run(project(tmp_path, pack=f"print('hello', flush=True)\n{SLEEP}".replace("    ", "")))
    assert done.returncode == 2
    assert "printed 'hello' where its port belongs" in done.stderr


@pytest.mark.parametrize(
    ("pack", "sentence"),
    [
        (PID + CHILD + SLEEP, "the policy pack did not start within 1 s"),
        (PID + CHILD + MUTE, r"the policy pack did not (start|answer) within 1 s"),
    ],
    ids=["before it serves", "when asked"],
)
def test_a_pack_that_hangs_is_killed_with_what_it_started(
    tmp_path: Path, pack: str, sentence: str
) -> None:
    """The time is the user's to choose."""
    folder = project(tmp_path, pack=pack)
    done = run(folder, "--timeout", "1")
    assert done.returncode == 2
    assert re.search(sentence, done.stderr)
    for file in ("pid", "child"):
        if _written(folder / "policy" / file):  # a busy machine may not have got so far
            _gone(folder / "policy" / file)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("raise KeyError('lost')", r"failed when asked about one-pet .*: 'lost'"),
        (
            "import os; os._exit(3)",
            r"died when asked about \S+ \(.*, or about one of the resources",
        ),
    ],
    ids=["by an exception", "by its end"],
)
def test_a_pack_that_crashes_in_the_middle_says_where(
    tmp_path: Path, body: str, sentence: str
) -> None:
    """And no verdict is given."""
    pack = PACK.replace('report(f"length is', f'{body}; (f"length is')
    program = CLEAN.replace("length=2", "length=1")
    done = run(project(tmp_path, program=program, pack=pack))
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.search(sentence, done.stderr)


# --- what is left behind


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupt_ends_program_and_pack_at_once(tmp_path: Path, number: int) -> None:
    """Also while the program holds the thread; a killed command takes its pack with it on Linux."""
    if number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux tells a child of its parent's death")
    program = f"""
        import pathlib, pulumi, time
        def hold(value):
            pathlib.Path("{tmp_path}/holding").write_text("yes")
            while True:
                try:
                    time.sleep(3600)
                except Exception:
                    pass
        pulumi.Output.from_input(1).apply(hold)
    """
    folder = project(tmp_path, program=program, pack=PID + SLEEP)
    process = start(folder)
    until(lambda: _written(folder / "holding") and _written(folder / "policy" / "pid"))
    os.killpg(process.pid, number)
    process.communicate()
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    _gone(folder / "policy" / "pid")


@pytest.mark.parametrize(
    ("program", "code"), [(CLEAN, 0), ("1 / 0\n", 2)], ids=["a verdict", "a fault"]
)
def test_nothing_is_left_running_after(tmp_path: Path, program: str, code: int) -> None:
    """Neither the pack nor what it started."""
    folder = project(tmp_path, program=program, pack=PID + CHILD + PACK)
    assert run(folder).returncode == code
    for file in ("pid", "child"):
        if code == 0 or _written(folder / "policy" / file):
            _gone(folder / "policy" / file)


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    """As with `| head -1`."""
    process = start(project(tmp_path))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0
