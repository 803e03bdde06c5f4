"""A memory sink for imports: like a store, it keeps what is new."""

import pytest


class Sink:
    def __init__(self, *, replaces=False):
        self.replaces = replaces  # items replace what has their id, events do not
        self.kept = {}
        self.batches = []

    def __call__(self, batch):
        self.batches.append(len(batch))
        new = 0
        for entry in batch:
            if entry.id not in self.kept or (self.replaces and self.kept[entry.id] != entry):
                self.kept[entry.id] = entry
                new += 1
        return new

    @property
    def all(self):
        return list(self.kept.values())


@pytest.fixture(scope="session")
def sink():
    return Sink
