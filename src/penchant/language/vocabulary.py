"""The words that a text about a pick may hold beside its facts: those that claim nothing, those that a reason allows.

A reason's words are allowed only where that reason is there: nothing is called popular without its figures.
"""

from collections.abc import Iterator, Sequence

from penchant.language.facts import Brief, Ground

HISTORY = ("because", "again", "alike", "taste", "together", "follows", "rated", "reading", "visit")  # rest on deeds
WINDOWS = {
    "en": {"1h": ("hour",), "1d": ("day",), "7d": ("week", "7 days"), "30d": ("30 days", "month")},
    "zh": {"1h": ("一小时",), "1d": ("一天",), "7d": ("一周", "7天"), "30d": ("三十天", "30天", "一个月")},
}
_NEUTRAL = {
    "en": """
a|an|the|this|it|its|it's|is|and|with|for|of|in|on|to|from|as|also|which|here|that|here is|here's|there is|called
named|titled|title|category|genre|tags|kind|kind of|type of|listed|listed as|listed under|listed in|catalogue
catalog|filed under|pick|choice|option|suggestion|recommendation|idea|match|your next|next|you may like
you might like|you could like|you may enjoy|you might enjoy|you could enjoy|you may want to consider
you might want to consider|you might consider|you may wish to consider|you could consider|you may find
you might find|may suit you|might suit you|could suit you|may appeal to you|might appeal to you|could appeal to you
may appeal|might appeal|may interest you|might interest you|could interest you|may be of interest
might be of interest|may be|might be|could be|may well suit you|worth a look|worth considering|worth a closer look
worth a try|worth exploring|worth trying|worth checking out|take a look at|take a look|have a look at|have a look
a look at|take a closer look at|check out|consider|let us suggest|we suggest|we recommend|i recommend|i suggest
we picked|we chose|we selected|our suggestion|our pick|our recommendation|suggested for you|picked for you
chosen for you|selected for you|recommended for you|for you|you to consider|to consider|to look at|to explore
explore|try|give it a try|give it a look|a good choice|good choice|a good match|good match|good fit|a good pick
good pick|nice choice|nice match|nice option|good option|nice pick|good place to start|if you like|if you enjoy
if you are looking for|if you're looking for|when you are looking for|if you want|if you are interested in
if you're interested in|who like|who enjoy|for anyone who likes|for those who like|for those who enjoy
for people who like|for people who enjoy|fans of|for fans of|lovers of|for your consideration|to your list of ideas
something|something for you|released in|released|belongs to|part of|falls under|combines|blends|mixes|mix of
blend of|combination of|both|features|offers|described as|is described as|the description says|says the catalogue|so
so it|so you|therefore|why
""",
    "zh": """
这款|这件|这个|这部|这本|这|它|的|和|与|及|以及|是|也|在|为|而|并|同时|此外|另外|其|款|件|部|本|一款|一件|一部|一本
一个|名为|名叫|叫做|标题为|标题|类|类别|类别为|类型|类型为|标签|标签为|属于|目录|目录中|目录中的|目录里|来自|包括
包含|带有|配有|采用|支持|具有|具备|您可能会喜欢|您可能喜欢|您或许会喜欢|您或许喜欢|您也许会喜欢|或许适合您
可能适合您|也许适合您|或许合您心意|可能合您心意|适合您|推荐给您|为您推荐|向您推荐|给您推荐|推荐您|我们推荐
我们为您推荐|推荐|为您挑选|为您挑选的|为您选出|为您选择|供您参考|供您考虑|您不妨看看|您可以看看|您可以考虑
您不妨考虑|不妨看看|不妨一看|不妨考虑|不妨一试|不妨了解一下|值得一看|值得考虑|值得一试|值得看看|可以考虑|可以看看
看看|看一看|了解一下|考虑一下|选择|一个选择|不错的选择|如果您喜欢|若您喜欢|喜欢|的您|如果您正在寻找|结合了|融合了
可供|参考|所以|因此|这次|接下来|下一个|介绍|简介|描述|描述中提到|介绍中提到
""",
}
_OF_REASONS = {
    "en": {
        "because": (
            "if you|goes with|go with|going with|goes well with|pairs with|fits with|fits in with|matches|"
            "alongside|because|since|because of|as you have|goes together with|together with|connected with|"
            "linked to|related to|close to"
        ),
        "looking": (
            "which you are looking at|you are looking at|what you are looking at|goes with|pairs with|fits with"
        ),
        "again": (
            "again|once more|you have chosen it before|you have had it before|come back to|back to|familiar|"
            "a familiar|most recently|already in your history"
        ),
        "together": (
            "people with a history like yours|people with histories like yours|others with a history like yours|"
            "went for this too|went for it too|chose this too|chose it too|also went for it|also went for this|"
            "also chose it|also chose this|went for it|went for this|chose it|chose this|people like you"
        ),
        "visit": (
            "was chosen by others|was taken by others|taken by others|chosen by others|others took it|"
            "others chose it|in visits like this one|in visits like yours|in a visit like this one|"
            "visits like this one|in similar visits"
        ),
        "rated": "your ratings|ratings|by your ratings|going by your ratings",
        "crowd": "in demand|much in demand|by the figures in the catalogue|demand",
        "follows": (
            "often chosen next|chosen next|comes next|often comes next|after a path like yours|"
            "a path like yours|often follows"
        ),
        "alike": (
            "if you|similar to|much like|close to|like|resembles|in the manner of|because|since|similar|likeness"
        ),
        "popular": "popular|popular now|popular right now|currently popular|right now|is being chosen|people",
        "taste": (
            "you often choose|often choose|your taste|fits your taste|suits your taste|matches your taste|since|"
            "because|your taste for|your interest in|your liking for"
        ),
        "price": (
            "price|price range|within the price range you usually choose|in the price range you usually choose|"
            "in your usual price range|within your usual price range|around what you usually pay|"
            "fits your usual price range"
        ),
        "asked": (
            "what you asked for|fits what you asked for|matches what you asked for|your request|"
            "fits your request|matches your request|you asked for|fits|matches"
        ),
        "reading": (
            "its description suits what you usually choose|suits what you usually choose|"
            "what you usually choose|its description|description|fits what you usually choose"
        ),
        "history": (
            "your history|from your history|in your history|based on your history|given your history|"
            "going by your history|with your history in mind|your past choices|based on your past choices|"
            "based on your interest in|fits your history|matches your history|suits your history|"
            "it was picked because|picked because|chosen because|suggested because|recommended because"
        ),
    },
    "zh": {
        "because": "相配|搭配|很搭|相搭|相近|相关|有关|因为|由于|可以搭配|配合|一起|可与",
        "looking": "您正在看的|正在看|相配|搭配",
        "again": "您选择过它|您曾选择过它|您选择过|您曾选择过|再次|又一次|您熟悉的|熟悉|曾经|出现过",
        "together": "与您记录相近的人|和您记录相近的人|与您相似的人|也选择了它|也选择了|选择了它|选择了|的人",
        "visit": ("其他人|其他人也选择了它|其他人选择了它|在相似的访问中|与您这次所看相似的访问中|选择了它|也选择了它"),
        "rated": "按您的评分习惯|您的评分|预计|评分",
        "crowd": "需求很高|需求高|按目录中的数据|很受欢迎|受欢迎",
        "follows": "走过相似路径的人|接下来常选择它|常选择它|接下来常常选择它|的人",
        "alike": "相似|类似|相近|很像|因为|由于|您喜欢的",
        "popular": "正受欢迎|受欢迎|很受欢迎|近来受欢迎|最近受欢迎|近期受欢迎|人气|大家",
        "taste": "您常选择|您常选|您经常选择|您喜欢的类别|符合您的口味|合您的口味|符合您的喜好|因为|由于",
        "price": "符合您常选的价位|在您常选的价位|您常选的价位|价位",
        "asked": "符合您的要求|符合您的需求|您想要的|您的要求|您的需求|符合",
        "reading": "描述符合您一贯的选择|符合您一贯的选择|您一贯的选择|一贯的选择|描述",
        "history": (
            "您的记录|您的记录中|您的历史中|您的历史|根据您的记录|根据您的历史|从您的记录看|结合您的记录|"
            "您记录中的|您之前的|您以往的|您之前选择的|您过去的选择|根据您过去的选择|您之前看过的"
        ),
    },
}
_LINKS = {
    "en": {
        "because": (
            "goes with|go with|going with|goes well with|pairs with|pairs well with|fits with|fits in with|"
            "matches|alongside|together with|goes together with|connected with|linked to|related to|close to|"
            "since|because|because of|interest in|history of|you have|if you like|as"
        ),
        "looking": "goes with|go with|pairs with|fits with|alongside|you are looking at|looking at",
        "alike": "similar to|is similar to|close to|much like|like|resembles|if you like|fans of|interest in",
    },
    "zh": {
        "because": (
            "与|和|跟|您之前的|您记录中的|您以往的|您之前选择的|与您之前的|和您之前的|与您记录中的|和您记录中的|"
            "因为|搭配|由于"
        ),
        "looking": "您正在看的|与您正在看的|和您正在看的|与|和",
        "alike": "与|和|跟|类似|与您喜欢的|和您喜欢的|像|与您之前的|和您之前的|类似于|类似于您之前的",
    },
}
_PRICED = {
    "en": "at|for|costs|priced at|price of|price is|price:|is priced at|listed at|listed for|the price is|a price of",
    "zh": "价格|价格为|价格是|售价|售价为|标价|标价为|定价|定价为",
}
_BY = {
    "author": ("by", "written by", "author"),
    "artist": ("by", "artist"),
    "director": ("by", "directed by", "director"),
    "actors": ("starring", "with"),
    "brand": ("by", "made by", "brand", "from"),
    "maker": ("by", "made by", "maker"),
    "publisher": ("published by", "publisher"),
}
_BY_ZH = {
    "author": ("作者", "作者为", "作者是", "由作者"),
    "artist": ("艺术家", "歌手"),
    "director": ("导演", "导演为", "导演是", "由导演"),
    "actors": ("主演", "主演为", "由演员"),
    "brand": ("品牌", "品牌为", "来自品牌"),
    "maker": ("制造商", "厂商"),
    "publisher": ("出版社", "由出版社"),
}


def neutral(brief: Brief) -> Iterator[str]:
    """Phrases that claim nothing, and those that the reasons of a pick allow."""
    language = brief.language
    yield from _NEUTRAL[language].replace("\n", "|").split("|")
    yield brief.thing
    if language == "en":
        yield from (f"{brief.thing}s", "item", "items")
    kinds = {ground.kind for ground in brief.grounds}
    if kinds & {*HISTORY, "price"}:
        kinds = kinds | {"history"}
    for kind in kinds & _OF_REASONS[language].keys():
        yield from _OF_REASONS[language][kind].split("|")


def stated(brief: Brief) -> Iterator[str]:
    """Phrases that state a fact with what it is: who made it, when, what it costs, how often it was chosen."""
    language = brief.language
    by = _BY if language == "en" else _BY_ZH
    for role, names in brief.roles.items():
        for name in (*names, _listed(names, language)):
            yield from (f"{word} {name}" for word in by[role])
    if brief.price:
        yield from (f"{word} {brief.price}" for word in _PRICED[language].split("|"))
    for name, figure in brief.numbers.items():
        yield from _figure(name.replace("_", " "), figure, brief)
    for ground in brief.grounds:
        yield from _linked(ground, language)
        yield from _counted(ground) if language == "en" else _counted_zh(ground)


def _listed(names: Sequence[str], language: str) -> str:
    return (" and " if language == "en" else "和").join(names[:3])


def _figure(name: str, figure: str, brief: Brief) -> Iterator[str]:
    if name == "year":
        if brief.language == "zh":
            yield from (f"{figure}年", f"{figure}年的", f"{figure}年上映", f"{figure}年出版")
            return
        yield from (
            f"from {figure}",
            f"of {figure}",
            f"released in {figure}",
            f"a {figure}",
            f"the {figure}",
            f"({figure})",
        )
        yield from (f"{figure} {word}" for word in (brief.thing, *brief.labels))
    elif brief.language == "en":
        yield from (f"{name} {figure}", f"{figure} {name}", f"{name} of {figure}", f"{name} is {figure}")


def _linked(ground: Ground, language: str) -> Iterator[str]:
    """Titles of other items, each behind a word that says what it has to do with this one."""
    mentions = [*ground.titles, _listed(ground.titles, language)] if ground.titles else []
    for link in _LINKS[language].get(ground.kind, "").split("|"):
        yield from (f"{link} {mention}" for mention in mentions if link)
    if language == "en" and ground.kind == "because":
        yield from (f"{mention} {verb} in your history" for mention in mentions for verb in ("is", "are"))


def _counted(ground: Ground) -> Iterator[str]:
    figures = {name: f"{value:.6g}" for name, value in ground.figures.items()}
    if count := figures.get("count"):
        times = {"1": ("once",), "2": ("twice", "2 times", "two times")}.get(count, (f"{count} times",))
        yield from times
    if days := figures.get("days"):
        yield {"0": "today", "1": "yesterday"}.get(days, f"{days} days ago")
    if (events := figures.get("events")) and ground.window:
        for window in WINDOWS["en"][ground.window]:
            for verb in ("", "was chosen ", "chosen ", "taken up ", "picked "):
                yield from (
                    f"{verb}{events} times {when} {window}" for when in ("in the last", "in the past", "over the last")
                )
    if value := figures.get("value"):
        shown = f"{float(value):.1f}"
        yield from (f"point to {shown}", f"point to {shown} for it", f"suggest {shown}", f"suggest {shown} for it")
    if ground.category:
        yield from (f"{word} {ground.category}" for word in ("choose", "taste for", "interest in", "liking for"))


def _counted_zh(ground: Ground) -> Iterator[str]:
    figures = {name: f"{value:.6g}" for name, value in ground.figures.items()}
    if count := figures.get("count"):
        yield from (f"{count}次", f"出现过{count}次", f"选择过{count}次")
    if days := figures.get("days"):
        when = {"0": "今天", "1": "昨天"}.get(days, f"{days}天前")
        yield from (when, f"最近一次在{when}", f"上一次在{when}", f"最近一次是{when}", f"上一次是{when}")
    if (events := figures.get("events")) and ground.window:
        for window in WINDOWS["zh"][ground.window]:
            yield from (
                f"最近{window}有{events}次选择",
                f"最近{window}被选择{events}次",
                f"近{window}被选择了{events}次",
            )
            yield f"最近{window}被选择了{events}次"
    if value := figures.get("value"):
        shown = f"{float(value):.1f}"
        yield from (f"预计您会给它{shown}分", f"预计您会给{shown}分")
    if ground.category:
        yield from (f"{word}{ground.category}类" for word in ("您常选择", "您常选", "您经常选择"))
