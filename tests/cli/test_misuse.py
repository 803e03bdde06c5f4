"""What is wrong is said in one line, with the right exit code, and changes nothing."""

import pytest

COMMANDS = [
    "nonsense",
    "--nonsense",
    "recommend",
    "recommend DIR",
    "recommend DIR --user",
    "recommend DIR --user u1 extra",
    "recommend DIR --user u1 --nonsense",
    "recommend DIR --user u1 -k",
    "recommend DIR --user u1 -k x",
    "recommend DIR --user u1 -k 1.5",
    "recommend DIR --user u1 -k 0",
    "recommend DIR --user u1 -k -3",
    "recommend DIR --user u1 -k 1001",
    "recommend DIR --user u1 -k 99999999999999999999",
    "recommend DIR --user u1 --context phone",
    "recommend DIR --user u1 --context =phone",
    "recommend DIR --user u1 --context a=1 --context a=2",
    "recommend DIR --user u1 --at yesterday",
    "recommend DIR --user u1 --at 2026-13-01",
    "recommend DIR --user u1 --at 2026-01-01T99:00",
    "recommend DIR --user u1 --language fr",
    "recommend DIR --user u1 --explain=maybe",
    "recommend DIR --user=",
    "recommend NODIR --user u1",
    "recommend FILE --user u1",
    "similar",
    "similar DIR",
    "similar DIR --item",
    "similar DIR --item G1 -k 0",
    "similar DIR --item G1 -k 2000",
    "similar DIR --item G1 --text x",
    "similar NODIR --item G1",
    "why",
    "why DIR --slate s",
    "why DIR --item G1",
    "why DIR --slate s --item G1 --language fr",
    "why NODIR --slate s --item G1",
    "import",
    "import DIR",
    "import DIR FILE",
    "import DIR --items NOFILE",
    "import DIR --events NOFILE",
    "import DIR --events DIR",
    "import DIR --events EMPTY",
    "import DIR --events BINARY",
    "import DIR --events HEADLESS",
    "import DIR --items HEADLESS",
    "import DIR --events FILE --column user_id",
    "import DIR --events FILE --column =user_id",
    "import DIR --events FILE --column nothing=user_id",
    "import DIR --events FILE --column user_id=nothing",
    "import DIR --events FILE --column user_id=user_id --column item_id=user_id",
    "import DIR --events FILE --users FILE --column user_id=user_id",
    "import DIR --events FILE --time-unit hours",
    "import DIR --dry-run",
    "import NODIR --events FILE",
    "train",
    "train NODIR",
    "train DIR extra",
    "train DIR --json=x",
    "evaluate",
    "evaluate DIR --protocol random",
    "evaluate DIR --target item",
    "evaluate DIR --cases 0",
    "evaluate DIR --cases many",
    "evaluate DIR --cut 0",
    "evaluate DIR --cut 1.5",
    "evaluate DIR --cut nan",
    "evaluate DIR --cut soon",
    "evaluate DIR --cut 2031-01-01",
    "evaluate DIR --cut 1990-01-01",
    "evaluate DIR --json DIR",
    "evaluate DIR --json NODIR/board.json",
    "evaluate DIR --html NODIR/board.html",
    "serve",
    "serve NODIR",
    "serve DIR --port 70000",
    "serve DIR --port -1",
    "serve DIR --port http",
    "serve DIR --workers 0",
    "serve DIR --workers 1000",
    "serve DIR --host not.a.host.invalid",
    "releases",
    "releases NODIR",
    "promote DIR",
    "promote NODIR x",
    "rebuild",
    "rebuild NODIR",
    "forget DIR",
    "forget DIR --user",
    "forget NODIR --user u1",
    "export DIR",
    "export NODIR --user u1",
    "doctor",
    "init",
    "init DIR",
    "init FILE",
    "demo --data books",
    "demo --port x",
    "demo extra",
]
FAILURES = [
    "similar DIR --item nothing",
    "why DIR --slate nothing --item G1",
    "promote DIR 20200101T000000-abcdef",
    "promote DIR ../../etc",
    "export DIR --user nobody",
    "doctor NODIR",
]
CONFIGS = [
    "[nonsense]",
    "nonsense = 1",
    "[stores]\nitem = 'sqlite:///x.db'",
    "[stores]\nitems = 'mysql://x'",
    "[stores]\nitems = 'x.db'",
    "[stores]\nitems = 3",
    "[stores]\nartefacts = 'file://releases'",
    "[stores]\nlog = { env = 'PENCHANT_TEST_NO_SUCH_VARIABLE' }",
    "[encoder]\nmodel = 1",
    "[encoder]\nmodel = 'no-such-model-anywhere/at-all'",
    "[clock]\nnow = 'tomorrow'",
    "[events]\nrepeats = 'yes'",
    "[events]\nweights = { view = 'much' }",
    "[events]\nweights = 3",
    "[training]\ncases = 1.5",
    "[training]\nranker = 'half'",
    "[evaluation]\ntarget = 'item'",
    "[evaluation]\ncut = true",
    "[[sources]]\nlimit = 3",
    "[[sources]]\nkind = 'nonsense'",
    "[[sources]]\nkind = 'popular'\nlimit = -1",
    "[[sources]]\nkind = 'popular'\nnonsense = 1",
    "[[sources]]\nkind = 'popular'\n[[sources]]\nkind = 'popular'",
    "[sources]\nkind = 'popular'",
    "[[stages]]\nkind = 'popular'",
    "[[stages]]\nkind = 'trees'\nrounds = 'many'",
    "[[stages]]\nkind = 'trees'\notherwise = 'blend'",
    "[[rules]]\nkind = 'nonsense'",
    "similar = ['nonsense']",
    "similar = 'nearest'",
    "clock = 3",
    "[clock",
    "now = ",
    "购买 = 1",
    "\x00",
]


@pytest.fixture
def places(shop, files, tmp_path):
    """What the words of a command line stand for."""
    made = {"EMPTY": b"", "BINARY": bytes(range(256)), "HEADLESS": b"a,b\n1,2\n"}
    for name, data in made.items():
        (tmp_path / f"{name}.csv").write_bytes(data)
    known = {name: tmp_path / f"{name}.csv" for name in made}
    return {"DIR": shop, "FILE": files["events"], "NODIR": tmp_path / "none", "NOFILE": tmp_path / "none.csv", **known}


def filled(line, places):
    """The words of a command line."""
    words = []
    for word in line.split(" "):
        head, slash, tail = word.partition("/")
        words.append(f"{places[head]}{slash}{tail}" if head in places else word)
    return words


def said_once(ran):
    """Check that one clear line was said."""
    lines = [line for line in ran.err.splitlines() if line.startswith("penchant: ")]
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    assert "--debug" not in lines[0]
    assert len(lines[0]) > 20
    return lines[0]


@pytest.mark.parametrize("line", COMMANDS)
def test_wrong_usage(run, places, state, line):
    before = state(places["DIR"])
    ran = run(*filled(line, places))
    said_once(ran)
    assert ran.code == 2
    assert ran.out == ""
    assert state(places["DIR"]) == before


@pytest.mark.parametrize("line", FAILURES)
def test_failure(run, places, state, line):
    before = state(places["DIR"])
    ran = run(*filled(line, places))
    assert ran.code == 1
    if not line.startswith("doctor"):
        said_once(ran)
    assert state(places["DIR"]) == before


@pytest.mark.parametrize("text", CONFIGS)
def test_wrong_config(run, tmp_path, text):
    (tmp_path / "penchant.toml").write_text(text, encoding="utf-8")
    if "no-such-model" in text:
        (tmp_path / "items.csv").write_text("item_id,title\na,b\n")
        ran = run("import", tmp_path, "--items", tmp_path / "items.csv")
    else:
        ran = run("releases", tmp_path)
    said_once(ran)
    assert ran.code == 2


def test_config_that_is_no_text(run, tmp_path):
    (tmp_path / "penchant.toml").write_bytes(b"\xff\xfe")
    assert "penchant.toml" in said_once(run("releases", tmp_path))


def test_arguments_that_are_no_text(run, shop):
    ran = run("recommend", shop, "--user", "\udcff")
    assert (ran.code, ran.err) == (2, "penchant: argument 4 is not valid UTF-8\n")


def test_a_damaged_database(run, shop):
    (shop / "penchant.db").write_bytes(b"not a database at all" * 100)
    for suffix in ("-wal", "-shm"):
        (shop / f"penchant.db{suffix}").unlink(missing_ok=True)
    ran = run("recommend", shop, "--user", "u1")
    said_once(ran)
    assert ran.code == 1
    assert run("doctor", shop).code == 1


def test_nothing_to_learn_from(run, tmp_path):
    run("init", tmp_path)
    ran = run("train", tmp_path)
    assert ran.code == 2
    assert "import" in said_once(ran)
