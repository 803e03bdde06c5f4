"""The programs of `examples/`, as their readers start them."""

import importlib.util
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def example():
    """A function that gives the program of an example by its name."""

    def program(name):
        sys.path.insert(0, str(EXAMPLES / name))
        spec = importlib.util.spec_from_file_location(name.replace("-", "_"), EXAMPLES / name / "run.py")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(EXAMPLES / name))
        return module

    return program
