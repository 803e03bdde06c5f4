"""What every plug-in must do, as pytest classes: subclass one, override its fixture, and run it.

    class TestMySource(SourceContract):
        @pytest.fixture
        def ready(self):
            return lambda world: MySource()

`ready` is a function that makes the plug-in for a `World`: for a recipe it trains and loads (see `trained`), and it may
skip a world that has too little to learn from. Worlds, moments and candidates come from `penchant.testing.worlds`.
"""
# ruff: noqa: S101  (asserting is what a test suite is for)

from collections.abc import Callable

import numpy as np
import pytest

from penchant.protocols import Attributes, Context, Explains, Rule, Source, Stage
from penchant.testing import worlds
from penchant.testing.compared import copied, every, fresh, offers, same_columns, seen, whole
from penchant.testing.folds import FoldContract
from penchant.testing.recipes import EncoderContract, TrainableContract, trained
from penchant.testing.worlds import SITUATIONS, Situation
from penchant.text.speech import Moderator
from penchant.world import World

__all__ = [
    "EncoderContract",
    "FoldContract",
    "ModeratorContract",
    "RankerContract",
    "RuleContract",
    "SourceContract",
    "StageContract",
    "TrainableContract",
    "trained",
]


class _Asked:
    """Fixtures shared by what is asked at a moment."""

    @pytest.fixture(params=SITUATIONS)
    def situation(self, request: pytest.FixtureRequest) -> Situation:
        """Every moment at which a plug-in has to behave."""
        return worlds.situation(request.param)

    @pytest.fixture
    def context(self, situation: Situation) -> Context:
        """The context of that moment."""
        return situation.context


class SourceContract(_Asked):
    """The promises of a `Source`."""

    @pytest.fixture
    def ready(self) -> Callable[[World], Source]:
        """Override: a function that makes the source under test for a world."""
        raise NotImplementedError

    @pytest.fixture
    def source(self, ready: Callable[[World], Source], situation: Situation) -> Source:
        """The source under test."""
        return ready(situation.learned)

    def test_is_a_source(self, source: Source) -> None:
        assert isinstance(source, Source)

    def test_retrieves_distinct_allowed_rows_within_the_limit(self, source: Source, context: Context) -> None:
        for limit in (0, 1, 3, 1_000):
            rows = source.retrieve(context, limit)
            assert np.issubdtype(rows.dtype, np.integer)
            assert len(rows) <= limit
            assert len(np.unique(rows)) == len(rows)
            assert context.allowed[rows].all()

    def test_has_one_entry_per_row_in_every_column(self, source: Source, context: Context) -> None:
        for rows in (every(context), every(context)[:0], source.retrieve(context, 5)):
            columns = source.score(context, rows)
            for name, column in columns.items():
                assert (name, column.shape) == (name, (len(rows),))
                assert not np.isinf(column.astype(np.float64)).any()

    def test_scores_a_row_alike_whatever_is_asked_beside_it(self, source: Source, context: Context) -> None:
        rows = every(context)[::-1]
        whole = source.score(context, rows)
        for name, column in source.score(fresh(context), rows[1::2]).items():
            np.testing.assert_allclose(column, whole[name][1::2], rtol=1e-5, atol=1e-6)

    def test_answers_alike_twice(self, source: Source, context: Context) -> None:
        first = source.retrieve(context, 7), source.score(context, every(context))
        again = fresh(context)
        second = source.retrieve(again, 7), source.score(again, every(again))
        np.testing.assert_array_equal(first[0], second[0])
        same_columns(first[1], second[1])

    def test_leaves_the_context_as_it_was(self, source: Source, context: Context) -> None:
        before = seen(context)
        source.retrieve(context, 7)
        for column in source.score(context, every(context)).values():
            if column.flags.writeable:
                column[:] = 0
        same_columns(before, seen(context))

    def test_attributes_what_it_scores(self, source: Source, context: Context) -> None:
        if not isinstance(source, Attributes):
            pytest.skip("this source attributes nothing")
        columns = source.score(context, every(context))
        for row in every(context).tolist():
            for name, (events, parts) in source.attribute(context, row).items():
                assert len(events) == len(parts)
                assert parts.sum() == pytest.approx(columns[name][row], rel=1e-5, abs=1e-6)


class RuleContract(_Asked):
    """The promises of a `Rule`."""

    @pytest.fixture
    def rule(self) -> Rule:
        """Override: the rule under test."""
        raise NotImplementedError

    def test_says_yes_or_no_of_every_item(self, rule: Rule, context: Context) -> None:
        assert isinstance(rule, Rule)
        allowed = rule.allows(context)
        assert (allowed.dtype, allowed.shape) == (np.dtype(bool), (len(context.catalogue),))

    def test_answers_alike_twice(self, rule: Rule, context: Context) -> None:
        np.testing.assert_array_equal(rule.allows(context), rule.allows(fresh(context)))

    def test_leaves_the_context_as_it_was(self, rule: Rule, context: Context) -> None:
        before = seen(context)
        rule.allows(context)[:] = True
        same_columns(before, seen(context))


class ModeratorContract:
    """The promises of a `Moderator`."""

    @pytest.fixture
    def moderator(self) -> Moderator:
        """Override: the moderator under test."""
        raise NotImplementedError

    def test_says_what_is_against_a_text(self, moderator: Moderator) -> None:
        assert isinstance(moderator, Moderator)
        for text in ("", "A plain text.", "一段普通的文字。", "\u200b\U0001f600 ﬁ \n", "x" * 10_000):
            for language in ("en", "zh"):
                assert isinstance(moderator.objection(text, language), str)

    def test_judges_alike_twice(self, moderator: Moderator) -> None:
        for text in ("A plain text.", "一段普通的文字。"):
            assert moderator.objection(text, "en") == moderator.objection(text, "en")

    def test_has_nothing_against_nothing(self, moderator: Moderator) -> None:
        assert moderator.objection("", "en") == ""


class StageContract(_Asked):
    """The promises of a `Stage`."""

    @pytest.fixture
    def ready(self) -> Callable[[World], Stage]:
        """Override: a function that makes the stage under test for a world."""
        raise NotImplementedError

    @pytest.fixture
    def stage(self, ready: Callable[[World], Stage], situation: Situation) -> Stage:
        """The stage under test."""
        return ready(situation.learned)

    def test_passes_on_what_it_was_given(self, stage: Stage, context: Context) -> None:
        assert isinstance(stage, Stage)
        for given in offers(context):
            found = stage.apply(context, given)
            assert len(np.unique(found.rows)) == len(found)
            assert set(found.rows.tolist()) <= set(given.rows.tolist())
            assert found.scores.shape == (len(found),)
            assert not np.isnan(found.scores).any()

    def test_keeps_columns_beside_their_rows(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            found = stage.apply(context, given)
            assert found.columns.keys() >= given.columns.keys()
            seat = {row: place for place, row in enumerate(given.rows.tolist())}
            places = np.array([seat[row] for row in found.rows.tolist()], dtype=np.int64)
            for name, column in found.columns.items():
                assert (name, column.shape) == (name, (len(found),))
                if name in given.columns:
                    np.testing.assert_array_equal(column, given.columns[name][places])

    def test_answers_alike_twice(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            first, second = stage.apply(fresh(context), given), stage.apply(fresh(context), given)
            same_columns(whole(first), whole(second))

    def test_leaves_its_input_as_it_was(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            before = {**seen(context), **copied(whole(given))}
            stage.apply(context, given)
            same_columns(before, {**seen(context), **whole(given)})


class RankerContract(StageContract):
    """The promises of a `Stage` that sets the scores, and of `Explains` where it says what each column added."""

    def test_orders_by_the_scores_it_sets(self, stage: Stage, context: Context) -> None:
        for given in offers(context):
            found = stage.apply(context, given)
            assert sorted(found.rows.tolist()) == sorted(given.rows.tolist())
            assert (np.diff(found.scores) <= 0).all()

    def test_parts_add_up_to_the_score(self, stage: Stage, context: Context) -> None:
        if not isinstance(stage, Explains):
            pytest.skip("this ranker does not explain itself")
        for given in offers(context):
            found = stage.apply(context, given)
            if len(found):
                parts = stage.parts(context, found)
                assert "base" in parts
                np.testing.assert_allclose(sum(parts.values()), found.scores, rtol=1e-5, atol=1e-6)
