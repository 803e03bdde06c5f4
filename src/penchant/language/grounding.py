"""Whether a text about a pick says nothing but what is known: facts, and words that claim nothing.

A text is cut into words, and some sequence of allowed pieces has to cover them all: names behind the words they belong
to, figures with what they count, words of the description in its order, and neutral phrases that the reasons of the
pick allow. Whatever no piece covers is not known, so nothing invented has a way in.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from penchant.language import vocabulary
from penchant.language.claims import CHINESE, LATIN, NEGATIONS
from penchant.language.facts import Brief, ordering

_TOKEN = re.compile(r"[㐀-鿿]|\d+(?:[.,]\d+)*|[^\W\d_㐀-鿿]+(?:'[^\W\d_㐀-鿿]+)?|[^\w\s]|_", re.UNICODE)
_PAUSE = frozenset(".,:;!?()-–—…'\"/·&、，。：；！？（）「」『』《》“”‘’")
_END = re.compile(r"[.!?。！？…][\"'”’」》)）]*$")
_CUT = re.compile(r"[.!?][\"'”’)]*(?=\s)|[。！？][”’」》）]*")
_GAP = 2  # places by which the next word of a fact may be ahead: one may be left out
_SHORT = {"en": 3, "zh": 6}  # words and characters that a sentence has at least
_SMALL = frozenset(
    re.findall(r"\w+", "a an the of with for from to and in on at by as is are was be it its or that which")
)
_OTHERS = frozenset(
    {"with", "to", "like", "and", "与", "和", "跟", "及", "同"}
)  # words behind which another item is named
_WHY = frozenset({"because", "since"})  # words behind which it is said what is in the history
_MAY_LIKE = (("may", "like"), ("might", "like"), ("could", "like"))
_OPEN = frozenset({"a", "an", "the", "of", "with", "from", "and", "的", "和", "与", "在", "为"})  # no sentence ends so

Place = tuple[int, int]  # line, word of a fact
_NAMED: Place = (-1, -1)  # the place behind another item that this one is related to
_KEPT: Place = (-1, -2)  # the place behind another item that is said to be in the history


@dataclass(frozen=True, slots=True)
class Words:
    """A text as words in lower case without accents; what stood before each, and which are written as names."""

    plain: tuple[str, ...]
    paused: tuple[bool, ...]  # whether punctuation stands before it
    named: tuple[bool, ...]  # whether it is capitalised where a sentence does not ask for it
    cased: tuple[bool, ...]  # whether it is capitalised at all

    @classmethod
    def of(cls, text: str) -> "Words":
        """Cut a text."""
        plain, paused, named, cased = [], [], [], []
        pause, opening = False, True
        for found in _TOKEN.findall(unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")):
            if found in _PAUSE:
                pause, opening = True, opening or found in ".!?:。！？："
                continue
            plain.append(_plain(found))
            paused.append(pause)
            cased.append(found != found.lower() and found != "I")
            named.append(cased[-1] and not (opening and found[1:] == found[1:].lower()))
            pause = opening = False
        return cls(tuple(plain), tuple(paused), tuple(named), tuple(cased))


class Facts:
    """What a text may be made of, ready to be compared; made once for each brief."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self._neutral = _by_first(vocabulary.neutral(brief))
        self._linked = _by_first(vocabulary.linked(brief))
        self._kept = _by_first(vocabulary.kept(brief))
        self._onward = {_words(phrase) for phrase in vocabulary.onward(brief)}
        self._title = _by_first([brief.title])
        self._stated = _by_first([*vocabulary.stated(brief), *brief.labels, *_sized(brief)])
        self._lines = [_content(line) for line in _lines(brief)]
        self._loose = len(brief.labels)  # the first lines are labels: they may follow each other in any order
        self._places: dict[str, list[Place]] = {}
        self._names: set[Place] = set()  # words that may be capitalised
        for at, line in enumerate(self._lines):
            for place, (word, named) in enumerate(line):
                if word and not word[0].isdigit():
                    self._places.setdefault(_stem(word), []).append((at, place))
                    if named or at < self._loose:
                        self._names.add((at, place))
        self._titles = [brief.title, *(title for ground in brief.grounds for title in ground.titles)]

    def flaw(self, sentence: str) -> str:
        """What is wrong with a sentence, in a word; empty if it says nothing but what is known."""
        rest = sentence.strip()
        for title in filter(None, self._titles):
            rest = re.sub(re.escape(title), " ", rest, flags=re.IGNORECASE)
        if any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn", "So", "Sk") for c in sentence.strip()):
            return "characters"
        if ordering(rest):
            return "order"
        words = Words.of(sentence)
        if not _END.search(sentence.strip()) or len(words.plain) < _SHORT[self.brief.language]:
            return "unfinished"
        if words.plain[-1] in _OPEN or _repeats(words.plain) or sentence.strip()[0].islower():
            return "unfinished"
        reached = self._reach(words)
        return "" if reached == len(words.plain) else _kind(words, reached, self.brief.language)

    def sentences(self, text: str, done: bool = False) -> tuple[list[str], str]:
        """The whole sentences that a text begins with, and what is left; a stop within a title ends none."""
        found, start = [], 0
        for cut in _CUT.finditer(text):
            if not self._within_title(text, cut.start() + 1, done):
                found.append(text[start : cut.end()].strip())
                start = cut.end()
        rest = text[start:].lstrip()
        if done and rest:
            found, rest = [*found, rest.rstrip()], ""
        return found, rest

    def _within_title(self, text: str, end: int, done: bool) -> bool:
        """Whether a stop belongs to a title, as far as can be seen; one that ends it may end the sentence as well."""
        before, after = text[:end].lower(), text[end:].lower()
        for title in map(str.lower, filter(None, self._titles)):
            for stop in re.finditer(r"[.!?。！？]", title):
                head, tail = title[: stop.end()], title[stop.end() :]
                if before.endswith(head) and after[: len(tail)] == tail[: len(after)]:
                    following = text[end:].lstrip(" \"'”’»》)")[:1]
                    return bool(tail) or (following.islower() or following in ",;:–—-" if following else not done)
        return False

    def _reach(self, words: Words) -> int:
        """How many words some sequence of pieces covers; the furthest any comes."""
        states: list[set[Place | None]] = [set() for _ in range(len(words.plain) + 1)]
        states[0].add(None)
        furthest = 0
        for at in range(len(words.plain)):
            states[at] = {last for last in states[at] if last not in (_NAMED, _KEPT) or self._goes_on(words, at, last)}
            if not states[at]:
                continue
            for end in self._phrases(words, at):
                states[end].add(None)
            for end in _ends(self._linked, words, at):
                states[end].add(_NAMED)
            for end in _ends(self._kept, words, at) if not at or words.plain[at - 1] in _WHY else ():
                states[end].add(_KEPT)
            for last in states[at]:
                for end, place in self._own(words, at, last):
                    states[end].add(place)
            furthest = max(furthest, *(e for e in range(at, len(states)) if states[e]))
        return furthest

    def _phrases(self, words: Words, at: int) -> Iterator[int]:
        """Where the phrases that begin here end."""
        first = words.plain[at]
        for phrase in self._neutral.get(first, ()):
            end = at + len(phrase)
            plainly = not any(words.named[at:end]) and not any(words.paused[at + 1 : end])
            if words.plain[at:end] == phrase and plainly:
                yield end
        yield from _ends(self._stated, words, at)
        if not at or words.plain[at - 1] not in _OTHERS or words.plain[at - 2 : at] in _MAY_LIKE:
            yield from _ends(self._title, words, at)

    def _goes_on(self, words: Words, at: int, last: Place | None) -> bool:
        """Whether what stands here cannot be taken for something about the other item that was just named."""
        if last == _KEPT and words.plain[at] == "and":
            return False
        return any(words.plain[at : at + size] in self._onward for size in range(1, 1 + max(map(len, self._onward))))

    def _own(self, words: Words, at: int, last: Place | None) -> Iterator[tuple[int, Place]]:
        """Words of the item's own texts that may stand here, the last one having stood before."""
        word = words.plain[at]
        before = None if words.paused[at] or last in (_NAMED, _KEPT) else last
        for place in self._places.get(_stem(word), ()):
            if words.cased[at] and place not in self._names:
                continue
            if not _is_han(word):
                if before is None or self._follows(before, place, _GAP):
                    yield at + 1, place
            elif before is not None and place == (before[0], before[1] + 1):
                yield at + 1, place
            elif before is None or self._follows(before, place, 1):
                line, spot = place
                following = tuple(word for word, _ in self._lines[line][spot + 1 : spot + 2])
                if words.plain[at + 1 : at + 2] == following and following and _is_han(following[0] or "-"):
                    yield at + 2, (line, spot + 1)

    def _follows(self, last: Place, place: Place, gap: int) -> bool:
        """Whether a word may come straight after another: in the order of their line, or the first of them a label."""
        return 0 < place[1] - last[1] <= gap if last[0] == place[0] else last[0] < self._loose


def _ends(phrases: Mapping[str, Sequence[tuple[str, ...]]], words: Words, at: int) -> Iterator[int]:
    """Where those of the phrases end that stand here."""
    for phrase in phrases.get(words.plain[at], ()):
        if words.plain[at : at + len(phrase)] == phrase:
            yield at + len(phrase)


def _lines(brief: Brief) -> list[str]:
    """The item's own texts whose words may be used; a title's only where it describes."""
    return [*brief.labels, *brief.details, *([] if brief.names else [brief.title])]


def _content(line: str) -> list[tuple[str, bool]]:
    """The words of a line that may be used on their own, and whether they are names there.

    Words that may not be used leave a hole, so that what stands around them is not taken for neighbours.
    """
    words = Words.of(line)
    kept = ["" if w in LATIN or NEGATIONS.fullmatch(w) else w for w in words.plain]
    for phrase in CHINESE:
        for start in range(len(kept) - len(phrase) + 1):
            if "".join(words.plain[start : start + len(phrase)]) == phrase:
                kept[start : start + len(phrase)] = [""] * len(phrase)
    return [pair for pair in zip(kept, words.named, strict=True) if pair[0] not in _SMALL]


def _sized(brief: Brief) -> Iterator[str]:
    """Figures of the item's own texts, each with what it counts; the last of a line with the word before it."""
    for line in _lines(brief):
        words = Words.of(line)
        for at, word in enumerate(words.plain):
            if word[0].isdigit():
                ends = at + 1 == len(words.plain) or words.paused[at + 1]
                beside = words.plain[at - 1 : at] if ends and at else words.plain[at + 1 : at + 2]
                for other in beside:
                    yield from (f"{other} {word}", f"{other} of {word}") if ends else (f"{word} {other}",)


def _by_first(phrases: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in dict.fromkeys(_words(phrase) for phrase in phrases):
        if phrase:
            found.setdefault(phrase[0], []).append(phrase)
    return found


@lru_cache(maxsize=8_192)
def _words(phrase: str) -> tuple[str, ...]:
    return Words.of(phrase).plain


def _plain(word: str) -> str:
    """A word in lower case without accents, a figure without signs that only part its digits."""
    if word[0].isdigit():
        digits = re.sub(r",(?=\d{3}(\D|$))", "", word)
        return f"{float(digits):.10g}" if re.fullmatch(r"\d+(\.\d+)?", digits) else digits
    parts = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in parts if not unicodedata.combining(c)) or word


def _stem(word: str) -> str:
    word = word.removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _is_han(word: str) -> bool:
    return "㐀" <= word[0] <= "鿿"


def _repeats(words: Sequence[str]) -> bool:
    """Whether a word is stuttered, or any four words come twice."""
    runs = [tuple(words[at : at + 4]) for at in range(len(words) - 3)]
    stutters = any(a == b and not _is_han(a) for a, b in pairwise(words))
    return stutters or len(set(runs)) < len(runs)


def _kind(words: Words, at: int, language: str) -> str:
    """What kind of thing is not known at this place."""
    word = words.plain[at]
    if any(near[0].isdigit() for near in words.plain[at : at + 2]):
        return "figure"
    if word in LATIN or any("".join(words.plain[at : at + len(p)]) == p for p in CHINESE):
        return "claim"
    if word[0].isalpha() and _is_han(word) != (language == "zh"):
        return "language" if language == "en" else "name"
    return "name" if words.named[at] else "word"
