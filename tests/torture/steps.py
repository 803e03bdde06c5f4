"""What is killed half-way. Each step opens a project, calls `begin()`, works, and says what it has been promised."""

import shutil
import threading
from pathlib import Path

import lightgbm  # noqa: F401 - imported once, before anybody is forked
import polars  # noqa: F401
import sqlalchemy
import uvicorn  # noqa: F401

from penchant import config, mending, world
from penchant import project as projects
from penchant.serving import server as serving
from penchant.stores import sql_items, sql_log, sql_states  # noqa: F401
from penchant.types import Event
from penchant.web import app  # noqa: F401

sqlalchemy.create_engine("sqlite://").dispose()  # what it imports at first use


def load(folder, *, begin, say, name, batch=20):
    """Import items and events, from the first table on."""
    begin()
    with projects.Project(folder) as project:
        project.import_items(Path(folder) / "items.csv", batch=batch)
        say("items")
        project.import_events(Path(folder) / "events.csv", batch=batch)
        say("events")


def append(folder, *, begin, say, name, threads=2, rounds=20):
    """Observe single events and batches of three from several threads; each says the ids that it was promised."""

    def write(project, who):
        for turn in range(rounds):
            events = [
                Event(id=f"{name}.{who}-{turn}-{part}", user=f"u{(turn + who) % 9}", item=f"G{turn % 5}", kind="view")
                for part in range(1 + 2 * (turn % 2))
            ]
            project.observe(events)
            say([event.id for event in events])

    with projects.Project(folder) as project:
        begin()
        writers = [threading.Thread(target=write, args=(project, who)) for who in range(threads)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()


def fold(folder, *, begin, say, name, people=30):
    """Ask for everybody, which folds their state, while they act."""
    with projects.Project(folder) as project:
        project.recommend("somebody new")  # what an answer needs is read now
        begin()
        for turn in range(people):
            user = f"u{turn}"
            project.recommend(user)
            project.observe([Event(id=f"{name}-{turn}-0", user=user, item=f"K{turn % 7}", kind="click")])
            project.recommend(user)
            say([f"{name}-{turn}-0"])


def keep(folder, *, begin, say, name, rounds=12):
    """Observe, and keep a snapshot of what is known after every few events."""
    world._LEAST = 4
    with projects.Project(folder) as project:
        begin()
        for turn in range(rounds):
            ids = [f"{name}.{turn}-{part}-0" for part in range(5)]
            for one in ids:
                project.observe([Event(id=one, user=f"u{turn}", item=f"R{turn % 9}", kind="click")])
                say([one])
            project.engine.follower.keep()


def train(folder, *, begin, say, name):
    """Train, publish, promote."""
    with projects.Project(folder) as project:
        begin()
        say(project.train()["version"])


def publish(folder, *, begin, say, name, rounds=6):
    """Publish copies of the release that is there, with a large file beside its own."""
    with projects.Project(folder) as project:
        artefacts = project.built.artefacts
        place, manifest = artefacts.fetch(artefacts.current())
        scratch = Path(folder).with_name("scratch")
        shutil.copytree(place, scratch)
        (scratch / "large.bin").write_bytes(bytes(3 << 20))
        begin()
        for turn in range(rounds):
            (scratch / "linear" / "turn").write_text(str(turn))
            say(artefacts.publish(scratch, manifest))


def promote(folder, *, begin, say, name, rounds=24):
    """Promote one release, then the other."""
    with projects.Project(folder) as project:
        versions = [release["version"] for release in project.releases()]
        begin()
        for turn in range(rounds):
            project.promote(versions[turn % len(versions)])
            say(versions[turn % len(versions)])


def swap(folder, *, begin, say, name, rounds=12):
    """Follow promotions as a server does, under questions."""
    with projects.Project(folder) as project:
        artefacts = project.built.artefacts
        versions = [release["version"] for release in project.releases()]
        watcher = serving.Watcher(project, pause=0.001)
        project.recommend("somebody new")
        begin()
        watcher.start()
        for turn in range(rounds):
            artefacts.promote(versions[turn % len(versions)])
            say(versions[turn % len(versions)])
            for _ in range(3):
                project.recommend(f"u{turn % 30}")
        watcher.stop()


def forget(folder, *, begin, say, name, people):
    """Forget people one by one, whose slates wait or are written."""
    with projects.Project(folder) as project:
        for user in people:
            project.recommend(user)
        begin()
        for user in people:
            project.forget(user)
            say(user)


def mend(folder, *, begin, say, name):
    """Put a new database in the place of a damaged one."""
    begin()
    say([str(saved.file) for saved in mending.mend(config.read(Path(folder)), Path(folder))])


def serve(folder, *, begin, say, name):
    """Serve over HTTP until killed."""
    serving.serve(Path(folder), host="127.0.0.1", port=0, workers=1, started=lambda url: (say(url), begin()))
