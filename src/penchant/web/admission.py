"""How many requests may be inside at once: what is beyond gets a clear word immediately instead of a long wait.

Counts belong to the event loop of one worker, so nothing here is locked. Probes are never turned away. Who a caller is,
a key or an address, was found out at the gate.
"""

from collections import Counter
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from penchant.settings import ServingSettings
from penchant.telemetry.measures import Telemetry
from penchant.web.groups import Groups
from penchant.web.problems import problem
from penchant.web.turns import Turns

PROBES = ("/healthz", "/readyz", "/metrics")
_FULL = "more is being asked than can be answered; try again soon"
_GREEDY = "too many requests of yours are under way; wait for their answers"


class Admission:
    """ASGI middleware that lets in as many requests at once as `[serving]` allows, in all and of one caller.

    Where a request would have to wait longer for its turn than `queue` seconds, it is turned away before.
    """

    def __init__(self, app: ASGIApp, *, serving: ServingSettings, telemetry: Telemetry) -> None:
        self.app = app
        self.most, self.share, self.queue = serving.threads + serving.waiting, serving.caller, serving.queue
        self.inside = 0
        self._callers: Counter[str] = Counter()
        telemetry.inside.set_function(lambda: self.inside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or turn it away."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        caller = scope.get("caller", "")
        if self.share and self._callers[caller] >= self.share:
            await problem(429, _GREEDY, headers={"Retry-After": "1"})(scope, receive, send)
        elif self.inside >= self.most or (self.queue and _wait(scope) > self.queue):
            scope["shed"] = True  # worth no line in the log
            await problem(503, _FULL)(scope, receive, send)
        else:
            await self._pass(caller, scope, receive, send)

    async def _pass(self, caller: str, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        self._callers[caller] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.inside -= 1
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]


def _wait(scope: Scope) -> float:
    """Seconds until the turn of a request, if its route takes turns; the gate has found the route."""
    turns: Turns | Groups[Any, Any] | None = getattr(getattr(scope.get("route"), "endpoint", None), "turns", None)
    return turns.wait if turns is not None else 0.0
