"""Suites in `penchant.testing` report failures like tests of our own; small worlds for everybody."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SUITES = ("ports", "logs", "plugins", "folds", "recipes", "compared")
pytest.register_assert_rewrite(*(f"penchant.testing.{name}" for name in SUITES))


def pytest_sessionfinish():
    """Close what llama-cpp-python opens for good, lest the interpreter complains behind the summary."""
    if library := sys.modules.get("llama_cpp._utils"):
        library.outnull_file.close()
        library.errnull_file.close()


@pytest.fixture
def shop():
    """Twelve people with two tastes, 24 items, twelve days; see `penchant.testing.worlds`."""
    from penchant.testing import worlds

    return worlds.shop()


@pytest.fixture
def settings():
    """Settings of a project in memory that reads by hashing, in TOML with more of it behind."""
    from penchant import config

    def parse(more: str = "", stores: str = "memory://"):
        return config.parse(
            f"""
            [stores]
            items = "{stores}"
            log = "{stores}"
            state = "{stores}"
            artefacts = "memory://"
            [encoder]
            model = "hashing"
            {more}
            """
        )

    return parse


def program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    assert path, f"{name} is not installed: sh scripts/install_system.sh"
    return path


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server of the tests' own: made in a temporary folder, on a socket, gone when they end."""
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # the server refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="penchant-pg-", dir="/tmp"))

    def run(*command):
        who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60, **who)

    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run(program("initdb"), "-D", str(data), "-U", "penchant", "--auth=trust", "--no-sync", "-E", "UTF8")
    run(program("pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield f"postgresql://penchant@/postgres?host={folder}"
    finally:
        run(program("pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)
