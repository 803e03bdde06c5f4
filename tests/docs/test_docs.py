"""What the documentation says is true: it is complete, its examples can be run, its links lead somewhere."""

import dataclasses
import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import penchant
from penchant import config, plugins, project
from penchant.cli.commands import functions
from penchant.settings import Settings
from penchant.web import copying, wire

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(ROOT / "scripts"))
build_docs = importlib.import_module("build_docs")
command_line, http_api, plug_ins, source = (
    importlib.import_module(f"reference.{name}") for name in ("command_line", "http_api", "plug_ins", "source")
)

GUIDES = [ROOT / "README.md", DOCS / "quickstart.md", *sorted((DOCS / "howto").glob("*.md"))]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
TABLES = [f for f in dataclasses.fields(Settings()) if dataclasses.is_dataclass(f.default)]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEREDOC = re.compile(r"<<'?(\w+)'?.*?\n.*?^\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PLUG_IN = DOCS / "howto" / "write-a-plug-in.md"


def name_of(file):
    return file.relative_to(ROOT).as_posix()


def blocks(language, files=GUIDES):
    found = [(file, text) for file in files for kind, text in FENCE.findall(read(file)) if kind == language]
    return [pytest.param(file, text, id=f"{file.stem}-{place}") for place, (file, text) in enumerate(found)]


def read(file):
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reference():
    return build_docs.pages()


@pytest.fixture(scope="module")
def routes():
    return http_api.described()["paths"]


# ── complete ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_reference_is_up_to_date(reference):
    stale = [name for name, text in reference.items() if not build_docs.same(build_docs.REFERENCE / name, text)]
    assert not stale, f"{', '.join(stale)}: run scripts/build_docs.py"
    assert {file.name for file in build_docs.REFERENCE.iterdir()} == set(reference)


def test_check_says_what_is_out_of_date(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["build_docs.py", "--to", str(tmp_path / "new")])
    assert build_docs.main() == 0
    monkeypatch.setattr(sys, "argv", ["build_docs.py", "--check", "--to", str(tmp_path / "new")])
    assert build_docs.main() == 0
    with (tmp_path / "new" / "http.md").open("a") as page:
        page.write("more")
    assert build_docs.main() == 1
    assert "http.md is out of date" in capsys.readouterr().out


def test_every_command_and_option_is_there(reference):
    for name, function in functions().items():
        section = reference["command-line.md"].partition(f"## penchant {name}\n")[2].partition("\n## ")[0]
        assert all(f"| {names} |" in section for names, *_ in command_line.options(function))
        assert section


def test_every_setting_is_there(reference):
    for table in TABLES:
        section = reference["settings.md"].partition(f"## [{table.name}]\n")[2].partition("\n## ")[0]
        assert all(f"| `{field.name}` |" in section for field in dataclasses.fields(table.default))
    assert set(settings_named(reference["settings.md"])) == {f.name for f in dataclasses.fields(Settings())}


def settings_named(page):
    for heading in re.findall(r"^## (.+)$", page, re.MULTILINE):
        yield from re.findall(r"\w+", heading.replace(" and ", " "))


@pytest.mark.parametrize("family", plugins.FAMILIES)
def test_every_plug_in_is_there(reference, family):
    section = reference["plug-ins.md"].partition(f"## {family.capitalize()}\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", section, re.MULTILINE) == plug_ins.built_in(family)
    assert plug_ins.built_in(family)


def test_every_route_and_shape_is_there(reference, routes):
    page = reference["http.md"]
    for path, methods in routes.items():
        assert all(f"## {method.upper()} {path}\n" in page for method in methods)
    assert {f"/v1/{verb}" for verb in ("recommend", "rank", "similar", "events", "items")} <= set(routes)


def test_every_public_name_is_there(reference):
    page = reference["python.md"]
    assert all(f" penchant.{name}\n" in page for name in penchant.__all__)
    methods = [name for name in vars(project.Project) if not name.startswith("_")]
    assert all(f"### {name}\n" in page for name in methods)


@pytest.mark.parametrize("table", [f.name for f in TABLES])
def test_every_setting_has_a_comment(table):
    assert [name for name, said in source.comments(type(getattr(Settings(), table))).items() if not said] == []


@pytest.mark.parametrize(("family", "kind"), [(f, k) for f in plugins.FAMILIES for k in plug_ins.built_in(f)])
def test_every_plug_in_is_described_with_its_fields(family, kind):
    cls = plugins.find(family, kind)
    assert source.doc(cls)
    assert [name for name, said in source.comments(cls).items() if not said] == []


# ── examples ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("file", "text"), blocks("bash"))
def test_commands_exist(file, text, routes):
    lines = HEREDOC.sub("", text).replace("\\\n", " ").splitlines()
    for words in filter(None, (shlex.split(line, comments=True) for line in lines)):
        check = {"penchant": check_penchant, "curl": check_curl, "pip": check_pip, "make": check_make}.get(words[0])
        if check:
            check(words[1:], routes)
        else:
            assert words[0] in {".", "python", "cat"}, f"{name_of(file)}: {words}"


def check_penchant(words, _):
    words = words[: words.index(">")] if ">" in words else words
    if words == ["--version"]:
        return
    name = next(n for n in (" ".join(words[:2]), words[0]) if n in functions())
    function = functions()[name]
    known = [
        (names.replace("`", "").split(", "), takes, said) for names, takes, said, _ in command_line.options(function)
    ]
    takes = {name: value for names, value, _ in known for name in names}
    rest, given, placed = words[len(name.split()) :], set(), 0
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            given.add(word)
            value = rest.pop(0) if takes[word] else ""
            allowed = re.findall(r"`([^`]+)`", takes[word])
            assert not allowed or value in allowed, f"{word} {value}: allowed are {allowed}"
        else:
            placed += 1
    assert all(given & set(names) for names, _, said in known if said == "required")
    assert placed == len(list(command_line.parameters(function, "ArgumentInfo")))


def check_curl(words, routes):
    url = next(urlsplit(word) for word in words if word.startswith("http"))
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    route = route_of(url.path, method, routes)
    if body:
        shape = route["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        asked = next(vars(m)[shape] for m in (wire, copying) if shape in vars(m)).model_validate_json(body)
        if shape == "Deeds":
            assert wire.sorted_out(asked.events)[1] == []


def route_of(path, method, routes):
    fitting = [p for p in routes if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", p), path) and method.lower() in routes[p]]
    assert fitting, f"there is no {method} {path}"
    return routes[fitting[0]][method.lower()]


def check_pip(words, _):
    extras = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]["optional-dependencies"]
    named = {e for word in words for group in re.findall(r"\[([\w,]+)\]", word) for e in group.split(",")}
    assert named <= set(extras)
    assert all((ROOT / words[place + 1]).exists() for place, word in enumerate(words) if word in ("-c", "-r"))


def check_make(words, _):
    assert all(re.search(rf"^{word}:", read(ROOT / "Makefile"), re.MULTILINE) for word in words if "=" not in word)


@pytest.fixture
def my_shop(tmp_path, monkeypatch):
    """The package that the page about plug-ins writes, installed."""
    module, suite = (text for kind, text in FENCE.findall(read(PLUG_IN)) if kind == "python")
    package = next(tomllib.loads(text) for kind, text in FENCE.findall(read(PLUG_IN)) if kind == "toml")["project"]
    group, entries = next(iter(package["entry-points"].items()))
    lines = "".join(f"{name} = {where}\n" for name, where in entries.items())
    files = {
        "my_shop/__init__.py": "",
        "my_shop/arrivals.py": module,
        "my_shop/suite.py": suite,
        "my_shop-0.1.dist-info/METADATA": f"Name: {package['name']}\nVersion: {package['version']}\n",
        "my_shop-0.1.dist-info/entry_points.txt": f"[{group}]\n{lines}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("my_shop.suite")
    for name in [n for n in sys.modules if n.partition(".")[0] == "my_shop"]:
        del sys.modules[name]


@pytest.mark.parametrize(("file", "text"), blocks("toml"))
def test_settings_can_be_read(file, text, my_shop, monkeypatch):
    for name in re.findall(r'env = "(\w+)"', text):
        monkeypatch.setenv(name, "sqlite:///secret.db")
    if "project" in tomllib.loads(text):
        assert file == PLUG_IN
    else:
        config.parse(text)


def test_the_plug_in_keeps_its_promises(my_shop, tmp_path):
    (tmp_path / "test_arrivals.py").write_text((tmp_path / "my_shop" / "suite.py").read_text())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_arrivals.py"]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert outcome.returncode == 0, outcome.stdout
    assert re.search(r"\d\d+ passed", outcome.stdout)


@pytest.mark.parametrize(("file", "text"), blocks("python", PAGES))
def test_python_compiles(file, text):
    compile(text, name_of(file), "exec")


@pytest.mark.parametrize("file", GUIDES, ids=name_of)
def test_what_is_named_in_passing_exists(file, routes):
    known = {name.split()[0] for name in functions()}
    for span in re.findall(r"`([^`\n]+)`", FENCE.sub("", read(file))):
        words = span.split()
        if words[0] == "penchant" and len(words) > 1:
            assert words[1] in known, span
        if words[0] in {"GET", "POST", "PUT", "DELETE"}:
            route_of(words[1].partition("?")[0], words[0], routes)


# ── shape ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", PAGES, ids=name_of)
def test_links_lead_somewhere(file):
    for link in LINK.findall(FENCE.sub("", read(file))):
        parts = urlsplit(link)
        if not parts.scheme:
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.exists(), link
            assert not parts.fragment or parts.fragment in anchors(target), link


def anchors(file):
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", read(file)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def tree():
    """Entry → its line, of the tree in the README."""
    block = FENCE.search(read(ROOT / "README.md").partition("## The tree")[2])
    assert block is not None
    found = re.findall(r"^ +([\w.]+/?) +(\S.*)$", block[2], re.MULTILINE)
    assert len({name for name, _ in found}) == len(found), "something stands twice"
    return dict(found)


def test_the_tree_has_every_file_and_nothing_else(tree):
    root = ROOT / "src" / "penchant"
    files = {path.name for path in root.glob("*.py")}
    packages = {f"{path.parent.name}/" for path in root.glob("*/__init__.py")}
    assert set(tree) == files | packages


def test_the_tree_names_the_modules_of_every_package(tree):
    for name, text in tree.items():
        modules = {path.stem for path in (ROOT / "src" / "penchant" / name).glob("*.py")} - {"__init__"}
        assert modules <= set(re.findall(r"\w+", text)), name


def test_decisions_are_short_and_numbered():
    files = sorted((DOCS / "decisions").glob("*"))
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", file.name) for file in files)
    assert len({file.name[:4] for file in files}) == len(files)
    assert {file.name: n for file in files if (n := len(read(file).splitlines())) > 60} == {}
