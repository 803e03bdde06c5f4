"""The words that say which way: more, less, only or none; dearer, newer, better known; up to so much.

Each table is in the order in which it is looked through; every pattern is for folded text.
"""

import re
from dataclasses import dataclass

from penchant.text.steers import Way

_NOT = (
    r"(?:do not|don't|dont|does not|doesn't|did not|didn't|never|cannot|can't|cant|no longer|"
    r"won't|wouldn't|isn't|not)"
)
_ANY = (
    r"(?:\s+(?:any|anymore|more|me|to|see|seeing|show|showing|want|be shown|get|have|buy|watch|"
    r"look at|anything|with))*"
)
_SEEN = r"(?:show|recommend|suggest|offer|give|bring|send|push|serve)(?:ing)?"
_MUCH = r"(?:so|too|that|this|quite so|as)\s+(?:much|many|often)"


@dataclass(frozen=True, slots=True)
class Trend:
    """A direction that words name; `numbers` of the catalogue have to be there for some."""

    pattern: re.Pattern[str]
    attribute: str
    way: Way


def _ways(*pairs: tuple[str, Way | None]) -> tuple[tuple[re.Pattern[str], Way | None], ...]:
    return tuple((re.compile(pattern), way) for pattern, way in pairs)


WAYS = _ways(
    (r"\b(?:don't|do not|dont|wouldn't) mind\b", None),
    (r"\bnot\s+(?:only|just)\b", "more"),
    (
        rf"\b(?:{_NOT}\s+(?:\w+\s+)?|stop\s+|quit\s+)(?:hid(?:e|ing)|avoid(?:ing)?|exclud(?:e|ing)|"
        rf"skip(?:ping)?|hate)\b",
        "more",
    ),
    (rf"\b{_NOT}\s+(?:\w+\s+)?(?:less|fewer)\b|\bno\s+(?:less|fewer)\b", "more"),
    (
        rf"\b(?:not\s+)?(?:way |far )?(?:too|so)\s+(?:much|many)(?:\s+of)?(?:\s+(?:the|these|"
        rf"those))?\b|\b{_MUCH}\b",
        "less",
    ),
    (r"\bnot\s+(?:quite\s+)?as\s+(?:much|many)\b", "less"),
    (
        r"\b(?:(?:is|are|gets?|getting|feels?|becoming)\s+)?(?:a\s+bit\s+much|too\s+much|on\s+my\s+nerves|getting\s+old|"
        r"wearing\s+(?:me\s+)?(?:out|thin))(?!\s+of)\b|\bleave\s+(?:it|them)\s+out\b|"
        r"\b(?:is|are)\s+(?:out|off\s+the\s+(?:table|menu|list)|useless|pointless)(?!\s+of)\b",
        "less",
    ),
    (
        r"\b(?:done|finished|through|had\s+it)\s+with\b|\bgo\s+(?:light|easy)\s+on\b|\bwear(?:s|ing)?\s+me\s+out\b|"
        r"\b(?:bores?|annoys?|irritates?|disgusts?|scares?|depresses?)\s+me\b|\bgives?\s+me\s+(?:nightmares|the\s+creeps)\b|"
        r"\b(?:doesn't|don't|does\s+not|do\s+not)\s+(?:do\s+it|appeal|interest|work|suit|speak)(?:\s+(?:for|to))?(?:\s+me)?\b|"
        r"\b(?:can|could|may)\s+wait\b|\baway\s+with\b|\bhold\s+the\b|\b(?:isn't|aren't|is\s+not|are\s+not|not)\s+"
        r"(?:for\s+me|my\s+(?:thing|taste|style|colou?rs?|cup\s+of\s+tea|genre))\b|\balready\s+(?:own|have|got)\b|"
        r"\beverywhere\b|\bi'd\s+pass\b|:\s*pass\b|\bleave\s+(?:it|them)\s+out\b",
        "less",
    ),
    (
        r"\btone\s+(?=.*\bdown\b)|\bturn\s+(?=.*\bdown\b)|\bleave\s+(?=.*\bout\b)|\btake\s+(?=.*\b(?:off|out|away)\b)",
        "less",
    ),
    (r"\b(?:give\s+me\s+)?(?:a\s+)?(?:break|rest|holiday)\s+from\b|\bhad\s+my\s+fill\s+of\b", "less"),
    (
        r"\b(?:is|are|gets?|feels?|seems?)\s+(?:so\s+|too\s+|just\s+|really\s+|a\s+bit\s+)?"
        r"(?:boring|dull|annoying|overrated|tiresome|not\s+my\s+thing|getting\s+old)\b",
        "less",
    ),
    (r"\b(?:nothing|none|no(?:ne)? other|not anything)\s+(?:else\s+)?but\b", "only"),
    (r"\b(?:anything|everything|whatever|all)\s+(?:but|except(?: for)?|other than|apart from|besides)\b", "no"),
    (
        r"\b(?:get\s+rid\s+of|do\s+away\s+with|leave\s+out|filter\s+out|cut\s+out|keep\s+out|"
        r"take\s+away|throw\s+out)\b",
        "no",
    ),
    (rf"\b(?:i(?:'m| am)\s+)?(?:sick|tired|bored|weary)\s+(?:and\s+tired\s+)?(?:of|with)(?:\s+{_SEEN})?\b", "less"),
    (
        r"\b(?:fed\s+up\s+with|had\s+enough\s+of|have\s+enough|enough\s+(?:of\s+|with\s+)?|"
        r"over)(?=\s+(?:the|all|these)\b)",
        "less",
    ),
    (r"\b(?:fed\s+up\s+with|had\s+enough(?:\s+of)?|enough(?:\s+of|\s+with)?)\b", "less"),
    (
        r"\b(?:ton(?:e|ing)\s+down|cut(?:ting)?\s+(?:down|back)(?:\s+on)?|"
        r"dial(?:l?ing)?\s+(?:down|back)|turn\s+down|ease\s+(?:up|off)(?:\s+on)?|go\s+easy\s+on|"
        r"reduce|decrease|lower|limit|downplay|scale\s+back)\b",
        "less",
    ),
    (
        rf"\b(?:{_NOT})\s+(?:really\s+|all that\s+|so\s+|very\s+)?(?:in\s+the\s+mood|interested|"
        rf"keen|into|fond|mad|crazy|big)(?:\s+(?:for|in|on|of|about|fan))*\b",
        "less",
    ),
    (
        rf"\b{_NOT}\s+(?:really\s+|particularly\s+)?(?:like|love|enjoy|care\s+for|care\s+about|"
        rf"fancy|stand|bear|eat|drink|tolerate)\b",
        "no",
    ),
    (
        rf"\b(?:please\s+)?{_NOT}\s+(?:ever\s+)?(?:want|need|wish|{_SEEN}|include|contain|use|be|"
        rf"have|see|put|display|feature){_ANY}\b",
        "no",
    ),
    (rf"\b(?:please\s+)?(?:stop|quit|cease)\s+(?:{_SEEN}|with|pushing|it\s+with)?{_ANY}(?:\s+the)?\b", "no"),
    (
        r"\b(?:no\s+longer|no\s+more|never\s+again|not\s+any(?:more)?|nothing\s+(?:with|about|"
        r"like|from|in|that\s+is|containing|involving)|without(?:\s+any)?|hate|detest|loathe|"
        r"dislike|despise|allergic\s+to|allergy\s+to|avoid(?:ing)?|exclud(?:e|ing)|"
        r"except(?:\s+for)?|hid(?:e|ing)|remov(?:e|ing)|bann?(?:ing)?|block(?:ing)?|skip(?:ping)?|"
        r"drop|ditch|mute|omit|apart\s+from|other\s+than|minus|keep\s+away\s+from|"
        r"stay\s+away\s+from|spare\s+me)\b",
        "no",
    ),
    (r"\b(?:a\s+(?:bit|little|lot)\s+|much\s+|far\s+|way\s+|even\s+|slightly\s+)?(?:less(?:\s+of)?|fewer)\b", "less"),
    (r"\b(?:(?:that|which|who)\s+)?(?:isn't|aren't|is\s+not|are\s+not)\b", "no"),
    (r"\b(?:nothing|none of|neither|nor|not|no|never)\b", "no"),
    (r"\b(?:only|just|solely|exclusively|strictly|purely|nothing\s+else)\b", "only"),
    (r"\b(?:more(?:\s+of)?|additional|extra)\b", "more"),
)
WISHES = re.compile(
    r"\b(?:i(?:'d| would)?\s+(?:really\s+|also\s+)?(?:like|love|want|prefer|enjoy|need|fancy|adore)(?:\s+to\s+\w+)?"
    r"|(?:show|give|find|get|recommend|suggest|bring|offer|send)(?:\s+(?:me|us))?|looking\s+for|in\s+the\s+mood\s+for"
    r"|interested\s+in|keen\s+on|into|focus\s+on|concentrate\s+on|prioriti[sz]e|boost|increase|"
    r"favou?r|lots\s+of|plenty\s+of"
    r"|loads\s+of|tons\s+of|craving|feel\s+like|how\s+about|let'?s\s+(?:see|have)|shopping\s+for|"
    r"hunting\s+for|searching\s+for"
    r"|fan\s+of|obsessed\s+with|crazy\s+about|prefer|love|like|want)\b"
)
WAYS_ZH = _ways(
    (r"不介意", None),
    (
        r"算了|停(?:一停|一下|掉)?|不考虑|够用|太频繁|太多了?|先别|先不|提不起兴趣|没意思|不合(?:我)?(?:胃口|口味)|受不了|"
        r"(?:不想|不愿|别|不要)(?:再)?(?:碰|看见|看到|出现)|一律不|统统不要?|都不要|不太行|少(?:推荐|放|来|推|给|安排|整)(?:一?些|一?点)?",
        "less",
    ),
    (r"不要(?:太)?少|别(?:再)?(?:隐藏|屏蔽)", "more"),
    (r"(?:不要|别|不想)只(?:推荐|给我|看|要|有)*", "less"),
    (r"(?:除了|除)(?=.+)|以外(?:的)?都行", "no"),
    (
        r"(?:看|买|听|玩|吃|刷)(?:得)?(?:太多|够|腻|烦|厌|吐|多)了?|腻了|厌倦了?|受够了?|烦了|够了|太多了?|没那么|不那么|少(?:一)?(?:点|"
        r"些)(?:儿)?|减少|少(?:推荐|推|放|看|来|给我|出现)?(?:一些|一点|点|些)?|降低|不太(?:想|喜欢|爱)(?:看|要|买)?|没(?:什么)?兴趣",
        "less",
    ),
    (
        r"(?:请|千万|再也|我|都)*(?:不要|不想|不再|不用|不需要|不看|不买|不喜欢|不爱|不吃|不能吃|别|勿|拒绝|禁止|讨厌|屏蔽|去掉|去除|排除|过滤掉?|删掉|"
        r"删除|隐藏|避免|避开|停止|不含|不带|没有|无)(?:再|要|想|给我|给|推荐|推送|推|出现|显示|展示|看到|看见|看|买|任何|什么|有|含有|含|放|来)*",
        "no",
    ),
    (r"(?:只|仅|就(?=要|想|看|买))(?:要|想|看|买|给我|给|推荐|推|显示|展示|来|限|有|能)*|全部?(?:要|都是)", "only"),
    (
        r"多(?:推荐|推|来|给我|给|放|看|显示|展示|一|出现)*(?:点|些|一点|一些)?(?:儿)?|更多(?:的)?|增加|加大|多多",
        "more",
    ),
)
WISHES_ZH = re.compile(
    r"(?:我|请|给我|帮我|最近|现在|比较|很|更|超|特别)*(?:想要|想看|想买|想找|想|喜欢|爱看|爱吃|爱用|最爱|偏爱|偏好|迷上了?|感兴趣|有兴趣|来点|来些|"
    r"来一些|来一点|给我|推荐|推送|换成|看看|找|要|买|看|需要)(?:一些|一点|点|些|几个|个|对)*"
)
CUES_ZH = re.compile(
    r"(?<![至最不差更很太])(?:不要只|别只|不要|不想|不看|不喜欢|不再|不含|别再?|拒绝|讨厌|屏蔽|去掉|少(?:一)?(?:点|些|推|来|看|放|给)?|减少|"
    r"只(?:要|想|看|买|给|推)?|多(?:一)?(?:点|些|推|来|看|放|给)|更多|增加|来点|想看|想要|想买|喜欢|也?要)"
)
SOUR = re.compile(  # where no rule says which way: words of people who have had enough
    r"n't\b|\b(?:not|never|cannot|cant|dont|doesnt|isnt|arent|dislikes?|hates?|yawn|dizzy|hurts?|sick|overdone|overrated|over|past|"
    r"ugly|awful|terrible|bad|worst|boring|bored|tiring|tired|annoying|annoyed|useless|pointless|clear\s+of|can\s+go|cut|"
    r"headaches?|nightmares?|plenty\s+of\s+(?:it|them)|enough|nonsense|waste|kitsch|tacky|depressing|stupid|silly|overload|"
    r"fatigue|problem|allergic|allergy|unhappy|sad|cringe|meh|yuck|ugh)\b|过了|多了|难看|无聊|讨厌|没用|不好|头疼|头痛|烦"
)
BITS = re.compile(r"\b(?:a\s+(?:bit|little|touch|tad)|slightly|somewhat|a\s+few)\b|稍微|略微|有点|一点点")
LOTS = re.compile(
    r"\b(?:a\s+lot|lots|plenty|loads|tons|significantly|heavily|(?:much|way|far)\s+(?:more|less|fewer))\b|大量|很多|大大|多多|尽量|非常"
)


def _trend(pattern: str, attribute: str, way: Way) -> Trend:
    return Trend(re.compile(pattern), attribute, way)


_END = r"(?:\s+(?:prices?|things?|stuff|items?|ones?|options?|products?|end))?\b"
TRENDS = (
    _trend(
        r"(?<!nothing )(?<!not )(?<!that )\btoo\s+(?:expensive|pricey|dear|costly)\b|(?<!要)(?<!别)太贵了?",
        "price",
        "less",
    ),
    _trend(r"(?<!nothing )(?<!not )(?<!that )\btoo\s+(?:cheap|flimsy)\b|太便宜了?", "price", "more"),
    _trend(r"(?<!nothing )(?<!not )(?<!that )\btoo\s+old\b|太老了?", "year", "more"),
    _trend(r"(?<!nothing )(?<!not )(?<!that )\btoo\s+(?:new|recent|modern)\b|太新了?", "year", "less"),
    _trend(rf"\bless\s+(?:expensive|pricey|costly|dear){_END}", "price", "less"),
    _trend(rf"\bless\s+cheap{_END}|\bnot\s+(?:so\s+|too\s+)?cheap{_END}", "price", "more"),
    _trend(
        rf"\b(?:more\s+)?(?:affordable|inexpensive|economical|wallet[- ]friendly|"
        rf"budget(?:[- ]friendly)?|low(?:er)?[- ]?(?:cost|priced?)){_END}|\b(?:cheap(?:er|est)?|"
        rf"bargains?|on\s+a\s+budget|better\s+value|save\s+money|discounted){_END}",
        "price",
        "less",
    ),
    _trend(
        rf"\b(?:more\s+)?(?:expensive|costly|luxur(?:y|ious)|premium|upmarket|upscale|posh|pricey|"
        rf"high(?:er)?[- ](?:end|priced?|quality)){_END}|\b(?:pricier|dearer|costlier|fancier|"
        rf"splurge){_END}",
        "price",
        "more",
    ),
    _trend(
        r"更?(?:便宜|实惠|平价|低价|经济|省钱|划算)(?:一点|一些|点|些)?(?:的)?|性价比高?(?:的)?|别太贵的?|不要太贵的?|不贵的?",
        "price",
        "less",
    ),
    _trend(r"更?(?:昂贵|高档|高端|奢侈|豪华|贵)(?:一点|一些|点|些)?(?:的)?", "price", "more"),
    _trend(
        r"\b(?:less|not\s+(?:so|too|that))\s+(?:popular|mainstream|well[- ]?known|famous|common|"
        r"obvious)\b|\b(?:hidden\s+gems?|obscure|niche|lesser[- ]known|little[- ]known|"
        r"under(?:rated|appreciated|the[- ]radar)|unknown|off\s+the\s+beaten\s+(?:path|track)|"
        r"non[- ]mainstream|rarities|rarely\s+\w+)\b",
        "popularity",
        "less",
    ),
    _trend(
        r"\b(?:more\s+)?(?:popular|trending|(?:best|top)[- ]?sell(?:ers?|ing)|what\s+sells(?:\s+best)?|"
        r"crowd\s+favou?rites?|mainstream|well[- ]?known|"
        r"famous|blockbusters?|crowd[- ]pleasers?|what\s+everyone\s+(?:is|likes|buys|watches)\w*|"
        r"hits)\b",
        "popularity",
        "more",
    ),
    _trend(r"冷门|小众|不那么(?:热门|流行|火)|鲜为人知", "popularity", "less"),
    _trend(r"热门|畅销|流行|大众|爆款|人气高?|大家都在[看买]", "popularity", "more"),
    _trend(
        r"\b(?:familiar|(?:my|the)\s+usuals?|same\s+old|(?:what|things|stuff|"
        r"ones)\s+i(?:\s+already|'ve)?\s+(?:know|bought|have\s+\w+)|my\s+(?:old\s+)?favou?rites|"
        r"like\s+(?:what\s+i|last\s+time)[\w\s]*|(?:more|closer)\s+(?:like|"
        r"to)\s+my\s+(?:usual\s+)?(?:taste|history|style))\b",
        "novelty",
        "less",
    ),
    _trend(
        r"\b(?:less|not|nothing)\s+(?:so\s+|too\s+|the\s+)?(?:same|repetitive|predictable|samey|"
        r"similar)(?:\s+\w+)?\b|\bsurpris(?:e(?:\s+me)?|es|ing)\b|\bsomething\s+(?:completely\s+|"
        r"totally\s+|a\s+bit\s+|very\s+)?(?:new|different|else|fresh|unusual|unexpected)\b(?:\s+(?:from|than|to)\s+[\w\s]+)?|"
        r"\b(?:more\s+)?(?:novelty|variety|unfamiliar|adventurous|novel\s+things|fresh\s+ideas|"
        r"new\s+(?:things|stuff|ideas|to\s+me)|different\s+(?:things|stuff))\b|\b(?:haven't|never|"
        r"not)\s+(?:seen|bought|tried|watched)(?:\s+(?:before|yet|already))?\b|"
        r"\b(?:out(?:side)?\s+(?:of\s+)?my\s+(?:comfort\s+zone|bubble)|broaden\s+my\s+\w+|"
        r"mix\s+(?:it|things)\s+up|shake\s+things\s+up|change\s+of\s+(?:pace|scene(?:ry)?))\b",
        "novelty",
        "more",
    ),
    _trend(r"熟悉|老样子|平时[买看]|以前[买看]过|一贯|常[买看]|跟以前一样", "novelty", "less"),
    _trend(
        r"新鲜|没[看买见]过|不一样|与众不同|换换?(?:个)?口味|惊喜|新花样|不同的?(?:东西|类型)|新(?:东西|玩意|内容)",
        "novelty",
        "more",
    ),
    _trend(
        r"\b(?:newer|newest|latest|(?:more\s+|most\s+)?recent(?:ly\s+(?:released|made|added))?|"
        r"new\s+(?:releases?|arrivals?|films?|movies?|titles?|ones)|(?:more\s+)?(?:modern|"
        r"contemporary)|up[- ]to[- ]date|just\s+(?:out|released))\b",
        "year",
        "more",
    ),
    _trend(
        r"\b(?:older|oldest|old(?:[- ]school)?|classics?|golden\s+age|vintage|retro|oldies|from\s+the\s+past)\b",
        "year",
        "less",
    ),
    _trend(r"新(?:片|电影|品|款|上映的?|出的?)|最新(?:的)?|近年(?:的)?|近几年(?:的)?", "year", "more"),
    _trend(r"老(?:片|电影|款|的)|旧(?:片|的)|经典(?:老?片|的)?|怀旧", "year", "less"),
)
