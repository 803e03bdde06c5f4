"""OpenTelemetry traces: a span for each request, one for the answer or events in it, one for each lap of those.

It needs the extra `otel`. Spans of laps are made behind the answer from its stopwatch, so that what is not sampled
costs one question, and nothing is asked while an answer is made. No span names a person, an item or a text.
"""

import time
from collections.abc import Mapping
from contextvars import Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penchant.errors import ConfigError
from penchant.telemetry.laps import Laps

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Span, Tracer

_FAILED = 500  # the status from which a request counts as failed
_PATH = "/v1/traces"


@dataclass(frozen=True, slots=True)
class Tracing:
    """Traces requests and answers into one provider."""

    provider: "TracerProvider"
    tracer: "Tracer"

    def begin(self, method: str, headers: Mapping[str, str]) -> "Request":
        """Open the span of a request, below the one that its `traceparent` names."""
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carried = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        above = TraceContextTextMapPropagator().extract(carried)
        attributes = {"http.request.method": method}
        span = self.tracer.start_span(method, above, trace.SpanKind.SERVER, attributes)
        return Request(method, span, context.attach(trace.set_span_in_context(span, above)))

    def laps(self, name: str, laps: Laps) -> None:
        """Tell of an answer or of events and their laps, below the span of the request if there is one."""
        from opentelemetry import trace

        current = trace.get_current_span()
        if current.get_span_context().is_valid and not current.is_recording():
            return  # its request is not sampled
        shift = time.time_ns() - time.perf_counter_ns()
        whole = self.tracer.start_span(name, start_time=laps.times[0] + shift)
        inside = trace.set_span_in_context(whole)
        for (step, part), begin, end in laps if whole.is_recording() else ():
            attributes = {"penchant.step": step, "penchant.part": part}
            lap = self.tracer.start_span(
                f"{step} {part}".rstrip(), inside, attributes=attributes, start_time=begin + shift
            )
            lap.end(end + shift)
        whole.end(laps.times[-1] + shift)

    def close(self) -> None:
        """Send what waits."""
        self.provider.shutdown()


@dataclass(frozen=True, slots=True)
class Request:
    """The span of a request under way."""

    method: str
    span: "Span"
    token: "Token[Any]"

    def end(self, route: str, status: int) -> None:
        """Close the span with the template of the route and the status."""
        from opentelemetry import context
        from opentelemetry.trace import StatusCode

        self.span.update_name(f"{self.method} {route}")
        self.span.set_attribute("http.route", route)
        self.span.set_attribute("http.response.status_code", status)
        if status >= _FAILED:
            self.span.set_status(StatusCode.ERROR)
        self.span.end()
        context.detach(self.token)


def exporting(url: str, share: float, service: str) -> Tracing:
    """Trace a share of the requests, 0 to 1, to an OTLP collector at a URL such as http://localhost:4318.

    Requests whose caller has decided already follow the caller. Raises ConfigError if OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise ConfigError("[serving] traces needs OpenTelemetry: pip install 'penchant[otel]'") from error
    place = url.rstrip("/")
    exporter = OTLPSpanExporter(endpoint=place if place.endswith(_PATH) else place + _PATH)
    return tracing(BatchSpanProcessor(exporter), share, service)


def tracing(processor: "SpanProcessor", share: float, service: str) -> Tracing:
    """Trace a share of the requests into a processor of spans."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(share)),
        resource=Resource.create({SERVICE_NAME: service}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(processor)
    return Tracing(provider, provider.get_tracer("penchant"))
