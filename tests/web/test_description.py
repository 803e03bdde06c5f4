"""The description of the API, held against what a server with keys does."""

import hypothesis
import pytest
import schemathesis
from schemathesis.core.transport import Response

from penchant import keys

PATHS = {
    "/v1/recommend": {"post"},
    "/v1/rank": {"post"},
    "/v1/similar": {"post"},
    "/v1/copy": {"post"},
    "/v1/events": {"post"},
    "/v1/items": {"put"},
    "/v1/items/{item_id}": {"delete"},
    "/v1/users/{user_id}/steer": {"post", "get"},
    "/v1/users/{user_id}/steer/{steer_id}": {"delete"},
    "/v1/users/{user_id}": {"get", "delete"},
    "/v1/slates/{slate_id}": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
}


@pytest.fixture(scope="module")
def guarded(make_engine, serve, tmp_path_factory):
    """The URL of a server with keys, and what to send it."""
    file = tmp_path_factory.mktemp("shop") / "keys.json"
    secret = keys.create(file, "all", ["admin"])[1]
    with serve(make_engine(), keyring=keys.Keyring(file)) as url:
        yield url, {"Authorization": f"Bearer {secret}"}


def test_every_route_of_the_contract_is_described_and_nothing_else(client):
    document = client("GET", "/openapi.json").json()
    assert {path: set(methods) for path, methods in document["paths"].items()} == PATHS
    for methods in document["paths"].values():
        for route in methods.values():
            assert route["description"]
            assert all("application/problem+json" in r["content"] for s, r in route["responses"].items() if s >= "400")
    references = set(_references(document))
    assert references <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def _references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for part in node.values():
            yield from _references(part)
    elif isinstance(node, list):
        for part in node:
            yield from _references(part)


@pytest.mark.parametrize(("path", "method"), sorted((p, m) for p, methods in PATHS.items() for m in methods))
def test_a_route_does_what_its_description_says(guarded, path, method):
    url, headers = guarded
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    schema.config.generation.update(with_security_parameters=False)  # made-up keys would win over ours

    @hypothesis.settings(
        max_examples=20,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=schema[path][method.upper()].as_strategy())
    def conform(case):
        response = case.call(timeout=60, headers=headers)
        assert response.status_code != 401
        if not _awaited(response):
            case.validate_response(response, headers=headers)

    conform()


def _awaited(response: Response) -> bool:
    """Whether an answer says that the log has not been read far enough yet, which a made-up position brings about."""
    return response.status_code == 503 and "retry-after" in response.headers
