"""What the source says: docstrings, comments beside fields, signatures. Read as text, alike on every Python."""

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterator
from typing import Any


def doc(found: Any) -> str:
    """The docstring, its indentation taken away."""
    return inspect.cleandoc(found.__doc__ or "")


def first(found: Any) -> str:
    """The first line of the docstring."""
    return doc(found).partition("\n")[0]


def comments(cls: type) -> dict[str, str]:
    """Field → the comment beside it, empty where there is none."""
    text = textwrap.dedent(inspect.getsource(cls))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    said = {t.start[0]: t.string.removeprefix("#").strip() for t in tokens if t.type == tokenize.COMMENT}
    lines = {name: range(node.lineno, (node.end_lineno or node.lineno) + 1) for name, node in fields(cls)}
    return {name: " ".join(said[n] for n in where if n in said) for name, where in lines.items()}


def fields(cls: type) -> Iterator[tuple[str, ast.AnnAssign]]:
    """The fields of a dataclass, in order."""
    for node in tree(cls).body:
        if isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node


def methods(cls: type) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The public methods of a class, in order."""
    for node in tree(cls).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node


def signature(node: ast.FunctionDef) -> str:
    """A function as one would call it."""
    node.args.args = [a for a in node.args.args if a.arg != "self"]
    for part in ast.walk(node):
        if isinstance(part, ast.arg | ast.FunctionDef):
            _unquote(part)
    returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returned}".replace("'", '"')


def is_property(node: ast.FunctionDef) -> bool:
    """Whether a method is read like a field."""
    return any(ast.unparse(d) == "property" for d in node.decorator_list)


def default(node: ast.AnnAssign) -> str:
    """A field's default as one would write it in a call."""
    text = "" if node.value is None else ast.unparse(node.value)
    return {"field(default_factory=dict)": "{}"}.get(text, text).replace("'", '"')


def tree(found: Any) -> Any:
    """The syntax tree of a class or function."""
    return ast.parse(textwrap.dedent(inspect.getsource(found))).body[0]


def _unquote(node: ast.arg | ast.FunctionDef) -> None:
    """Write an annotation in quotes without them."""
    name = "annotation" if isinstance(node, ast.arg) else "returns"
    hint = getattr(node, name)
    if isinstance(hint, ast.Constant) and isinstance(hint.value, str):
        setattr(node, name, ast.parse(hint.value, mode="eval").body)
