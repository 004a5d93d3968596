"""The files for containers fit each other and the program. Nothing is built here: that takes a Docker daemon."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from scraper.cli import cli

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs/deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]


def dockerfile(service):
    build = SERVICES[service]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    return (ROOT / build["dockerfile"]).read_text(encoding="utf-8").replace("\\\n", " ")


def instructions(service, word):
    return re.findall(rf"^{word} (.+)$", dockerfile(service), re.MULTILINE)


def taken(words):
    """The parameters of a ``dqtv`` command line; an error when the program does not take it."""
    command, words = cli, list(words)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    return command.make_context("dqtv", words).params


def test_crawler_and_desk_are_one_image_and_the_viewer_another():
    assert SERVICES["crawler"]["build"] == SERVICES["desk"]["build"]
    assert SERVICES["crawler"]["image"] == SERVICES["desk"]["image"]
    assert "image" not in SERVICES["viewer"]


@pytest.mark.parametrize("service", SERVICES)
def test_what_an_image_copies_is_in_the_checkout(service):
    for line in instructions(service, "COPY"):
        *sources, _ = line.split()
        assert [name for name in sources if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_runs_as_root_and_the_archive_belongs_to_who_runs(service):
    """A volume takes its owner from the folder in the image that is started first."""
    assert instructions(service, "USER") == ["1000"]
    steps = " && ".join(instructions(service, "RUN"))
    assert "useradd --create-home --uid 1000 dqtv" in steps
    assert re.search(r"install -d -o dqtv [^&]*/data\b", steps)


@pytest.mark.parametrize("service", ["crawler", "desk"])
def test_the_program_takes_its_command(service):
    assert instructions(service, "ENTRYPOINT") == ['["dqtv"]']
    words = [re.sub(r"\$\{\w+:-(.*)\}", r"\1", word) for word in SERVICES[service]["command"]]
    assert taken(words)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_archive_and_only_the_viewer_cannot_write_it(service):
    mounted = dict(volume.split(":", 1) for volume in SERVICES[service]["volumes"])
    assert mounted["archive"] == ("/data:ro" if service == "viewer" else "/data")
    assert "archive" in COMPOSE["volumes"]


def test_ports_are_those_the_services_listen_on_and_open_to_this_machine_alone():
    [desk], [viewer] = SERVICES["desk"]["ports"], SERVICES["viewer"]["ports"]
    port = taken(SERVICES["desk"]["command"][:5])["port"]
    assert desk == f"127.0.0.1:{port}:{port}"
    [entry] = instructions("viewer", "ENTRYPOINT")
    assert viewer == "127.0.0.1:8002:8002"
    assert yaml.safe_load(entry)[-2:] == ["-p", "8002"]
    assert "http://127.0.0.1:8002/dqtv" in SERVICES["desk"]["command"][-1]


def test_the_desk_is_well_when_its_health_page_answers():
    check = SERVICES["desk"]["healthcheck"]
    words = check["test"]
    assert words[:3] == ["CMD", "python", "-c"]
    compile(words[3], "healthcheck", "exec")
    assert "http://127.0.0.1:8001/-/health" in words[3]


def test_every_variable_handed_to_the_crawler_is_a_documented_setting():
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert [name for name in SERVICES["crawler"]["environment"] if f"`{name}`" not in text] == []


def test_the_commands_of_the_operations_guide_name_services_and_commands_that_exist():
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\$ docker compose -f (\S+) exec (.*)$", text, re.MULTILINE)
    assert len(lines) > 3
    for file, line in lines:
        service, program, *words = shlex.split(line)
        assert (ROOT / file).resolve() == DEPLOY / "compose.yaml"
        assert (service in SERVICES, program) == (True, "dqtv")
        taken(words)
