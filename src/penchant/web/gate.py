"""Who is let in: every request shows a key that is good for its route, and nobody asks more often than they may.

What a route needs stands in its description (`security`); a route that says nothing needs `admin`.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from penchant.keys import SCOPES, Key, Keyring
from penchant.web.problems import problem
from penchant.web.rates import Rates

SCHEME = {"type": "http", "scheme": "bearer", "description": "A key of `penchant keys create`, if the server has any."}
GUARDED = (401, 403, 429)  # what a gate answers
_FAR = "without keys this server answers its own machine alone, as localhost; make a key, or start it with --open"
_ASKED = 'Bearer realm="penchant"'


def needs(scope: str | None) -> dict[str, Any]:
    """What the description of a route says of the key it needs; None: it needs none."""
    return {"security": [{"key": [scope]}] if scope else []}


class Gate:
    """Refuses requests before their bodies are read. Without a keyring everybody may do everything."""

    def __init__(self, routes: Sequence[BaseRoute], keyring: Keyring | None = None, rates: Rates | None = None) -> None:
        self._plain: dict[tuple[str, str], BaseRoute] = {}  # method and path → route, where the path is the template
        self._routes, self._keyring, self._rates = routes, keyring, Rates(0, 1) if rates is None else rates

    def closed(self) -> bool:
        """Whether a key is needed at all."""
        return self._keyring is not None and self._keyring.needed()

    def _wanted(self, scope: Scope) -> str | None:
        """The scope that a request needs: none, "" (any key, to be told that nothing is there), or a name."""
        if scope["path"] == "/openapi.json" or scope["path"].startswith("/static/"):
            return None
        route = self._plain.get((scope["method"], scope["path"])) or self._route(scope)
        if route is None:
            return ""
        scope["route"] = route  # so that what is refused is counted under its route
        return _declared(route)

    def _route(self, scope: Scope) -> BaseRoute | None:
        """The first route that answers a request."""
        route = next((route for route in self._routes if route.matches(scope)[0] is Match.FULL), None)
        if route is not None and getattr(route, "path", "") == scope["path"]:
            self._plain[scope["method"], scope["path"]] = route
        return route

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that is not let in, else None. Raises StoreError if keys cannot be read."""
        wanted = self._wanted(scope)
        if wanted is None:
            return None
        headers = Headers(scope=scope)
        closed = self.closed()
        if not closed and self._keyring and self._keyring.local and not _here(headers.get("host", "")):
            return problem(403, _FAR)
        key = self._keyring.find(shown(headers)) if closed and self._keyring else None
        scope["caller"] = f"key {key.id}" if key else _address(scope)
        wait = self._rates.wait(scope["caller"])
        if wait:
            return _hasty(wait)
        if key is None:
            return _unknown(headers) if closed else None
        return _unfit(key, wanted)


def _declared(route: BaseRoute) -> str | None:
    security = (getattr(route, "openapi_extra", None) or {}).get("security", needs(SCOPES[-1])["security"])
    return str(security[0]["key"][0]) if security else None


def shown(headers: Mapping[str, str]) -> str:
    """The key that a request shows."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


def _address(scope: Scope) -> str:
    """Who asks without a key: an address, or of IPv6 the network that one customer has."""
    return _customer((scope.get("client") or ("",))[0])


@lru_cache(maxsize=4_096)
def _customer(host: str) -> str:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "somebody"
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


def _here(host: str) -> bool:
    """Whether a request was meant for this machine; a page elsewhere may point a name of its own at it."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name.lower() in ("", "localhost") or name.lower().endswith(".localhost")


def _hasty(wait: float) -> Response:
    return problem(429, "you ask too often; Retry-After says when to ask again", headers={"Retry-After": _whole(wait)})


def _whole(wait: float) -> str:
    return str(max(1, math.ceil(wait)))


def _unknown(headers: Mapping[str, str]) -> Response:
    if shown(headers):
        said = {"WWW-Authenticate": f'{_ASKED}, error="invalid_token"'}
        return problem(401, "this is no key of this server, or it was revoked", headers=said)
    detail = "send a key: Authorization: Bearer KEY; `penchant keys create` makes one"
    return problem(401, detail, headers={"WWW-Authenticate": _ASKED})


def _unfit(key: Key, wanted: str) -> Response | None:
    if not wanted or key.may(wanted):
        return None
    said = {"WWW-Authenticate": f'{_ASKED}, error="insufficient_scope", scope="{wanted}"'}
    return problem(403, f"this needs a key with the scope {wanted}; yours has {', '.join(key.scopes)}", headers=said)
