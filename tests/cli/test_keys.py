"""Keys from the command line, and the door of a real server: who may reach it, with which certificate."""

import json
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
import trustme

from penchant.errors import ConfigError, UsageError
from penchant.project import Project
from penchant.serving import door
from penchant.serving import server as serving
from penchant.settings import ServingSettings

COMMAND = [sys.executable, "-m", "penchant"]
SETTINGS = ServingSettings()


@contextmanager
def served(*words):
    """A server as a process, and the URL it says it is at."""
    command = [*COMMAND, "serve", *map(str, words), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
        try:
            line = ran.stdout.readline()
            assert line.startswith("console at "), ran.stderr.read()
            yield line.split()[2].rstrip("/"), ran
        finally:
            ran.send_signal(signal.SIGTERM)
            ran.communicate(timeout=30)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def certificate(authority, tmp_path):
    """Files of a certificate for 127.0.0.1 and its key."""
    issued = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return cert, key


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def status(url, key="", context=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_keys_are_created_listed_and_revoked(run, shop):
    assert run("keys", "list", shop).out == "there is no key\n"
    made = run("keys", "create", shop, "--name", "web", "--scope", "write", "--scope", "read")
    assert made.code == 0
    secret = made.out.strip()
    assert secret.startswith("pen_")
    assert "only time" in made.err
    assert secret not in made.err
    listed = run("keys", "list", shop)
    assert "read, write" in listed.out
    assert secret not in listed.out + run("keys", "list", shop, "--json").out
    assert run("keys", "list", shop, "--json").json["keys"][0]["name"] == "web"
    again = run("keys", "create", shop, "--name", "web")
    assert (again.code, again.out) == (2, "")
    assert "already" in again.err
    assert run("keys", "revoke", shop, "web").out == "'web' is revoked\n"
    assert run("keys", "revoke", shop, "web").code == 1
    found = run("keys", "create", shop, "--name", "ci", "--json").json
    assert (found["scopes"], found["key"][:4]) == (["read"], "pen_")
    assert run("keys", "revoke", shop, "ci", "--json").json == {"name": "ci", "revoked": True}
    assert run("keys", "create", shop, "--name", "x", "--scope", "root").code == 2


def test_keys_are_kept_where_the_settings_say(run, shop):
    with (shop / "penchant.toml").open("a", encoding="utf-8") as file:
        file.write('[serving]\nkeys = "secrets/who.json"\n')
    run("keys", "create", shop, "--name", "web")
    assert json.loads((shop / "secrets" / "who.json").read_text())["keys"][0]["name"] == "web"


def test_beyond_this_machine_nobody_is_let_in_without_a_key(run, shop):
    ran = run("serve", shop, "--host", "0.0.0.0", "--port", 0)
    assert ran.code == 2
    assert "penchant keys create" in ran.err
    assert "--open" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.7", "::", "2001:db8::1", "fe80::1%eth0"])
def test_what_an_address_needs(run, shop, address, caplog):
    with pytest.raises(UsageError, match="no key"):
        door.guarded(SETTINGS, shop, address, anyone=False, tls=False)
    assert door.guarded(SETTINGS, shop, address, anyone=True, tls=False) is False
    assert "OPEN" in caplog.text
    run("keys", "create", shop, "--name", "web")
    caplog.clear()
    assert door.guarded(SETTINGS, shop, address, anyone=True, tls=True) is True
    assert not caplog.text
    assert door.guarded(SETTINGS, shop, address, anyone=False, tls=False) is True
    assert "without TLS" in caplog.text
    run("keys", "revoke", shop, "web")
    with pytest.raises(UsageError, match="no key"):
        door.guarded(SETTINGS, shop, address, anyone=False, tls=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_let_in_until_there_are_keys(run, shop, address):
    assert door.guarded(SETTINGS, shop, address, anyone=False, tls=False) is False
    run("keys", "create", shop, "--name", "web")
    assert door.guarded(SETTINGS, shop, address, anyone=True, tls=False) is True


def test_a_server_with_tls_keys_and_a_rate(run, shop, certificate, trusting):
    key = run("keys", "create", shop, "--name", "web").out.strip()
    with (shop / "penchant.toml").open("a", encoding="utf-8") as file:
        file.write("[serving]\nrate = 0.001\nburst = 2\n")
    with served(shop, "--tls-cert", certificate[0], "--tls-key", certificate[1]) as (url, ran):
        assert url.startswith("https://127.0.0.1:")
        asked = f"{url}/console/settings"
        assert status(asked, key, trusting) == 200
        assert status(asked, "", trusting) == 401
        with pytest.raises(OSError):  # noqa: PT011 - refused by the server, in words of the library's own
            status(asked.replace("https", "http"), key)
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            status(asked, key, ssl.create_default_context())
        assert [status(asked, key, trusting) for _ in range(2)] == [200, 429]
    assert ran.returncode == 0


def test_several_workers_want_the_same_keys_and_see_what_is_revoked(run, shop):
    key = run("keys", "create", shop, "--name", "web").out.strip()
    run("keys", "create", shop, "--name", "app")
    with served(shop, "--workers", 2) as (url, _):
        seen = []
        while 200 not in seen[-1:]:
            try:
                seen.append(status(f"{url}/metrics", key))
            except OSError:  # not there yet
                continue
        assert {status(f"{url}/metrics") for _ in range(8)} == {401}
        assert {status(f"{url}/metrics", key) for _ in range(8)} == {200}
        run("keys", "revoke", shop, "web")
        while status(f"{url}/metrics", key) == 200:
            pass
        assert status(f"{url}/healthz") == 200


def test_a_worker_without_a_file_of_keys_lets_nobody_in_if_it_was_told_so(shop):
    with Project(shop) as project:
        app = serving.application(project, needed=True)
        gate = next(m.kwargs["gate"] for m in app.user_middleware if "gate" in m.kwargs)
        assert gate.closed() is True


def test_a_certificate_that_cannot_be_used_is_said_in_one_line(run, shop, certificate, authority, tmp_path):
    cert, key = certificate
    other = tmp_path / "other.pem"
    other.write_bytes(authority.issue_cert("127.0.0.1").private_key_pem.bytes())
    for given, said in (
        (("--tls-cert", cert), "both"),
        (("--tls-key", key), "both"),
        (("--tls-cert", cert, "--tls-key", tmp_path / "none.pem"), "none.pem"),
        (("--tls-cert", cert, "--tls-key", other), "no certificate and its key"),
        (("--tls-cert", key, "--tls-key", cert), "no certificate and its key"),
    ):
        ran = run("serve", shop, "--port", 0, *given)
        assert (ran.code, ran.err.count("\n")) == (2, 1), ran.err
        assert said in ran.err


def test_a_key_with_a_password_is_refused_instead_of_asked_for(certificate, tmp_path):
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(certificate[1].read_bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(loaded.private_bytes(*form, serialization.BestAvailableEncryption(b"word")))
    with pytest.raises(ConfigError, match="encrypted"):
        door.Certificate(cert=certificate[0], key=locked).options()


def test_the_certificate_of_the_settings_lies_in_the_project_and_the_option_wins(tmp_path):
    said = ServingSettings(tls_cert="tls/cert.pem", tls_key="tls/key.pem")
    assert door.certificate(SETTINGS, tmp_path, None, None) is None
    found = door.certificate(said, tmp_path, None, None)
    assert (found.cert, found.key) == (tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem")
    other = tmp_path / "a.pem"
    assert door.certificate(said, tmp_path, other, other).cert == other
    with pytest.raises(ConfigError, match="both"):
        door.certificate(ServingSettings(tls_cert="cert.pem"), tmp_path, None, None)


def test_the_doctor_looks_at_keys_and_certificate(run, shop, certificate):
    def found():
        return next(check for check in run("doctor", shop, "--json").json["checks"] if check["name"] == "keys")

    assert (found()["status"], found()["found"][:4]) == ("ok", "none")
    run("keys", "create", shop, "--name", "web", "--scope", "write")
    assert "web (write); without TLS" in found()["found"]
    (shop / "keys.json").chmod(0o644)
    assert found()["status"] == "warn"
    assert "chmod 600" in found()["advice"]
    (shop / "keys.json").write_text("{")
    assert found()["status"] == "fail"
    (shop / "keys.json").unlink()
    with (shop / "penchant.toml").open("a", encoding="utf-8") as file:
        file.write(
            f"[serving]\ntls_cert = {json.dumps(str(certificate[0]))}\ntls_key = {json.dumps(str(certificate[1]))}\n"
        )
    assert "with TLS" in found()["found"]
    certificate[0].write_text("nothing")
    assert found()["status"] == "fail"
