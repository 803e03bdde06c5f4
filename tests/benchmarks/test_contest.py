"""The contest asks the peers what the board asks: same questions, same masks, same ties, same measures."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import penchant

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CONFIG = """\
[encoder]
model = "hashing"
[clock]
now = "log"
[events]
repeats = {repeats}
[evaluation]
cut = 0.3
target = "{target}"
[[sources]]
kind = "again"
[[sources]]
kind = "popular"
windows = ["7d", "all"]
[[stages]]
kind = "blend"
"""
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def held(tmp_path):
    """A project of baskets, its exam and its report."""

    def hold(repeats="true", target="first-basket", **asked):
        import exam as exams
        import questions

        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "penchant.toml").write_text(CONFIG.format(repeats=repeats, target=target))
        with penchant.open(folder) as project:
            project.import_items([{"item_id": f"i{n}", "title": f"thing {n}"} for n in range(30)])
            project.import_events(list(baskets()))
            questions.export(project, questions.Asked(**asked), "tiny", tmp_path / "exam")
            report = project.evaluate()
        return {part: exams.read(tmp_path / "exam" / part) for part in questions.PARTS}, report

    return hold


def baskets():
    """Ten people buy five things every third day; some things are wanted by many, some by one."""
    dice = np.random.default_rng(0)
    for day in range(0, 60, 3):
        for person in range(10):
            for item in dice.choice(30, 5, replace=False, p=np.arange(1, 31) / 465):
                when = START + timedelta(days=day, minutes=person)
                yield {
                    "user_id": f"u{person}",
                    "item_id": f"i{item}",
                    "timestamp": when,
                    "event_type": "purchase",
                }


@pytest.mark.parametrize(
    ("repeats", "target"), [("true", "first-basket"), ("false", "event"), ("true", "rest-of-basket")]
)
def test_a_peer_that_does_the_same_gets_the_same_marks(held, repeats, target):
    import exam as exams
    import popularity

    parts, report = held(repeats, target)
    test = parts["test"]
    assert (test.facts["digest"], len(test)) == (report.digest, report.questions)
    for window, name in ((7.0, "popular.7d"), (np.inf, "popular.all")):
        score = popularity.window(window)
        found = exams.answers(test, lambda q, score=score: score(None, test, q, {}), np.arange(len(test)))
        ours = report.values["all"][name]
        for measure, values in exams.marks(test, found).items():
            np.testing.assert_allclose(values, ours[measure], err_msg=f"{name} {measure}")


def test_novel_items_are_a_board_of_their_own(held):
    import exam as exams
    import popularity

    parts, report = held(novel=True)
    test, score = parts["test"], popularity.window(np.inf)
    found = exams.answers(test, lambda q: score(None, test, q, {}), np.arange(len(test)))
    ours = report.values["novel"]["popular.all"]["ndcg"]
    np.testing.assert_allclose(exams.marks(test, found)["ndcg"], ours[~np.isnan(ours)])


def test_settings_are_chosen_before_the_cut(held):
    parts, _ = held()
    validation, test = parts["validation"], parts["test"]
    assert validation.asked["time"].max() < test.facts["cut"] <= test.asked["time"].min()
    assert validation.log["time"].max() < test.facts["cut"]
    assert validation.facts["learned"] <= validation.asked["seen"].min()


def test_ties_go_by_row_and_what_has_no_score_is_not_ranked():
    import exam as exams

    lists = {"wanted": np.array([0, 2, 4]), "denied": np.array([1]), "told": np.zeros(0, int)}
    starts = {"wanted_starts": np.array([0, 3]), "denied_starts": np.array([0, 1]), "told_starts": np.array([0, 0])}
    asked = {"user": np.array([0]), "time": np.array([9]), "seen": np.array([0]), **lists, **starts}
    one = exams.Exam({"items": 5}, {}, asked)
    found = exams.ranks(one, np.array([0]), np.array([[1.0, 9.0, 2.0, 1.0, np.nan]]))
    assert found.tolist() == [2, 1, 0]
    marks = exams.marks(one, found)
    ideal = 1 + 1 / np.log2(3) + 0.5
    assert marks["ndcg"][0] == pytest.approx((1 + 1 / np.log2(3)) / ideal)
    assert (marks["hit"][0], marks["recall"][0]) == (1.0, pytest.approx(2 / 3))


def test_the_best_setting_is_taken_and_an_answer_is_not_given_twice(held, tmp_path):
    import sitting

    asked = []

    def score(model, exam, questions, settings):
        asked.append(exam.facts["part"])
        row = np.arange(exam.items) * settings["sign"] + 100.0
        return np.tile(row, (len(questions), 1))

    held()
    peer = sitting.Peer(name="rows", learn=lambda e, s: None, score=score, grid={"sign": (-1, 1)})
    for _ in range(2):
        sitting.sit(peer, tmp_path / "exam", tmp_path / "answers", {})
    facts = json.loads((tmp_path / "answers" / "rows.json").read_text())
    assert facts["settings"] == {"sign": 1}  # things of higher rows are wanted more
    assert asked.count("test") == 1


def test_the_peers_stand_on_the_board(held, tmp_path, monkeypatch):
    import boards
    import contest
    import popularity
    import quality
    import sitting

    _, report = held()
    (tmp_path / "exams").mkdir()
    (tmp_path / "exam").rename(tmp_path / "exams" / "tiny")
    for peer in popularity.PEERS:
        sitting.sit(peer, tmp_path / "exams" / "tiny", tmp_path / "answers" / "tiny", {})
    results = tmp_path / "results"
    for module in (contest, quality):
        monkeypatch.setattr(module, "RESULTS", results)
    monkeypatch.setitem(boards.BOARDS, "tiny", boards.Board(data="tiny", title="a test", exams={"all": "tiny"}))
    contest.collect("tiny", tmp_path, {"rectools_models": "no wheel"})
    facts = {"machine": "m", "date": "d", "import_seconds": 1, "peak_gib": 1, "versions": {"penchant": "0"}}
    quality.write("tiny", report, facts)
    for _ in range(2):  # joined again, the page stays as it was
        peers = quality.joined("tiny")
    page = (results / "tiny.md").read_text()
    assert page.count("## Peers") == 1
    assert "- rectools-sasrec has no answer: no wheel" in page
    ours, theirs = report.against["popular.all"], {peer.name: peer for peer in peers["all"]}["popular-all"]
    assert theirs.ahead == pytest.approx(ours, abs=1e-6)
    assert theirs.ndcg == pytest.approx(report.rows["popular.all"]["all"]["ndcg"])
    assert any(line.startswith("| popular-all †") for line in quality.short("tiny", peers))


def test_a_peer_without_an_environment_is_named(monkeypatch, tmp_path):
    import contest
    import standing

    monkeypatch.setattr(contest, "PEERS", tmp_path)
    monkeypatch.setattr(contest, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(contest, "SCRIPTS", {"script": ("nothing", ("nobody",))})
    (tmp_path / "nothing.txt").write_text("no requirement at all\n")
    troubles = contest.sit("tiny", tmp_path, chosen=False)
    assert troubles["script"].startswith("its environment cannot be made: ")
    place = tmp_path / "exams" / "tiny" / "test"
    place.mkdir(parents=True)
    (place / "facts.json").write_text('{"digest": "d"}')
    np.savez(place / "questions.npz", user=np.array([1]), wanted_starts=np.array([0, 1]))
    contest.collect("tiny", tmp_path, troubles)
    told = standing.standings(tmp_path / "results" / "peers" / "tiny", "d", np.array([0.5]))
    assert "- nobody has no answer: its environment cannot be made" in told.markdown("all")
    other = standing.standings(tmp_path / "results" / "peers" / "tiny", "e", np.array([0.5]))
    assert "asked other questions" in other.markdown("all")


def test_one_peer_more_stands_beside_those_who_answered_before(tmp_path, monkeypatch):
    import contest

    monkeypatch.setattr(contest, "RESULTS", tmp_path / "results")

    def ask(name, place, digest="d", ranks=(1, 0, 255)):
        asked, answers = place / "exams" / "tiny" / "test", place / "answers" / "tiny"
        for folder in (asked, answers):
            folder.mkdir(parents=True)
        (asked / "facts.json").write_text(json.dumps({"digest": digest}))
        np.savez(asked / "questions.npz", user=np.arange(3), wanted_starts=np.arange(4))
        (answers / f"{name}.json").write_text(json.dumps({"name": name, "digest": digest, "ndcg": 0.5}))
        np.savez(answers / f"{name}.npz", ranks=np.array(ranks))
        contest.collect("tiny", place, {})
        document = json.loads((tmp_path / "results" / "peers" / "tiny.json").read_text())
        return set(document["peers"]), document["missing"], np.load(tmp_path / "results" / "peers" / "tiny.npz")

    assert ask("v-sknn", tmp_path / "first")[0] == {"v-sknn"}
    names, missing, ranks = ask("rectools-ease", tmp_path / "second", ranks=(2, 3, 0))
    assert names == {"v-sknn", "rectools-ease"}
    assert set(missing) & names == set()
    assert ranks["v-sknn"].tolist() == [1, 0, 0]
    assert ranks["rectools-ease"].tolist() == [2, 3, 0]
    names, _, ranks = ask("v-sknn", tmp_path / "third", digest="other questions")
    assert (names, "rectools-ease" in ranks) == ({"v-sknn"}, False)
