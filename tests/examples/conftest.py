"""The programs of `examples/`, as their readers start them."""

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    """A function that gives the program of an example by its name."""

    def program(name):
        spec = importlib.util.spec_from_file_location(name.replace("-", "_"), EXAMPLES / name / "run.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return program
