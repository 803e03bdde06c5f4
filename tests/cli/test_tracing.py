"""Spans of requests and answers: below the caller's, one for each lap, none where nothing is sampled, sent by OTLP."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from penchant.errors import ConfigError
from penchant.project import Project
from penchant.serving import tracing
from penchant.types import Event, Query

TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def project(shop):
    with Project(shop) as opened:
        yield opened


def traced(project, share=1.0):
    """A tracer of a project into memory, and how to read what is there."""
    memory = InMemorySpanExporter()
    tracer = tracing.tracing(SimpleSpanProcessor(memory), share, "the shop")
    project.engine.telemetry.traced = tracer.laps
    return tracer, memory


@contextmanager
def served(project, tracer):
    """The project over HTTP with a tracer; left, every request has ended, and so has its span."""
    import uvicorn

    from penchant.web.app import create_app

    app = create_app(project.engine, title="shop", tracer=tracer)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
    assert not thread.is_alive()


def test_an_answer_is_a_span_and_its_laps_are_spans_in_it(project):
    _, memory = traced(project)
    project.engine.recommend(Query(user="zoe"), explain=True)
    *laps, answer = memory.get_finished_spans()
    assert answer.name == "answer"
    assert {lap.parent.span_id for lap in laps} == {answer.context.span_id}
    release = project.engine.release
    names = {lap.name for lap in laps}
    assert {"read", "state", "rules", "explain"} <= names
    assert {f"{step} {name}" for step in ("retrieve", "score") for name in release.sources} <= names
    assert {f"stage {name}" for name in release.stages} <= names
    assert [a.end_time for a in laps[:-1]] == [b.start_time for b in laps[1:]]
    assert (laps[0].start_time, laps[-1].end_time) == (answer.start_time, answer.end_time)
    assert "zoe" not in "".join(span.to_json() for span in (*laps, answer))


def test_events_are_a_span_with_their_append_and_their_reading(project):
    _, memory = traced(project)
    event = Event(user="zoe", item="G0", id="once")
    for _ in range(2):  # the second time there is nothing to append
        project.engine.observe([event])
    append, read, events = memory.get_finished_spans()
    assert [span.name for span in (append, read, events)] == ["append", "read", "events"]
    assert append.parent.span_id == read.parent.span_id == events.context.span_id
    assert append.end_time == read.start_time
    assert "zoe" not in events.to_json()


def test_a_request_goes_on_from_its_callers_trace(project):
    tracer, memory = traced(project)
    headers = {"traceparent": f"00-{TRACE}-{ABOVE}-01"}
    with served(project, tracer) as url:
        requests.post(f"{url}/v1/recommend", json={"user_id": "zoe"}, headers=headers, timeout=30)
        requests.get(f"{url}/v1/users/nobody-known", timeout=30)
    spans = {span.name: span for span in memory.get_finished_spans()}
    request, other = spans["POST /v1/recommend"], spans["GET /v1/users/{user_id:path}"]
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == ABOVE
    assert spans["answer"].parent.span_id == request.context.span_id
    assert spans["stage trees"].context.trace_id == request.context.trace_id
    assert request.attributes["http.response.status_code"] == 200
    assert request.start_time <= spans["answer"].start_time < spans["answer"].end_time <= request.end_time
    assert other.parent is None
    assert other.attributes["http.response.status_code"] == 404
    assert "nobody-known" not in other.to_json()


@pytest.mark.parametrize("flag", ["01", "00"])
def test_the_caller_decides_whether_its_request_is_sampled(project, flag):
    tracer, memory = traced(project, share=0.0 if flag == "01" else 1.0)
    headers = {"traceparent": f"00-{TRACE}-{ABOVE}-{flag}"}
    with served(project, tracer) as url:
        requests.post(f"{url}/v1/recommend", json={"user_id": "zoe"}, headers=headers, timeout=30)
    assert bool(memory.get_finished_spans()) is (flag == "01")


def test_a_share_of_none_traces_nothing(project):
    _, memory = traced(project, share=0.0)
    project.engine.recommend(Query(user="zoe"))
    assert memory.get_finished_spans() == ()


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace.export", None)
    with pytest.raises(ConfigError, match=r"penchant\[otel\]"):
        tracing.exporting("http://127.0.0.1:1", 1.0, "the shop")


def test_no_tracer_is_imported_unless_it_is_wanted(shop):
    code = """
import sys
from penchant.serving import server as serving
from penchant.project import Project
project = Project(sys.argv[1])
serving.application(project)
project.recommend("u1")
project.close()
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""
    ran = subprocess.run([sys.executable, "-c", code, shop], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_spans_are_sent_to_a_collector(project):
    came = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.path, self.headers["Content-Type"], ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tracer = tracing.exporting(f"http://127.0.0.1:{server.server_port}", 1.0, "the shop")
        project.engine.telemetry.traced = tracer.laps
        project.engine.recommend(Query(user="zoe"))
        tracer.close()
        server.shutdown()
    path, kind, sent = came[0]
    assert (path, kind) == ("/v1/traces", "application/x-protobuf")
    (resource,) = sent.resource_spans
    told = {attribute.key: attribute.value.string_value for attribute in resource.resource.attributes}
    assert told["service.name"] == "the shop"
    names = {span.name for scope in resource.scope_spans for span in scope.spans}
    assert {"answer", "stage trees", "retrieve linear"} <= names
