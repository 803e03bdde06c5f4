"""The encoder of the catalogue at the counter: it answers questions from past replies, and watches the mood."""

import csv
from pathlib import Path

from penchant.language import encoders
from penchant.language.answers import remember
from penchant.language.sentiment import Watch, learn

HERE = Path(__file__).parent
ASKED = ("游泳的时候能不能戴这块表", "东西不想要了，能退吗", "地址填错了，能改吗", "世界上最高的山是哪座？")


def main() -> dict[str, object]:
    """The reply to each question, and the texts of the stream with which an alarm begins."""
    encoder = encoders.load("e5")
    answers = remember(encoder, {row["question"]: row["answer"] for row in table("questions.csv")})
    replies = {question: answer.text for question, answer in zip(ASKED, answers.ask(ASKED), strict=True)}
    print(
        "\n客服：",
        *(f"  问：{asked}\n  答：{reply or '这个我不知道，请稍候。'}" for asked, reply in replies.items()),
        sep="\n",
    )
    told = table("reviews.csv")
    said = {feeling: [row["text"] for row in told if row["feeling"] == feeling] for feeling in ("bad", "good")}
    watch = Watch(sentiment=learn(encoder, said["bad"], said["good"]), window=8, chance=0.02)
    readings = list(watch.read((HERE / "stream.txt").read_text(encoding="utf-8").splitlines()))
    print("\n舆情：")
    for one in readings:
        print(
            f"  {'差' if one.negative >= 0.5 else '好'} {one.share:4.0%}{'  警报！' if one.alarm else ''}  {one.text}"
        )
    return {"replies": replies, "readings": readings}


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of this folder."""
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
