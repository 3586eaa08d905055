"""The files of ``deploy/`` without an engine: form, and that all they name exists."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.orchestrate.instance import SHIPPED_SETTINGS
from dagster_project.paths import PROJECT_DIR
from dagster_project.settings import ENV_PREFIX, Settings

DEPLOY = PROJECT_DIR / "deploy"
BIN = Path(sys.executable).parent
UNITS = sorted((DEPLOY / "systemd").iterdir())
VARIABLES = {f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields}
HISTORY = "BEACON_DAGSTER_URL"

STRINGS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^\d+[smh]$"}
COMPOSE = {
    "type": "object",
    "required": ["name", "services", "volumes"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string"},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
        "services": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "required": ["image"],
                "additionalProperties": False,
                "properties": {
                    # With a version: an image without one is another each day.
                    "image": {"type": "string", "pattern": r"^[a-z0-9./-]+:\d[\w.-]*$"},
                    "build": {
                        "type": "object",
                        "required": ["context", "dockerfile"],
                        "additionalProperties": {"type": "string"},
                    },
                    "command": STRINGS,
                    "environment": {"type": "object", "additionalProperties": {"type": "string"}},
                    "volumes": STRINGS,
                    # Of the machine itself alone: whoever gets in may launch runs.
                    "ports": {"type": "array", "items": {"pattern": r"^127\.0\.0\.1:\d+:\d+$"}},
                    "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
                    "stop_grace_period": DURATION,
                    "healthcheck": {
                        "type": "object",
                        "required": ["test"],
                        "additionalProperties": False,
                        "properties": {
                            "test": {**STRINGS, "prefixItems": [{"const": "CMD"}]},
                            "interval": DURATION,
                            "timeout": DURATION,
                            "start_period": DURATION,
                            "retries": {"type": "integer"},
                        },
                    },
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "required": ["condition"],
                            "properties": {
                                "condition": {
                                    "enum": [
                                        "service_started",
                                        "service_healthy",
                                        "service_completed_successfully",
                                    ]
                                }
                            },
                        },
                    },
                },
            },
        },
    },
}
ENVIRONMENT = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "additionalProperties": False,
        # Kubernetes takes no number and no boolean there.
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    },
}
SECRETS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "required": ["name"], "additionalProperties": False}
    | {"properties": {"name": {"type": "string"}}},
}
HELM = {
    "type": "object",
    "required": ["dagster-user-deployments", "runLauncher", "dagsterDaemon", "postgresql"],
    "properties": {
        "dagster-user-deployments": {
            "required": ["enabled", "deployments"],
            "properties": {
                "deployments": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "required": ["name", "image", "dagsterApiGrpcArgs", "port", "envSecrets"],
                        "properties": {
                            "dagsterApiGrpcArgs": STRINGS,
                            "port": {"type": "integer"},
                            "env": ENVIRONMENT,
                            "envSecrets": SECRETS,
                        },
                    },
                },
            },
        },
        "runLauncher": {
            "required": ["type", "config"],
            "properties": {
                "type": {"const": "K8sRunLauncher"},
                "config": {
                    "required": ["k8sRunLauncher"],
                    "properties": {"k8sRunLauncher": {"properties": {"envSecrets": SECRETS}}},
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file with its merge keys put in."""
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def helm() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(
        (DEPLOY / "helm" / "values.yaml").read_text(encoding="utf-8")
    )
    return read


@cache
def require_command(program: str, *arguments: str) -> None:
    """Have the programs themselves read a command, up to the point at which it would begin."""
    assert (BIN / program).exists(), program
    if program == "beacon":
        read = CliRunner().invoke(app, [*arguments, "--help"])
        assert read.exit_code == 0, read.output
    elif arguments[0] == "-m":
        # The webserver prints the help of Dagster's own command.
        subprocess.run([sys.executable, *arguments, "--help"], check=True, capture_output=True)
    elif arguments[0] != "-c":
        subprocess.run([BIN / program, *arguments, "--help"], check=True, capture_output=True)


def test_the_compose_file_is_well_formed(compose: dict[str, Any]) -> None:
    jsonschema.validate(compose, COMPOSE)
    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), mount
        if "build" in service:
            context = (DEPLOY / service["build"]["context"]).resolve()
            assert (context / service["build"]["dockerfile"]).is_file()
            assert service["image"].endswith(f":{version('beacon-analytics')}")


def test_a_port_of_every_address_is_refused_by_the_schema(compose: dict[str, Any]) -> None:
    open_to_all = json.loads(json.dumps(compose))
    open_to_all["services"]["webserver"]["ports"] = ["3000:3000"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(open_to_all, COMPOSE)


def test_each_command_of_the_compose_file_is_understood(compose: dict[str, Any]) -> None:
    ours = [service for service in compose["services"].values() if "build" in service]
    commands = [service["command"] for service in ours]
    commands += [service["healthcheck"]["test"][1:] for service in ours if "healthcheck" in service]
    assert ["beacon", "setup"] in commands
    for command in commands:
        require_command(*command)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_verified(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("/opt/beacon/bin", str(BIN))
    for command in re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE):
        program, *arguments = shlex.split(command)
        require_command(Path(program).name, *arguments)
    keys = set(re.findall(r"^(\w+)=", text, re.MULTILINE))
    wanted = {"OnCalendar", "WantedBy"} if unit.suffix == ".timer" else {"ExecStart", "User"}
    assert wanted <= keys
    verifier = shutil.which("systemd-analyze")
    if verifier is not None:
        for other in UNITS:
            copied = other.read_text(encoding="utf-8").replace("/opt/beacon/bin", str(BIN))
            (tmp_path / other.name).write_text(copied, encoding="utf-8")
        done = subprocess.run(
            [verifier, "verify", tmp_path / unit.name], capture_output=True, text=True, check=False
        )
        # An unknown key is a warning, and the exit code stays 0.
        ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
        assert (done.returncode, ours) == (0, [])


def test_the_dockerfile_copies_what_is_there_and_runs_as_nobody_in_particular() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    steps = [line.split(maxsplit=1) for line in text.splitlines() if re.match("[A-Z]+ ", line)]
    assert steps[0][0] == "FROM"
    assert all(re.search(r":\d", rest) for word, rest in steps if word == "FROM")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for word, rest in steps:
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            for source in sources:
                assert (PROJECT_DIR / source).exists(), source
                assert f"!{source}" in ignored, source
    users = [number for number, (word, _) in enumerate(steps) if word == "USER"]
    assert steps[users[-1]][1] != "root"
    assert "RUN" not in {word for word, _ in steps[users[-1] :]}
    extras = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.search(r"whl\)\[([\w,]+)\]", text)
    assert named is not None
    assert set(named[1].split(",")) <= set(extras["optional-dependencies"])


def test_the_helm_values_are_well_formed(helm: dict[str, Any]) -> None:
    jsonschema.validate(helm, HELM)
    (deployment,) = helm["dagster-user-deployments"]["deployments"]
    assert deployment["image"]["tag"] == version("beacon-analytics")
    require_command("dagster", "api", "grpc", *deployment["dagsterApiGrpcArgs"])


def test_the_instances_differ_in_nothing_but_history_and_launcher(helm: dict[str, Any]) -> None:
    shipped = yaml.safe_load(SHIPPED_SETTINGS.read_text(encoding="utf-8"))
    for file, launcher in (("dagster.yaml", None), ("celery/dagster.yaml", "CeleryRunLauncher")):
        deployed = yaml.safe_load((DEPLOY / file).read_text(encoding="utf-8"))
        assert deployed.pop("storage") == {"postgres": {"postgres_url": {"env": HISTORY}}}
        assert deployed.pop("run_launcher", {}).get("class") == launcher
        assert deployed == shipped
    limits = shipped["concurrency"]["runs"]
    queue = helm["dagsterDaemon"]["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert queue == {
        "maxConcurrentRuns": limits["max_concurrent_runs"],
        "tagConcurrencyLimits": limits["tag_concurrency_limits"],
    }


def test_every_variable_that_the_files_name_is_one() -> None:
    named = {
        variable
        for path in DEPLOY.rglob("*")
        if path.is_file()
        for variable in re.findall(r"\bBEACON_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= VARIABLES
