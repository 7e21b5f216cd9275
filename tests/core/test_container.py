"""The container is written well, and its steps do what they should, as far as that can be run without an engine."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from installation import LOCK, SMALL
from tests.core.processes import wait_for
from tests.core.test_requirements import pins

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
STEPS = re.findall(r"^([A-Z]+) (.*)$", re.sub(r"\\\n\s*", "", re.sub("^#.*\n", "", DOCKERFILE, flags=re.M)), re.M)
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "fitting-room"}
VENV, SOURCE = "/srv/venv/bin/python", "/srv/fitting-room"


def steps(kind: str) -> list[str]:
    """What follows this word in the Dockerfile, one after the other."""
    return [words for word, words in STEPS if word == kind]


def environment() -> dict[str, str]:
    """The variables that the image sets, but for where programs are found."""
    given = dict(word.split("=", 1) for row in steps("ENV") for word in shlex.split(row))
    assert given.pop("PATH") == "/srv/venv/bin:$PATH"
    return given


def copied(folder: Path) -> Path:
    """What `COPY . .` brings along, as .dockerignore has it: nothing but what stands behind an exclamation mark."""
    first, *rows = [row for row in (PROJECT / ".dockerignore").read_text().splitlines() if row and row[0] != "#"]
    assert first == "*" and rows.pop() == "**/__pycache__" and all(row.startswith("!") for row in rows)
    for name in (row[1:] for row in rows):
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    if os.name == "nt":
        pytest.skip("there is no hadolint for Windows")
    done = subprocess.run([program, PROJECT / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_knows_every_word_of_the_compose_file() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, PROJECT / "compose.yaml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_image_is_of_a_python_that_fits_and_takes_the_locked_packages_only() -> None:
    import tomllib

    fits = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert fits == ">=3.11,<3.14"
    bases = {row.split()[0] for row in steps("FROM")} - {"packages"}
    assert bases == {"python:3.12-slim-bookworm"}
    (install,) = [row for row in steps("RUN") if "pip" in row]
    assert '--require-hashes -r "$LOCK"' in install and steps("ARG") == [f"LOCK={LOCK}"]
    assert {"psycopg", "psycopg-binary"} <= set(pins(SMALL))  # or it could not speak to the database beside it


def test_everything_runs_without_rights_on_files_that_cannot_be_written() -> None:
    assert steps("USER") == ["10001:10001"] and STEPS.index(("USER", "10001:10001")) > max(
        place for place, (word, _) in enumerate(STEPS) if word in ("COPY", "RUN")
    )
    for name, service in SERVICES.items():
        assert service["read_only"] is True and "/tmp" in service["tmpfs"], name
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service), name
    assert SERVICES["database"]["user"] == "postgres" and not any("user" in service for service in OURS.values())
    home = environment()["FITTING_ROOM_HOME"]
    assert home.startswith("/tmp/") and environment()["HOME"] == "/tmp"


def test_only_the_app_has_a_port_and_only_the_database_keeps_something() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"app"}
    assert SERVICES["app"]["ports"] == ["${ADDRESS:-127.0.0.1}:${PORT:-8501}:8501"]  # to this machine, unless asked
    assert {name: service["volumes"] for name, service in SERVICES.items() if "volumes" in service} == {
        "database": ["database:/var/lib/postgresql/data"]
    }
    assert COMPOSE["volumes"] == {"database": {}}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if service["networks"] != ["inside"]} == {"app"}


def test_no_secret_stands_in_a_file_and_one_without_a_password_does_not_start() -> None:
    secrets = [
        value
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASS|KEY|STORE", name)
    ]
    assert len(secrets) == 5 and all("${" in value for value in secrets)
    assert all(":?" in value for value in secrets if "DATABASE_PASSWORD" in value)


def test_each_container_is_asked_after_its_own_health() -> None:
    """The image's own question is for the app: a worker that inherited it would never be healthy."""
    assert {name for name, service in OURS.items() if "healthcheck" not in service} == {"app"}
    assert "command" not in SERVICES["app"] and all("command" in OURS[name] for name in ("workers", "scheduler"))
    for service in SERVICES.values():
        for name, condition in service.get("depends_on", {}).items():
            asked = SERVICES[name].get("healthcheck", {})
            assert condition == {"condition": "service_healthy"} and asked.get("test"), name


def test_settings_of_the_containers_are_settings() -> None:
    from core.settings import describe

    known = {name for name, _, _ in describe()}
    named = {name for service in OURS.values() for name in service.get("environment", {})} | set(environment())
    assert {name for name in named if name.startswith("FITTING_ROOM")} <= known


def test_all_that_runs_the_app_is_copied_and_nothing_else(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("this folder is no git repository, so nobody knows which files are the project's")
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    ours = {
        name for name in tracked.stdout.splitlines() if re.match(r"(core|models|pages|\.streamlit)/|app\.py$", name)
    }
    assert ours <= there
    assert {name.split("/")[0] for name in there} == {
        *("core", "models", "pages", ".streamlit", "app.py", "pyproject.toml", "LICENSE", SMALL, LOCK)
    }


@contextmanager
def in_container(command: list[str], folder: Path, **variables: str) -> Iterator[subprocess.Popen]:
    """A process as the image starts it: in its folder, with its variables, as another user without a right to write.

    Where the tests do not run as root, they are that other user. As root the process keeps one right, to read what only
    root may: Python itself may lie in root's own folder.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FITTING_ROOM", "PYTHON"))}
    prefix = []
    if os.name != "nt" and os.geteuid() == 0:
        keep = "+dac_read_search"
        prefix = ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--no-new-privs"]
        prefix += [f"--inh-caps=-all,{keep}", f"--ambient-caps=-all,{keep}", f"--bounding-set=-all,{keep}"]
    process = subprocess.Popen([*prefix, *command], cwd=folder, env={**kept, **environment(), **variables})
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) is not None


def listens(port: str) -> bool:
    """Whether anybody does at this port."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", int(port))) == 0


def free_port() -> str:
    """A port nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def exec_form(row: str, port: str, own: str = "8501") -> list[str]:
    """A command of the Dockerfile or the compose file, at another port and with this Python."""
    words = json.loads(row[row.index("[") :])
    return [sys.executable if word == "python" else word.replace(own, port) for word in words]


def build(folder: Path, keras: Path) -> Path:
    """Carry out the steps of the image, each stage in a folder of its own, but for those that install packages and make
    a user; gives the folder of the last."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FITTING_ROOM")}
    offline = {**kept, "https_proxy": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": ""}
    for word, row in STEPS:
        if word == "FROM":
            stage = folder / str(len(list(folder.iterdir())))
            stage.mkdir()
        elif (word, row) == ("COPY", ". ."):
            copied(stage)
        elif word == "COPY" and "--from" not in row:
            for name in row.split()[:-1]:
                source = PROJECT / name
                shutil.copytree(source, stage / name) if source.is_dir() else shutil.copy2(source, stage)
        elif word == "RUN" and "venv " not in row and "useradd" not in row:
            row = row.replace(VENV, sys.executable).replace("/srv/keras", str(keras))
            done = subprocess.run(["sh", "-c", row], cwd=stage, capture_output=True, text=True, env=offline)
            assert done.returncode == 0, done.stderr
            assert "download" not in row or "cannot be reached" in done.stderr and "COULD NOT BE FETCHED" in done.stdout
    for path in (stage, *stage.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return stage


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the image is of Linux: its steps are run on one, or on a Mac")
def test_the_steps_of_the_image_make_an_app_that_answers_and_writes_nothing(tmp_path: Path) -> None:
    built, home, keras = (tmp_path / name for name in ("built", "home", "keras"))
    built.mkdir()
    home.mkdir()
    home.chmod(0o777)
    source = build(built, keras)
    before = {path: path.stat().st_mtime_ns for path in source.rglob("*")}

    own = {"HOME": str(home), "FITTING_ROOM_HOME": str(home / "room"), "KERAS_HOME": str(keras)}
    port, other, scheduler = free_port(), free_port(), SERVICES["scheduler"]
    app = exec_form(steps("CMD")[0], port), exec_form(steps("HEALTHCHECK")[0], port), port
    words = (json.dumps(row) for row in (scheduler["command"], scheduler["healthcheck"]["test"][1:]))
    dask = *(exec_form(row, other, "8786") for row in words), other
    with in_container(app[0], source, **own) as server, in_container(dask[0], source, **own):
        for _command, question, place in (app, dask):
            wait_for(lambda place=place: listens(place), f"somebody to ask with {question}")
            wait_for(lambda question=question: subprocess.run(question).returncode == 0, f"content from {question}")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/predict", timeout=20) as page:
            assert page.status == 200 and b'id="root"' in page.read()
        rights = Path(f"/proc/{server.pid}/status")
        assert not rights.exists() or not re.search(r"^Uid:.*\b0\b", rights.read_text(), re.M)
    assert {path: path.stat().st_mtime_ns for path in source.rglob("*")} == before
    assert (home / "room").stat().st_mode & 0o077 == 0
