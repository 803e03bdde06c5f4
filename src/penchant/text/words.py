"""Texts as words that can be compared, in any script, and what of a request is content.

Words are folded: case, width and accents do not matter, nor does an English plural. Chinese, Japanese and Korean are
not divided into words by spaces: their characters count in pairs, as in Lucene's CJKAnalyzer, without a dictionary.
"""

import re
import unicodedata

_JOINED = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_RUN = re.compile(rf"[{_JOINED}]+|[^\W_{_JOINED}]+")
_ACCENT = re.compile("[\u0300-\u036f]")
_CLIPPED = re.compile(r"['’](?:s|m|d|t|ll|re|ve)\b")
_PLURALS = (  # endings and what stands instead: the S-stemmer of Harman 1991, and one for hissing sounds
    (re.compile("(?<![ea])ies$"), "y"),
    (re.compile("(?<=x|z)es$|(?<=ch|sh|ss)es$"), ""),
    (re.compile("(?<![us])s$"), ""),
)
_ASIDE = """
    a about after all also am an and any anything are as at be been buy by can check could did do doe fancy feel
    few find for from get give good got had have help hi how i if in into is it its kind kinda let like little
    look looking lot maybe me mind mood more much my need new nice no not of on one or order our out over please
    purchase recommend recommendation rent search see shop show so some somebody someone something sort stuff
    such suggest suggestion than thank that the their them then there these they thing think this those to try
    up us wanna want watch way we were what where which while who will with without would you your
"""  # words of asking and of grammar, folded: they say nothing of what is wanted
_ASKING = re.compile(  # the same in Chinese, whose words are not apart: asking at the beginning, politeness at the end
    r"^(?:你好|请问|请|麻烦|可以|能不能|能否|帮我|帮忙|给我|替我|我们|我|咱们|正在|现在|最近|今天|想要|想|要|需要|打算|希望|准备|喜欢"
    r"|购买|购置|买|找|寻找|看看|看|推荐|介绍|搜索|搜|来|挑选|挑|选|有没有|有|一下|一些|一点|一个|一部|一本|一件|几个|几部|几本"
    r"|几件|些|点|个|部|本|件|关于|适合|什么)+|(?:的?(?:东西|商品|产品|物品)|吗|呢|吧|谢谢|好吗|[?？!！。.])+$"
)


def words(text: str, *, single: bool = True) -> list[str]:
    """The words of a text, folded, in order; `single` adds the single characters of scripts that are read in pairs."""
    found: list[str] = []
    for run in _RUN.findall(_CLIPPED.sub("", _folded(text))):
        if paired(run):
            found += [run[i : i + 2] for i in range(len(run) - 1)]
            found += run if single or len(run) == 1 else []
        else:
            found.append(singular(run))
    return found


def gist(text: str) -> str:
    """A request without the words that only ask; empty if there are no others."""
    aside = set(_ASIDE.split())
    said = _RUN.findall(_CLIPPED.sub("", _ASKING.sub("", text.strip())))
    return " ".join(word for word in said if singular(_folded(word)) not in aside)


def content(text: str) -> list[str]:
    """The words of a request that say what is wanted, folded; all of its words if none does."""
    return words(gist(text), single=False) or words(text, single=False)


def paired(word: str) -> bool:
    """Whether a word is of a script that is read in pairs of characters."""
    return re.match(f"[{_JOINED}]", word) is not None


def singular(word: str) -> str:
    """A word without its English plural ending."""
    if len(word) < 4 or not word.isascii():
        return word
    return next((ending.sub(instead, word) for ending, instead in _PLURALS if ending.search(word)), word)


def _folded(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFKC", _ACCENT.sub("", parted))
