"""Words that a text may hold in a verbatim title only, whoever wrote them: claims, offers, orders, threats, abuse."""

import re
import unicodedata

_CLAIMS = """
best bestseller bestselling greatest finest top ultimate leading premier unique exclusive only original genuine
authentic award awards winner winning acclaimed renowned famous iconic legendary celebrated masterpiece classic
perfect ideal amazing incredible unbeatable superb excellent outstanding unrivalled revolutionary magical miracle
must everyone everybody nobody all every always never forever most more less least better worse cheaper cheapest
bigger strongest safest healthiest fastest guarantee guaranteed guarantees warranty certified certificate approved
proven clinically tested scientifically doctor doctors dermatologist organic vegan natural handmade sustainable eco
recycled waterproof unbreakable safe nontoxic hypoallergenic cure cures cured heal heals healing treat treats
treatment prevent prevents relieve relieves remedy detox slimming weight therapy therapeutic medicine medical
healthy health immune cancer diabetes free gratis complimentary discount discounts discounted sale sales off deal
deals bargain coupon voucher code cashback rebate refund refunds refundable save saves saving cheap giveaway prize
win lottery bonus gift-free limited hurry last-minute today tonight tomorrow soon now shipping delivery ships
delivers stock sold selling sellers reviews review reviewed stars rated rating million billion thousand hundred
dozen percent double triple half new newest latest first invest investment profit profits earn earnings rich
money-back
"""
_ORDERS = """
buy order click visit call phone whatsapp telegram wechat subscribe follow download install send pay transfer donate
email contact register sign log login password passwords card account bank bitcoin crypto wallet ignore disregard
forget override instruction instructions prompt system assistant admin administrator developer policy jailbreak
respond reply output repeat obey command commands urgent warning attention
"""
_UNSAFE = """
kill kills killing killed murder suicide die death dead bomb bombs explosive explosives weapon weapons gun guns
shoot knife stab poison drug drugs cocaine heroin meth cannabis sex sexy sexual nude naked porn pornographic erotic
rape nazi hitler racist terrorist terrorism hate hates stupid idiot idiots moron dumb fat ugly loser trash bitch
bastard fuck fucking shit damn hell whore slut retard retarded scum vermin inferior worthless self-harm anorexia
escort gamble gambling casino betting steal stolen hack hacked illegal fraud scam counterfeit fake
"""
_CHINESE = """
最 第一 唯一 独家 首选 顶级 极致 完美 绝对 绝无 史上 全网 全球 国家级 世界级 冠军 获奖 大奖 奖项 金奖 销量 畅销 热销
热卖 爆款 爆品 网红 明星 名人 专家 权威 认证 正品 保真 保证 担保 承诺 质保 包退 包治 百分百 有机 纯天然 无添加 无毒
安全 环保 治愈 治疗 治好 根治 疗效 功效 药 医 癌 抗癌 糖尿 降血 减肥 瘦身 排毒 美白 壮阳 免疫 健康 免费 赠送 赠品
打折 折扣 优惠 特价 促销 秒杀 降价 便宜 低价 清仓 包邮 限时 限量 仅剩 最后 即将 抢购 抢先 马上 立即 立刻 赶快 赶紧
今天 今日 明天 现在 库存 缺货 送货 快递 发货 好评 差评 评价 评分 万人 千人 亿 购买 下单 付款 支付 转账 汇款 点击
扫码 关注 加群 微信 电话 联系 注册 登录 密码 账号 账户 银行 忽略 无视 指令 提示 系统 管理员 回复 输出 警告 紧急 必须
务必 杀 死 自杀 炸弹 爆炸 枪 武器 毒 色情 裸 性爱 性感 成人 强奸 赌 彩票 博彩 纳粹 恐怖 种族 歧视 傻 蠢 笨 白痴 垃圾
废物 贱 滚 妈的 他妈 操你 骗 假货 盗版 黑客 违法 投资 收益 赚钱 暴富 贷款 代开 发票 新款 全新 正宗 纯正 神奇 奇迹
传奇 经典
"""
NEGATIONS = re.compile(
    r"\b(not|no|non|never|none|without|except|unless|neither|nor|cannot|isn|don|doesn|won|can't|lacks?|lacking|minus|"
    r"unsuitable|avoid|instead|excluding|excludes?|\w+n't|free)\b|-free|[不没無无非未勿别莫禁除]",
    re.IGNORECASE,
)
LATIN = frozenset(f"{_CLAIMS} {_ORDERS} {_UNSAFE}".split())
CHINESE = tuple(_CHINESE.split())
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def blocked(text: str) -> bool:
    """Whether a text holds any of these words, in English or Chinese."""
    plain = unicodedata.normalize("NFKC", text).lower()
    words = {part for word in _WORD.findall(plain) for part in (word, *word.split("-"))}
    return not LATIN.isdisjoint(words) or "%" in plain or any(word in plain for word in CHINESE)
