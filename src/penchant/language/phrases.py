"""The phrases themselves, by language: those that claim nothing, and those that a reason allows; separated by bars."""

from collections.abc import Mapping

HISTORY = ("because", "again", "alike", "taste", "together", "follows", "rated", "reading", "visit")  # rest on deeds
WINDOWS = {
    "en": {"1h": ("hour",), "1d": ("day",), "7d": ("week", "7 days"), "30d": ("30 days", "month")},
    "zh": {"1h": ("一小时",), "1d": ("一天",), "7d": ("一周", "7天"), "30d": ("三十天", "30天", "一个月")},
}
NEUTRAL = {
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
OF_REASONS = {
    "en": {
        "because": "because|since",
        "looking": "because|since",
        "again": (
            "again|once more|you have chosen it before|you have had it before|a familiar|familiar|most recently|"
            "it is in your history|in your history|already in your history|is in your history"
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
        "rated": "your ratings|by your ratings|going by your ratings",
        "crowd": "in demand|much in demand|by the figures in the catalogue",
        "follows": (
            "is often chosen next|often chosen next|is chosen next|comes next|often comes next|after a path like yours"
        ),
        "alike": "because|since|similar",
        "popular": "popular|popular now|popular right now|currently popular|right now|is being chosen",
        "taste": "fits your taste|suits your taste|matches your taste|since|because",
        "price": (
            "within the price range you usually choose|in the price range you usually choose|"
            "in your usual price range|within your usual price range|around what you usually pay|"
            "fits your usual price range"
        ),
        "asked": (
            "what you asked for|fits what you asked for|matches what you asked for|fits your request|"
            "matches your request"
        ),
        "reading": (
            "its description suits what you usually choose|suits what you usually choose|"
            "fits what you usually choose|its description fits what you usually choose"
        ),
        "history": (
            "based on your history|given your history|going by your history|with your history in mind|"
            "based on your past choices|given your past choices|fits your history|matches your history|"
            "suits your history|match for your history|good match for your history|it was picked because|"
            "picked because|chosen because|suggested because|recommended because"
        ),
    },
    "zh": {
        "because": "相配|搭配|很搭|相搭|相近|相关|有关|因为|由于|一起",
        "looking": "相配|搭配|很搭|相搭|因为|由于",
        "again": "您选择过它|您曾选择过它|再次|又一次|您熟悉的|熟悉",
        "together": "与您记录相近的人|和您记录相近的人|与您相似的人|也选择了它|选择了它",
        "visit": "其他人也选择了它|其他人选择了它|在相似的访问中|与您这次所看相似的访问中",
        "rated": "按您的评分习惯",
        "crowd": "需求很高|需求高|按目录中的数据",
        "follows": "走过相似路径的人|接下来常选择它|常选择它|接下来常常选择它",
        "alike": "相似|类似|相近|很像|因为|由于",
        "popular": "正受欢迎|受欢迎|很受欢迎|近来受欢迎|最近受欢迎|近期受欢迎",
        "taste": "符合您的口味|合您的口味|符合您的喜好|因为|由于",
        "price": "符合您常选的价位|在您常选的价位|在您常选的价位内",
        "asked": "符合您的要求|符合您的需求",
        "reading": "描述符合您一贯的选择|符合您一贯的选择",
        "history": "根据您的记录|根据您的历史|从您的记录看|结合您的记录|根据您过去的选择|符合您的记录",
    },
}
LINKS = {  # words behind which another item may be named
    "en": {
        "because": (
            "goes with|go with|going with|goes well with|pairs with|pairs well with|fits with|fits in with|"
            "matches|match for|good match for|a good match for|alongside|together with|goes together with|"
            "connected with|linked to|related to|close to|because of|interest in|history of|if you like|"
            "if you enjoy"
        ),
        "looking": ("goes with|go with|pairs with|fits with|alongside|you are looking at|looking at|match for|matches"),
        "alike": (
            "similar to|is similar to|close to|is close to|much like|like|resembles|if you like|if you enjoy|"
            "fans of|interest in"
        ),
    },
    "zh": {
        "because": (
            "与|和|跟|可与|您之前的|您记录中的|您以往的|您之前选择的|与您之前的|和您之前的|与您记录中的|"
            "和您记录中的|搭配|由于|如果您喜欢|您喜欢|您的记录中有|因为您的记录中有|记录中有"
        ),
        "looking": "您正在看的|与您正在看的|和您正在看的|与|和|可与",
        "alike": (
            "与|和|跟|类似|与您喜欢的|和您喜欢的|像|与您之前的|和您之前的|类似于|类似于您之前的|如果您喜欢|您喜欢"
        ),
    },
}
BEHIND: Mapping[str, Mapping[str, tuple[str, ...]]] = {  # what may stand behind its name
    "en": {
        "because": ("", "from your history", "in your history"),
        "alike": ("", "from your history", "in your history"),
        "looking": ("", "which you are looking at"),
    },
    "zh": {"because": ("",), "alike": ("",), "looking": ("",)},
}
ONWARD = {  # how a sentence goes on behind that, without a word that could be of the other item
    "en": (
        "you|we|our|i|consider|have a look|take a look|try|here is|and is listed|and is priced|and costs|"
        "and may|and might|and could|and fits|and matches|and suits"
    ),
    "zh": (
        "相配|搭配|很搭|相搭|相近|相似|类似|很像|有关|相关|一起|您|不妨|推荐|为您|向您|给您|我们|所以为您|所以推荐|因此为您|因此推荐|"
        "可能|或许|也许|值得|可以"
    ),
}
PRICED = {
    "en": "at|for|costs|priced at|price of|price is|price:|is priced at|listed at|listed for|the price is|a price of",
    "zh": "价格|价格为|价格是|售价|售价为|标价|标价为|定价|定价为",
}
BY = {
    "author": ("by", "written by", "author"),
    "artist": ("by", "artist"),
    "director": ("by", "directed by", "director"),
    "actors": ("starring", "with"),
    "brand": ("by", "made by", "brand", "from"),
    "maker": ("by", "made by", "maker"),
    "publisher": ("published by", "publisher"),
}
BY_ZH = {
    "author": ("作者", "作者为", "作者是", "由作者"),
    "artist": ("艺术家", "歌手"),
    "director": ("导演", "导演为", "导演是", "由导演"),
    "actors": ("主演", "主演为", "由演员"),
    "brand": ("品牌", "品牌为", "来自品牌"),
    "maker": ("制造商", "厂商"),
    "publisher": ("出版社", "由出版社"),
}
