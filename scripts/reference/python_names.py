"""The page of the Python names."""

import ast
from collections.abc import Iterator

import penchant
from penchant import checks, engine, errors, project, types
from penchant.catalogue import summary
from penchant.evaluation import report
from penchant.language import copywriting
from penchant.text import steers
from reference import tables
from reference.source import comments, default, doc, fields, first, methods, signature, tree

RETURNED = {
    "Pick": types.Pick,
    "Observed": checks.Observed,
    "Steer": steers.Steer,
    "Delta": steers.Delta,
    "Summary": summary.Summary,
    "Report": report.Report,
    "Piece": copywriting.Piece,
}


def page() -> Iterator[str]:
    """What `penchant` exports, what a project can do, and what comes back."""
    yield "# Python"
    yield "```python\nimport penchant\n\n" + doc(penchant).partition("\n\n")[2] + "\n```"
    yield f"## penchant.open\n\n{_call(tree(penchant.open))}\n\n{doc(penchant.open)}"
    yield f"## Project\n\n{doc(project.Project)}"
    for name, node in methods(project.Project):
        yield f"### {name}\n\n{_call(node)}\n\n{doc(getattr(project.Project, name))}"
    yield "## Values\n\nThey are frozen; `dataclasses.replace` makes a changed copy."
    for name in penchant.__all__:
        if name not in ("open", "Engine"):
            yield from _value(f"penchant.{name}", getattr(types, name))
    for name, cls in RETURNED.items():
        yield from _value(name, cls)
    yield f"## penchant.Engine\n\n{doc(engine.Engine)} A project has one, `project.engine`, and is the easier door."
    calls = ((signature(node), first(getattr(engine.Engine, name))) for name, node in methods(engine.Engine))
    yield "\n".join(f"- `{call}`: {said}" for call, said in calls)
    yield f"## penchant.errors\n\n```text\n{doc(errors)}\n```"


def _value(title: str, cls: type) -> Iterator[str]:
    yield f"### {title}\n\n{doc(cls)}"
    said = comments(cls)
    rows = [
        (f"`{name}`", f"`{ast.unparse(node.annotation)}`", f"`{default(node)}`" if node.value else "", said[name])
        for name, node in fields(cls)
    ]
    yield tables.grid(("field", "type", "default", "meaning"), rows)
    for name, node in methods(cls):
        yield f"- `{name}`: {ast.get_docstring(node)}"


def _call(node: ast.FunctionDef) -> str:
    return f"```text\n{signature(node)}\n```"
