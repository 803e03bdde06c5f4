"""The shape of the source: small files, small functions, everything explained, nothing that hides."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "penchant"
FILES = sorted(SOURCE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 280, 50, 8
VAGUE = ("util", "help", "common", "base", "manage", "misc")  # beginnings of names that say nothing
UNSAFE_MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def name_of(file):
    return file.relative_to(SOURCE).as_posix()


@pytest.fixture(scope="module")
def trees():
    return {name_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in FILES}


def everywhere(trees, kinds):
    return [(file, node) for file, tree in trees.items() for node in ast.walk(tree) if isinstance(node, kinds)]


def none(offenders):
    assert not offenders, "\n" + "\n".join(offenders)


def test_files_are_short():
    lengths = {name_of(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    none([f"{file}: {n} lines" for file, n in lengths.items() if n > LONGEST_FILE])


def test_functions_are_short(trees):
    sizes = [(f"{file}:{n.lineno} {n.name}", n.end_lineno - n.lineno + 1) for file, n in everywhere(trees, FUNCTIONS)]
    none([f"{where}: {size} lines" for where, size in sizes if size > LONGEST_FUNCTION])


def test_functions_take_few_parameters(trees):
    """Options that are given by name, and those of a command, may be more: nobody has to know them all."""
    none(
        [
            f"{file}:{node.lineno} {node.name}: {count} parameters"
            for file, node in everywhere(trees, FUNCTIONS)
            if (count := parameters(node)) > MOST_PARAMETERS
        ]
    )


def parameters(node):
    arguments = node.args
    placed = [a for a in (*arguments.posonlyargs, *arguments.args) if a.arg not in ("self", "cls") and not option(a)]
    named = [a for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is None]
    return len(placed) + len(named)


def option(argument):
    hint = argument.annotation
    return hint is not None and ast.unparse(hint).startswith("Annotated[") and "typer.Option(" in ast.unparse(hint)


def test_files_are_named_for_what_they_are_about():
    none([name_of(file) for file in FILES if any(word.startswith(VAGUE) for word in file.stem.split("_"))])


def test_nothing_is_unpickled_or_evaluated(trees):
    found = []
    for file, node in everywhere(trees, (ast.Import, ast.ImportFrom, ast.Call)):
        if isinstance(node, ast.Import):
            used = {alias.name.partition(".")[0] for alias in node.names} & UNSAFE_MODULES
        elif isinstance(node, ast.ImportFrom):
            used = {(node.module or "").partition(".")[0]} & UNSAFE_MODULES
        else:
            used = {node.func.id} & UNSAFE_CALLS if isinstance(node.func, ast.Name) else set()
            used |= {"allow_pickle" for k in node.keywords if k.arg == "allow_pickle" and not is_false(k.value)}
        found += [f"{file}:{node.lineno} {name}" for name in sorted(used)]
    none(found)


def is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


def test_no_module_has_state(trees):
    none([f"{file}:{node.lineno} global {', '.join(node.names)}" for file, node in everywhere(trees, ast.Global)])


def test_every_module_says_what_it_is(trees):
    none([file for file, tree in trees.items() if not ast.get_docstring(tree)])


def test_everything_public_says_what_it_does(trees):
    """Methods that a protocol describes already, dunders and tests of the suites, whose names say it, need not."""
    known = promised(trees["protocols.py"]) | promised(trees["ports.py"]) | promised(trees["text/speech.py"])
    none([f"{file}:{node.lineno} {name}" for file, tree in trees.items() for name, node in silent(tree, known)])


def promised(tree):
    return {node.name for cls in tree.body if isinstance(cls, ast.ClassDef) for node in methods(cls)}


def methods(cls):
    return [node for node in cls.body if isinstance(node, FUNCTIONS)]


def silent(tree, known):
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node.name, node
            for method in methods(node) if isinstance(node, ast.ClassDef) else ():
                exempt = method.name.startswith(("_", "test_")) or method.name in known
                if not exempt and not ast.get_docstring(method):
                    yield f"{node.name}.{method.name}", method


def test_nothing_names_a_machine():
    """Paths of somebody's machine have no place in a repository."""
    found = []
    for folder in ("src", "docs", "scripts", "examples", "benchmarks"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in {".py", ".md", ".toml", ".json", ".sh"}:
                text = file.read_text(encoding="utf-8")
                found += [
                    f"{file.relative_to(ROOT)}: {part}" for part in ("/home/", "/Users/", "/root/") if part in text
                ]
    none(found)
