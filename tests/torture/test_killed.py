"""Whatever a process was doing when it was killed with -9: nothing promised is lost, and what is there is whole."""

import http.client
import itertools
import json
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from statistics import median
from urllib.parse import urlsplit

import numpy as np
import pytest

from penchant import config, doctor, mending, privacy
from penchant.errors import StoreError
from penchant.project import REJECTED, Project

BATCH = 20  # events that an import writes at once
SEEN = 4  # people who are asked for after each round
LATER = 1.1  # of the time that a step takes, the last moment at which it is killed


# ── what must be true ───────────────────────────────────────────────────────────────────────────────────────────────


def unsound(folder):
    """Violations of what holds for every project: sound, people's state a fold of the log, the release whole."""
    found = [check.line() for check in doctor.examine(folder) if check.status == "fail"]
    with Project(folder) as project:
        artefacts = project.built.artefacts
        for release in artefacts.versions():
            artefacts.fetch(release["version"])
        current = artefacts.current() or "untrained"
        people = sorted(name for name in project.engine.follower.catch_up().timeline.names if name)[:SEEN]
        offered = [project.recommend(user) for user in people]
        known = columns(project)
        project.rebuild()
        found += ["what is known is not the log's"] * (columns(project) != known)
        afresh = [project.recommend(user) for user in people]
    found += [f"served {slate.release}, promoted {current}" for slate in offered if slate.release != current]
    found += ["nothing was offered" for slate in offered if not slate.items]
    found += ["kept state is not the log's" for a, b in zip(offered, afresh, strict=True) if a.picks != b.picks]
    return found


def columns(project):
    """Everything that a timeline holds, in order of the log."""
    line = project.engine.follower.catch_up().timeline
    order = np.argsort(line.position, kind="stable")
    told = {name: getattr(line, name)[order].tolist() for name in ("position", "time", "item", "kind")}
    return told, [line.names[user] for user in line.user[order].tolist()]


def logged(folder):
    """Ids of the events in a log, in order, each as often as it is there."""
    with Project(folder) as project:
        names = [name for name in project.engine.follower.catch_up().timeline.names if name]
        records = sorted((r for name in names for r in project.engine.log.events(name)), key=lambda r: r.position)
    return [record.entry.id for record in records]


def readable(folder):
    """Ids of the events in a log, none of a log that is damaged."""
    try:
        return logged(folder)
    except StoreError:
        return []


def told(acks):
    """What a step said it was promised; the last line may be half a line."""
    lines = acks.read_text().splitlines(keepends=True) if acks.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def broken(promised, ids, before, flying):
    """Violations of "each promised event is there once; of what was not promised, whole batches under way at most"."""
    counts, known = Counter(ids), {name for batch in promised for name in batch} | set(before)
    found = [f"{name} is there {counts[name]} times" for name in sorted(known) if counts[name] != 1]
    others = Counter(name.rpartition("-")[0] for name in counts.keys() - known)
    found += [f"{len(others)} batches that nobody was promised"] * (len(others) > flying)
    return found + [f"{count} events of batch {name}" for name, count in others.items() if count not in (1, 3)]


# ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def moments(step, rounds, took):
    """Moments of a step: one drawn from each of so many equal parts of its duration."""
    dice = random.Random(step)
    return [(turn + dice.random()) / rounds * took * LATER for turn in range(rounds)]


def prints(folder):
    """Every file with its size and time; what SQLite makes of itself when it opens does not count."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.stat().st_size}


@pytest.fixture
def torture(zygote, note, rounds, tmp_path):
    """Do a step once for its duration and then again and again, killing it; `check` finds what is wrong after it."""

    def run(step, source, check, store="sqlite", **options):
        counts, violations, was = Counter(), [], 0

        def once(name, after):
            place = tmp_path / name
            folder = shutil.copytree(source, place / "shop")
            acks, before, files = place / "acks", readable(folder), prints(folder)
            ended = zygote.run(step, folder, acks, after, name=name, **options)
            assert ended["killed"] or ended["code"] == 0
            said = told(acks)
            wrote = said or prints(folder) != files
            counts["ended" if not ended["killed"] else "midway" if wrote else "before"] += 1
            found = check(folder, said, before) + unsound(folder)
            violations.extend(f"{step}, killed after {after} s: {what}" for what in found)
            shutil.rmtree(place)
            return ended["took"]

        took = median(once(f"whole-{turn}", None) for turn in range(1 + 2 * (rounds > 10)))
        counts.clear()
        for turn, share in enumerate(moments(step, rounds, 1)):
            ended = once(str(turn), share * took)
            took = (took + ended) / 2 if counts["ended"] > was else took
            was = counts["ended"]
        note(step, store, counts, len(violations))
        assert violations == []

    return run


# ── what is killed ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_import(torture, bare, trained):
    wanted, refused = logged(trained), (trained / REJECTED).read_bytes().count(b"\n")
    assert (len(wanted), refused) == (298, 2)

    def check(folder, *_):
        ids = logged(folder)
        found = ["half a batch"] * (len(ids) % BATCH > 0 and len(ids) != len(wanted))
        with Project(folder) as project:
            project.import_items(folder / "items.csv")
            added = project.import_events(folder / "events.csv").written
        found += ["a second import did not add what was missing"] * (added != len(wanted) - len(ids))
        found += ["the events are others"] * (logged(folder) != wanted)
        return found + ["the refused rows are others"] * ((folder / REJECTED).read_bytes().count(b"\n") != refused)

    torture("load", bare, check, batch=BATCH)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
@pytest.mark.parametrize(("step", "threads"), [("append", 2), ("fold", 1), ("keep", 1)])
def test_events(torture, request, store, step, threads):
    source = request.getfixturevalue("trained" if store == "sqlite" else "elsewhere")
    torture(step, source, lambda folder, said, was: broken(said, logged(folder), was, flying=threads), store=store)


def post(address, name, said):
    """Post events until the server is gone; what it has answered with 200 goes to `said`."""
    connection = http.client.HTTPConnection(address, timeout=20)
    for turn in itertools.count():
        ids = [f"{name}-{turn}-{part}" for part in range(1 + 2 * (turn % 2))]
        events = [{"event_id": i, "user_id": f"u{turn % 9}", "item_id": "G1", "event_type": "view"} for i in ids]
        try:
            connection.request(
                "POST", "/v1/events", json.dumps({"events": events}), {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            assert json.loads(answer.read())["accepted"] == len(ids)
        except (OSError, http.client.HTTPException, ValueError):
            break
        said.append(ids)
    connection.close()


def test_events_over_http(zygote, note, rounds, trained, tmp_path):
    counts, violations = Counter(), []
    for turn, after in enumerate(moments("http", rounds, 0.5)):
        place, said = tmp_path / str(turn), []
        folder, acks = shutil.copytree(trained, place / "shop"), place / "acks"
        before = logged(folder)
        zygote.start("serve", folder, acks, after, name="")
        while not told(acks):
            time.sleep(0.01)
        address = urlsplit(told(acks)[0]).netloc
        clients = [threading.Thread(target=post, args=(address, f"{who}", said)) for who in range(3)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert zygote.ended()["killed"]
        counts["midway" if said else "before"] += 1
        found = broken(said, logged(folder), before, flying=3) + unsound(folder)
        violations += [f"killed after {after} s: {what}" for what in found]
        shutil.rmtree(place)
    note("append over HTTP", "sqlite", counts, len(violations))
    assert violations == []


@pytest.fixture(scope="session")
def damaged(trained, tmp_path_factory):
    """The project with a page of its log overwritten, and the events that can still be read."""
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("damaged") / "shop")
    file = folder / "penchant.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        ((page, size),) = connection.execute(
            "SELECT pageno, pgsize FROM dbstat WHERE name = 'log' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 3"
        )
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = bytes(size)
    file.write_bytes(content)
    whole = shutil.copytree(folder, folder.with_name("mended"))
    (saved,) = mending.mend(config.read(whole), whole)
    return folder, [name for name in logged(trained) if name not in saved.lost]


def test_mending(torture, damaged):
    source, readable = damaged

    def check(folder, *_):
        again = mending.mend(config.read(folder), folder)
        found = ["it was not mended"] * (bool(mending.mend(config.read(folder), folder)) or len(again) > 1)
        found += ["the damaged file is gone"] * (not list(folder.glob("penchant.db.damaged-*")))
        return found + ["what could be read is lost"] * (logged(folder) != readable)

    torture("mend", source, check)


def test_forget(torture, trained):
    people = [f"u{number}" for number in range(8)]

    def check(folder, said, _):
        with Project(folder) as project:
            kept = {user: project.export(user) for user in said}
            found = [f"something of {user} is kept" for user in kept if privacy.holds(kept[user])]
            for user in people:
                project.forget(user)
            return found + [f"{user} cannot be forgotten" for user in people if privacy.holds(project.export(user))]

    torture("forget", trained, check, people=people)


def releases(folder):
    """The version that is promoted, and all there are."""
    with Project(folder) as project:
        return project.built.artefacts.current(), [release["version"] for release in project.releases()]


def test_train(torture, trained):
    current, known = releases(trained)

    def check(folder, said, _):
        now, versions = releases(folder)
        new = [version for version in versions if version not in known]
        found = ["a release is lost"] * (not set(known) <= set(versions))
        found += [f"{now} is promoted"] * (now not in (said or [current, *new]))
        with Project(folder) as project:
            again = project.train()["version"]
        return found + ["a second training is not served"] * (releases(folder)[0] != again)

    torture("train", trained, check)


def test_publish(torture, trained):
    known = releases(trained)[1]

    def check(folder, said, _):
        versions = releases(folder)[1]
        found = [f"release {version} is lost" for version in (*known, *said) if version not in versions]
        return found + ["releases nobody published"] * (len(versions) > len(known) + len(said) + 1)

    torture("publish", trained, check)


@pytest.mark.parametrize("step", ["promote", "swap"])
def test_promotions(torture, trained, step):
    current, known = releases(trained)

    def check(folder, said, _):
        last, following = said[-1] if said else current, known[len(said) % len(known)]
        now = releases(folder)[0]
        return [f"{now} is promoted; promised was {last}, under way {following}"] * (now not in {last, following})

    torture(step, trained, check)
