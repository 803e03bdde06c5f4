"""Suites in `penchant.testing` report failures like tests of our own; small worlds for everybody."""

import sys

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
