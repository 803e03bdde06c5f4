"""Words that mean what a catalogue may call otherwise: synonyms in English, and Chinese for English catalogues.

Alternatives are separated by "|"; each is looked up in the catalogue, and one that it does not know says nothing.
"""

from penchant.text.lexicon import cjk, key

_ENGLISH = """
scary=horror  scared=horror  scare=horror
spooky=horror|halloween  frightening=horror  creepy=horror  terrifying=horror  gory=horror
slasher=horror  zombie=horror|zombie  ghost=horror|ghost  funny=comedy  humorous=comedy  hilarious=comedy
laugh=comedy  comedic=comedy  humour=comedy  humor=comedy  lighthearted=comedy  sitcom=comedy  romantic=romance
love story=romance  love=romance|love  romcom=romance  rom com=romance  romantic comedy=romance  chick flick=romance
tearjerker=drama|romance  dramatic=drama  suspense=thriller|mystery  suspenseful=thriller|mystery  thrilling=thriller
tense=thriller  whodunit=mystery  detective=mystery|crime|detective  crime story=crime  gangster=crime  mafia=crime
heist=crime  murder=crime|mystery  science fiction=sci fi  scifi=sci fi  space=sci fi|space  futuristic=sci fi
robot=sci fi|robot  alien=sci fi  superhero=action  explosion=action  fight=action  martial art=action
action packed=action  magical=fantasy  magic=fantasy|magic  wizard=fantasy|wizard  dragon=fantasy|dragon
fairytale=fantasy|fairy  fairy tale=fantasy|fairy  cartoon=animation|cartoon  animated=animation  anime=animation
pixar=animation  kid=family|kid|child|children|childrens  child=family|child|children|childrens
children=family|children|child|childrens  kids=family|kid|child|children|childrens  family friendly=family
true story=biography|history  biopic=biography  biographical=biography  documentary=documentary  docs=documentary
nonfiction=documentary  historical=history  period drama=history  military=war  battle=war  soldier=war|soldier
cowboy=western|cowboy  noir=film noir  black and white film=film noir  musical=musical  singing=musical|music
concert=music  sporty=sport  football=sport|football  athletic=sport  short film=short  fairy light=light
xmas=christmas  festive=christmas  yuletide=christmas  noel=christmas|noel  advent=advent|christmas  santa=santa
easter egg=easter  gardening=garden  horticulture=garden  plant=plant|garden  outdoor=garden|outdoor
flower=flower|floral|rose  floral=flower|floral|rose  flowery=flower|floral  bakery=baking|cake
baking=baking|cake|bake  cooking=kitchen|cooking|recipe  kitchenware=kitchen|baking|mug|bowl|plate
cookware=kitchen|baking|pan  crockery=mug|cup|bowl|plate|saucer  tableware=cup|plate|bowl|napkin|cutlery
dinnerware=plate|bowl|cutlery  drinkware=mug|cup|glass  lighting=light|lamp|lantern  lamp=lamp|light|lantern
jewellery=necklace|bracelet|earring|ring|jewelry|jewellery  jewelry=necklace|bracelet|earring|ring|jewellery
stationery=notebook|card|pen|pencil|paper|stationery  stationary=notebook|card|pen|pencil|paper  bag=bag
handbag=bag|handbag  tote=bag|shopper  purse=purse|bag  luggage=luggage|bag  toy=toy|doll|game|puzzle  game=game
puzzle=puzzle|jigsaw  candle=candle|t light|tealight|candleholder  scented=scented|incense|candle
fragrance=scented|incense|fragrance  clock=clock  timepiece=clock|watch  storage=storage|box|tin|basket|drawer
container=box|tin|jar|storage  textile=cushion|towel|apron|quilt  pillow=cushion|pillow  cushion=cushion
soft furnishing=cushion|quilt|throw  picture frame=frame  photo=photo|frame  wall art=sign|frame|art|wall
decoration=decoration|garland|ornament|bunting  decor=decoration|garland|ornament|bunting
ornament=ornament|decoration|bauble  partyware=party|bunting|balloon  party=party|bunting|balloon|birthday
birthday=birthday|party  wedding=wedding|confetti|bridal  picnic=picnic|lunch|hamper  lunch=lunch|picnic
tea=tea|teapot|teacup  coffee=coffee|mug|espresso  retro=retro|retrospot|vintage  polka dot=polkadot|retrospot|spotty
spotted=polkadot|retrospot|spotty|spot  striped=stripe|stripey  heart shaped=heart  crimson=red  scarlet=red
rosy=pink  azure=blue  navy=blue|navy  turquoise=turquoise|blue  violet=purple|violet  lilac=lilac|purple
golden=gold|golden  silvery=silver  ivory=ivory|cream|white  emerald=green|emerald  grey=grey|gray  gray=grey|gray
wooden=wood|wooden  timber=wood|wooden  metal=metal|tin|iron  metallic=metal|zinc|silver
ceramic=ceramic|porcelain|china  glassware=glass  woollen=wool|woolly  knitted=knitted|knitting  cotton=cotton
animal=animal|cat|dog|owl|rabbit|bird|elephant|hen  pet=dog|cat|pet  cat=cat|kitten  dog=dog|puppy  bird=bird|owl|hen
owl=owl  bunny=rabbit|bunny  butterfly=butterfly  nautical=nautical|anchor|boat|sailor  seaside=seaside|beach|nautical
religious=angel|cross|nativity  angel=angel
"""
_CHINESE = """
恐怖=horror  恐怖片=horror  惊悚=thriller  惊悚片=thriller  喜剧=comedy  喜剧片=comedy  搞笑=comedy  幽默=comedy
爆笑=comedy  轻松=comedy  爱情=romance  爱情片=romance  浪漫=romance  言情=romance  动作=action  动作片=action
武打=action  打斗=action  科幻=sci fi  科幻片=sci fi  太空=sci fi|space  悬疑=mystery  悬疑片=mystery  推理=mystery
侦探=mystery|crime  犯罪=crime  犯罪片=crime  黑帮=crime  警匪=crime  战争=war  战争片=war  军事=war  历史=history
历史片=history  传记=biography  传记片=biography  纪录片=documentary  记录片=documentary  纪实=documentary
动画=animation  动画片=animation  动漫=animation  卡通=animation|cartoon  奇幻=fantasy  魔幻=fantasy
魔法=fantasy|magic  冒险=adventure  冒险片=adventure  探险=adventure  家庭=family  家庭片=family  亲子=family|child
儿童=family|children|child|childrens|kid  孩子=family|children|child|childrens  小孩=family|children|child|childrens
剧情=drama  剧情片=drama  文艺=drama  音乐=music  音乐剧=musical  歌舞=musical  歌舞片=musical  音乐片=music
西部=western  西部片=western  体育=sport  运动=sport  黑色电影=film noir  短片=short  新闻=news  鬼片=horror
僵尸=horror|zombie  超级英雄=action  圣诞=christmas  圣诞节=christmas  复活节=easter  万圣节=halloween
情人节=heart|valentine|love  生日=birthday  派对=party|bunting|balloon  婚礼=wedding|confetti  红色=red  红=red
蓝色=blue  蓝=blue  绿色=green  绿=green  白色=white  白=white|ivory  黑色=black  粉色=pink  粉红=pink  粉红色=pink
紫色=purple|lilac  黄色=yellow  橙色=orange  银色=silver  金色=gold|golden  灰色=grey|gray  棕色=brown
米色=cream|ivory  彩色=coloured|rainbow  杯子=mug|cup  马克杯=mug  茶杯=cup|teacup  茶壶=teapot  茶=tea|teapot|teacup
咖啡=coffee|mug  盘子=plate  碗=bowl  碟子=plate|saucer  餐具=cutlery|plate|bowl  刀叉=cutlery  玻璃=glass
瓶子=bottle|jar  罐子=jar|tin  盒子=box  箱子=box|case  篮子=basket  收纳=storage|box|drawer  抽屉=drawer
蜡烛=candle|t light  烛台=candlestick|candle|holder  灯=light|lamp|lantern  灯具=light|lamp|lantern  台灯=lamp
灯笼=lantern  包=bag  包包=bag  袋子=bag  手提包=handbag|bag  购物袋=bag|shopper  钱包=wallet|purse  午餐=lunch
午餐盒=lunch  野餐=picnic  蛋糕=cake  烘焙=baking|cake  厨房=kitchen  园艺=garden  花园=garden  花=flower|rose
鲜花=flower  玫瑰=rose  植物=plant|garden  树=tree  玩具=toy|doll|game  玩偶=doll|toy  娃娃=doll  游戏=game
拼图=puzzle|jigsaw  扑克=card  首饰=necklace|bracelet|earring|ring  珠宝=necklace|bracelet|earring|ring  项链=necklace
手链=bracelet  手镯=bracelet|bangle  耳环=earring  戒指=ring  文具=notebook|card|pen|pencil  笔记本=notebook
笔=pen|pencil  铅笔=pencil  贺卡=card  卡片=card  纸=paper  包装纸=wrap|paper  礼品包装=wrap|gift  礼物=gift|present
贴纸=sticker  毛巾=towel  围裙=apron  靠垫=cushion  抱枕=cushion  枕头=pillow|cushion  毯子=throw|blanket|rug
地垫=mat|doormat  门垫=doormat  窗帘=curtain  桌布=tablecloth|cloth  餐巾=napkin  雨伞=umbrella  伞=umbrella|parasol
钟=clock  时钟=clock  钟表=clock  闹钟=alarm|clock  镜子=mirror  相框=frame  照片=photo|frame  挂画=frame|art
标牌=sign  挂牌=sign|hanging  装饰=decoration|garland|ornament|bunting  装饰品=decoration|garland|ornament
挂饰=hanging|decoration  彩旗=bunting  气球=balloon  天使=angel  爱心=heart  心形=heart  星星=star  蝴蝶=butterfly
猫=cat  小猫=cat|kitten  狗=dog  小狗=dog|puppy  鸟=bird  小鸟=bird  猫头鹰=owl  兔子=rabbit|bunny  大象=elephant
动物=animal|cat|dog|owl|rabbit|bird  宠物=dog|cat|pet  复古=vintage|retro|retrospot  怀旧=vintage|retro
圆点=polkadot|retrospot|spotty  波点=polkadot|retrospot|spotty  条纹=stripe|stripey  木制=wood|wooden
木质=wood|wooden  木头=wood|wooden  金属=metal|tin|zinc  陶瓷=ceramic|porcelain|china  塑料=plastic  棉=cotton
羊毛=wool|woolly  香薰=scented|incense  香=incense|scented  熏香=incense  肥皂=soap  浴室=bathroom|bath|soap  书=book
书籍=book  园林=garden  工具=tool  夏季=summer|parasol|picnic|fan  夏天=summer|parasol|picnic|fan
冬天=winter|warmer|christmas  冬季=winter|warmer  春天=spring|easter|flower  暖手=warmer  热水袋=hot water bottle
"""


def _entries(text: str) -> dict[str, tuple[str, ...]]:
    pairs = (entry.partition("=") for line in text.splitlines() for entry in line.split("  ") if entry.strip())
    return {_name(word): tuple(meant.strip().split("|")) for word, _, meant in pairs}


def _name(word: str) -> str:
    return word.strip() if cjk(word) else key(word)


GLOSSARY = _entries(_ENGLISH) | _entries(_CHINESE)
LONGEST = max(len(word) for word in GLOSSARY if cjk(word))


def synonyms(word: str) -> tuple[str, ...]:
    """What else a word or phrase may be called; none if nothing is known."""
    return GLOSSARY.get(_name(word), ())
