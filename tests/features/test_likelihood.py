"""How likely a model finds an item after a history, on a model that likes words it has just read."""

from dataclasses import replace

import numpy as np

from penchant.features.likelihood import Likelihood
from penchant.language.generators import load
from penchant.protocols import Notes
from penchant.testing import worlds
from penchant.testing.writing import says
from penchant.types import Candidates


def asked(generator, user="u2"):
    context = worlds.context(worlds.shop(), user)
    notes = Notes()
    language = replace(context.language, generator=generator).metered(notes.spend)
    return replace(context, language=language, notes=notes)


def candidates(context):
    rows = np.arange(len(context.catalogue), dtype=np.int32)
    return Candidates(rows=rows, scores=-rows.astype(np.float32))


def test_what_the_history_names_is_likelier():
    context = asked(says(lambda _: ""))
    found = Likelihood(past=3).apply(context, candidates(context))
    column = found.columns["likelihood"]
    known = [row for row in context.user["recent"]["item"][-3:].tolist() if row < 20]
    assert all(column[row] == np.nanmax(column) > 0 for row in known)
    assert np.isfinite(column[:20]).all()
    assert np.isnan(column[20:]).all()
    assert known


def test_every_setting_matters():
    def column(**settings):
        context = asked(says(lambda _: ""))
        return Likelihood(**settings).apply(context, candidates(context)).columns["likelihood"]

    assert np.isfinite(column(top=3)).sum() == 3
    assert (column(past=1)[:20] != column(past=9)[:20]).any()
    context = asked(says(lambda _: ""))
    given = candidates(context)
    assert Likelihood().apply(context, given).rows.tolist() == given.rows.tolist()
    assert Likelihood(weight=3.0).apply(context, given).rows.tolist() != given.rows.tolist()
    late = asked(says(lambda _: ""))
    slow = Likelihood(deadline=1e-6).apply(late, given)
    assert np.isnan(slow.columns["likelihood"]).all()
    assert late.notes.degraded == ["likelihood: the language model gave no usable answer in time"]


def test_without_probabilities_there_is_no_opinion():
    context = asked(None)
    found = Likelihood(weight=1.0).apply(context, candidates(context))
    assert np.isnan(found.columns["likelihood"]).all()
    assert found.rows.tolist() == candidates(context).rows.tolist()
    assert len(context.notes.degraded) == 1
    guest = asked(None, "nobody")
    Likelihood().apply(guest, candidates(guest))
    assert guest.notes.degraded == []


def test_smollm2_weighs_titles():
    context = asked(load("smollm2", threads=1))
    found = Likelihood(top=4, deadline=30).apply(context, candidates(context))
    assert np.isfinite(found.columns["likelihood"][:4]).all()
    assert context.notes.degraded == []
