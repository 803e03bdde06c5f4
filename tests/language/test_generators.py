"""Generators: by name, on their own models, behind a guard that keeps every promise for them."""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from penchant.build import build
from penchant.errors import GeneratorError, UsageError
from penchant.language.generators import load
from penchant.language.guarded import Weighing
from penchant.testing.writing import Writes, guarded, says
from penchant.text.limits import Breaker, Limits, Memory, Minute
from penchant.text.speech import Generator, Language, Prompt, Streams, Weighs, tokens

SCHEMA = {
    "type": "object",
    "properties": {"pick": {"enum": ["A", "B"]}},
    "required": ["pick"],
    "additionalProperties": False,
}


@pytest.fixture(scope="session")
def smollm2():
    """The real SmolLM2-135M; `make .make/llm` installs it."""
    return load("smollm2", threads=1)


@pytest.fixture(scope="session")
def tiny_writer(tiny_gpt, tmp_path_factory):
    """A causal model with a head, of the checkpoint of `tiny_gpt`."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("models") / "tiny-writer"
    torch.manual_seed(0)
    config = GPT2Config.from_pretrained(tiny_gpt)
    GPT2LMHeadModel(config).save_pretrained(folder)
    for file in tiny_gpt.iterdir():
        if file.name.startswith(("tokenizer", "vocab", "merges", "special")):
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


class Chat(BaseHTTPRequestHandler):
    """A server of chat completions whose `server.answer` says what it answers, and how long that takes."""

    def do_GET(self):
        self.reply(200, {"data": [{"id": "listed"}]})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((asked, self.headers.get("Authorization")))
        status, text = self.server.answer(asked)
        if status != 200:
            self.reply(status, {"error": text})
        elif asked.get("stream"):
            self.send_response(200)
            self.end_headers()
            for word in text.split():
                piece = json.dumps({"choices": [{"delta": {"content": word + " "}}]})
                self.wfile.write(f"data: {piece}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")
        else:
            self.reply(200, {"choices": [{"message": {"content": text}}], "usage": {"total_tokens": 17}})

    def reply(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


class Quietly(ThreadingHTTPServer):
    """Says nothing of callers who hang up."""

    def handle_error(self, *_):
        pass


@contextmanager
def serving(answer):
    server = Quietly(("127.0.0.1", 0), Chat)
    server.answer, server.asked = answer, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def outcomes(generator):
    lines = generator.guard.telemetry.exposition().decode().splitlines()
    found = [line.split('"') for line in lines if line.startswith("penchant_generator_calls_total")]
    return {name: float(value.split()[-1]) for _, name, value in found}


# ── the models ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_smollm2_answers_the_same_twice_streams_and_keeps_to_a_schema(smollm2):
    prompt = Prompt(user="What is the capital of France? Answer in one word.", tokens=12)
    [text] = smollm2.generate([prompt], deadline=30)
    assert "Paris" in text
    streamed = Prompt(user=prompt.user, tokens=11)
    assert "".join(smollm2.stream(streamed, deadline=30)) == text
    [made] = smollm2.generate([Prompt(user="Pick A or B.", schema=SCHEMA, tokens=40)], deadline=30)
    assert json.loads(made)["pick"] in "AB"
    assert smollm2.name.startswith("smollm2@")


def test_loading_leaves_the_output_of_others_alone(tmp_path):
    script = """
import sys, threading, time
from penchant.language.generators import load
from penchant.text.speech import Prompt
model = load("smollm2", threads=1)
asking = threading.Thread(target=lambda: model.generate([Prompt(user="hello", tokens=2)], deadline=60))
asking.start()
said = 0
while asking.is_alive():
    print("line", flush=True)
    said += 1
    time.sleep(0.005)
print(said)
"""
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    *lines, said = outcome.stdout.split()
    assert len(lines) == int(said) > 10
    assert set(lines) == {"line"}
    assert "llama" not in outcome.stderr


def test_smollm2_knows_what_is_likely(smollm2):
    weights = smollm2.likelihood("The capital of France is", [" Paris", " Berlin", " of of of"], deadline=30)
    assert weights[0] == max(weights)
    assert weights[2] == min(weights)
    again = smollm2.likelihood("The capital of France is", [" Paris"], deadline=30)
    assert again == weights[:1]


def test_smollm2_stops_at_the_deadline(smollm2):
    began = time.monotonic()
    with pytest.raises(GeneratorError, match="late"):
        smollm2.generate([Prompt(user="word " * 1_500, tokens=100)], deadline=0.3)
    assert time.monotonic() - began < 1.0
    [text] = smollm2.generate([Prompt(user="Say yes.", tokens=4)], deadline=30)
    assert text.strip()


def test_any_causal_model_writes_streams_and_weighs(tiny_writer):
    model = load(str(tiny_writer))
    assert isinstance(model, Generator)
    assert isinstance(model, Streams)
    assert isinstance(model, Weighs)
    prompt = Prompt(user="red mug", tokens=6)
    [text] = model.generate([prompt], deadline=20)
    pieces = "".join(load(str(tiny_writer)).stream(prompt, deadline=20))
    assert pieces.strip() == text.strip()
    weights = model.likelihood("red", [" mug", " garden hose"], deadline=20)
    assert all(weight < 0 for weight in weights)
    with pytest.raises(GeneratorError, match="schema"):
        model.generate([Prompt(user="red mug", schema=SCHEMA, tokens=6)], deadline=20)


def test_a_server_is_asked_as_openai_says():
    with serving(lambda asked: (200, '{"pick": "B"}' if "response_format" in asked else "some words")) as (server, url):
        model = load(f"{url}#small", key="secret")
        assert not isinstance(model, Weighs)
        assert model.generate([Prompt(user="hello", system="be kind", tokens=9)], deadline=5) == ["some words"]
        assert model.generate([Prompt(user="hello", schema=SCHEMA)], deadline=5) == ['{"pick": "B"}']
        assert "".join(model.stream(Prompt(user="more"), deadline=5)).split() == ["some", "words"]
        (first, said), (second, _), _ = server.asked
    assert said == "Bearer secret"
    assert first["model"] == "small"
    assert first["messages"] == [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}]
    assert first["max_tokens"] == 9
    assert second["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_server_without_schemas_is_told_in_words_and_without_a_model_gives_its_first():
    def answer(asked):
        return (400, "no such field") if "response_format" in asked else (200, 'Sure! ```json\n{"pick": "A"}\n```')

    with serving(answer) as (server, url):
        model = load(url)
        assert model.generate([Prompt(user="hello", schema=SCHEMA)], deadline=5) == ['{"pick": "A"}']
        assert server.asked[-1][0]["model"] == "listed"
        assert '"pick"' in server.asked[-1][0]["messages"][0]["content"]


def test_a_model_that_is_not_held_to_a_schema_is_asked_a_second_time():
    answers = iter(["no idea", 'it is {"pick": "B"}, I think'])
    assert says(lambda _: next(answers)).generate([Prompt(user="?", schema=SCHEMA)], deadline=5) == ['{"pick": "B"}']
    with pytest.raises(GeneratorError, match="no JSON"):
        says(lambda _: "no idea").generate([Prompt(user="?", schema=SCHEMA)], deadline=5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https://", "URL"),
        ("missing.gguf", "no such file"),
        ("./nowhere", "no such folder"),
        ("~/a/b/c", "no such folder"),
    ],
)
def test_names_that_lead_nowhere_are_refused(name, said):
    with pytest.raises(UsageError, match=said):
        load(name)


# ── the guard ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_loaded_before_the_first_question(settings):
    built = build(settings('[generator]\nmodel = "smollm2"\ncalls = 7'), folder=None)
    generator = built.engine.generator
    assert generator is built.engine.language.generator
    assert generator.guard._made is None
    assert generator.guard.limits.calls == 7
    assert generator.guard.telemetry is built.engine.telemetry
    built.engine.close()


def test_the_same_prompt_is_asked_once():
    writer = Writes(lambda prompt: prompt.user.upper())
    model = guarded(writer)
    assert model.generate([Prompt(user="a"), Prompt(user="b"), Prompt(user="a")], deadline=5) == ["A", "B", "A"]
    assert model.generate([Prompt(user="b")], deadline=5) == ["B"]
    assert sorted(p.user for p in writer.asked) == ["a", "b"]
    assert outcomes(model) == {"answered": 2, "remembered": 2}
    model.generate([Prompt(user="b", tokens=5)], deadline=5)
    assert len(writer.asked) == 3


def test_what_hangs_is_late_and_what_was_in_time_is_remembered():
    def answer(prompt):
        time.sleep(0.6 if prompt.user == "slow" else 0.0)
        return "done"

    model = says(answer)
    began = time.monotonic()
    with pytest.raises(GeneratorError, match="late"):
        model.generate([Prompt(user="quick"), Prompt(user="slow")], deadline=0.1)
    assert time.monotonic() - began < 0.4
    assert model.generate([Prompt(user="quick")], deadline=0.1) == ["done"]
    assert outcomes(model)["late"] == 1


def test_a_deadline_of_its_own_bounds_the_callers():
    model = says(lambda _: "late", seconds=5, deadline=0.05)
    with pytest.raises(GeneratorError, match="late"):
        model.generate([Prompt(user="?")], deadline=60)


def test_a_dead_server_costs_nothing_after_the_first_failures():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        model = load(f"http://127.0.0.1:{free.getsockname()[1]}/v1#m", limits=Limits(failures=2, pause=60))
        for n in range(5):
            with pytest.raises(GeneratorError):
                model.generate([Prompt(user=str(n))], deadline=1)
    assert outcomes(model) == {"failed": 2, "paused": 3}


def test_a_server_that_drips_or_says_too_much_is_left():
    def answer(_):
        time.sleep(2)
        return 200, "x"

    with serving(answer) as (_, url):
        began = time.monotonic()
        with pytest.raises(GeneratorError, match="late"):
            load(f"{url}#m").generate([Prompt(user="?")], deadline=0.2)
        with pytest.raises(GeneratorError, match="late"):
            list(load(f"{url}#m").stream(Prompt(user="?"), deadline=0.2))
        assert time.monotonic() - began < 1.5


def test_the_minute_is_spent_once():
    model = says(lambda _: "yes", calls=2)
    model.generate([Prompt(user="a"), Prompt(user="b")], deadline=5)
    with pytest.raises(GeneratorError, match="2 of 2 calls"):
        model.generate([Prompt(user="c")], deadline=5)
    assert model.generate([Prompt(user="a")], deadline=5) == ["yes"]
    with pytest.raises(GeneratorError, match="tokens a minute"):
        says(lambda _: "yes", tokens=100).generate([Prompt(user="a", tokens=200)], deadline=5)
    assert outcomes(model) == {"answered": 2, "refused": 1, "remembered": 1}


def test_whoever_finds_it_busy_does_without():
    model = says(lambda _: "yes", seconds=0.5, workers=1)
    first = threading.Thread(target=lambda: model.generate([Prompt(user="a")], deadline=5))
    first.start()
    time.sleep(0.05)
    with pytest.raises(GeneratorError, match="under way"):
        model.generate([Prompt(user="b")], deadline=0.4)
    first.join()
    assert outcomes(model) == {"answered": 1, "busy": 1}


def test_an_answer_tells_what_it_cost():
    spent = {}

    def spend(**amounts):
        spent.update({name: spent.get(name, 0) + amount for name, amount in amounts.items()})

    language = Language(generator=says(lambda _: "four words of it")).metered(spend)
    language.generator.generate([Prompt(user="a question")], deadline=5)
    assert spent["calls"] == 1
    assert spent["tokens"] == tokens("a questionfour words of it")
    assert spent["seconds"] >= 0
    language.generator.generate([Prompt(user="a question")], deadline=5)
    assert spent["calls"] == 1
    list(language.generator.stream(Prompt(user="another"), deadline=5))
    language.generator.likelihood("a", ["b"], deadline=5)
    assert spent["calls"] == 3


def test_threads_share_a_guard():
    model = says(lambda prompt: prompt.user, seconds=0.005, workers=4)
    wrong = []

    def ask(n):
        for m in range(10):
            try:
                if model.generate([Prompt(user=f"{n} {m}")], deadline=5) != [f"{n} {m}"]:
                    wrong.append((n, m))
            except GeneratorError as error:
                wrong.append(error)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert isinstance(model, Weighing)


def test_the_breaker_tries_again_after_its_pause():
    now = [0.0]
    breaker = Breaker(failures=2, pause=10, clock=lambda: now[0])
    breaker.tell(worked=False)
    assert breaker.closed()
    breaker.tell(worked=False)
    assert not breaker.closed()
    now[0] = 11.0
    assert breaker.closed()
    assert not breaker.closed()
    breaker.tell(worked=True)
    assert breaker.closed()


def test_a_minute_forgets_and_a_memory_too():
    now = [0.0]
    minute = Minute(calls=2, tokens=50, clock=lambda: now[0])
    assert minute.reserve(1, 40) == ""
    assert "tokens" in minute.reserve(1, 20)
    minute.correct(-30)
    assert minute.reserve(1, 20) == ""
    assert "calls" in minute.reserve(1, 1)
    now[0] = 61.0
    assert minute.reserve(2, 50) == ""
    memory = Memory(2)
    for name in "abc":
        memory.keep(name, name)
    assert (memory.get("a"), memory.get("c"), len(memory)) == (None, "c", 2)
