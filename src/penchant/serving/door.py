"""How a server can be reached: on which address, with which certificate, and whether a key is needed.

Beyond this machine nobody gets in without a key, unless whoever starts the server says so.
"""

import logging
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

from penchant.errors import ConfigError, UsageError
from penchant.keys import Keyring, read
from penchant.settings import ServingSettings
from penchant.web.rates import Rates

log = logging.getLogger("penchant.serving.door")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What TLS needs: a certificate (with its chain) and its key, as PEM files."""

    cert: Path
    key: Path

    def options(self) -> dict[str, Any]:
        """The options of uvicorn. Raises ConfigError if the files cannot be used."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.cert, self.key, password=_no_password)
        except FileNotFoundError:
            gone = next((file for file in (self.cert, self.key) if not file.exists()), self.cert)
            raise ConfigError(f"TLS: there is no file {gone}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise ConfigError(f"TLS: {self.cert} and {self.key} are no certificate and its key: {reason}") from None
        return {"ssl_certfile": str(self.cert), "ssl_keyfile": str(self.key)}


def _no_password() -> str:
    raise ValueError("it is encrypted; give one without a password, readable to the server alone")


def certificate(settings: ServingSettings, folder: Path, cert: Path | None, key: Path | None) -> Certificate | None:
    """The certificate that was asked for, else that of the settings; None: plain HTTP. Raises ConfigError for half."""
    if cert is None and key is None:
        cert = folder / settings.tls_cert if settings.tls_cert else None
        key = folder / settings.tls_key if settings.tls_key else None
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise ConfigError("TLS needs both a certificate and its key: --tls-cert and --tls-key, or both in [serving]")
    return Certificate(cert=cert, key=key)


def keyring(settings: ServingSettings, folder: Path, *, needed: bool = False, anyone: bool = False) -> Keyring:
    """The keys of a project; without any, `anyone` may ask or this machine alone."""
    return Keyring(folder / settings.keys, needed=needed, local=not anyone)


def rates(settings: ServingSettings) -> Rates:
    """How often each caller may ask."""
    return Rates(settings.rate, settings.burst)


def guarded(settings: ServingSettings, folder: Path, address: str, *, anyone: bool, tls: bool) -> bool:
    """Whether keys are needed from the start of a server on a numeric address; says in the log what is risky.

    Raises UsageError for an address beyond this machine where the project has no key, unless `anyone` may come in.
    """
    file = folder / settings.keys
    known, far = read(file), not ip_address(address.partition("%")[0]).is_loopback
    if far and not known and not anyone:
        raise UsageError(
            f"{address} can be reached from other machines and the project has no key: "
            f"`penchant keys create {folder} --name NAME` makes one, --open lets everybody do everything"
        )
    if far and not file.exists():
        log.warning("OPEN: whoever reaches %s may read, change and forget everything, as --open says", address)
    if far and file.exists() and not tls:
        log.warning("without TLS keys can be read on their way to %s; see --tls-cert, or put TLS in front", address)
    return file.exists() or (far and not anyone)


def sound(settings: ServingSettings, folder: Path) -> tuple[Literal["ok", "warn"], str, str]:
    """Whether the keys and the certificate are as they should be, what there is, and what to do about it.

    Raises StoreError for damaged keys, ConfigError for a certificate that cannot be used.
    """
    file, tls = folder / settings.keys, certificate(settings, folder, None, None)
    known, how = read(file), "with TLS" if tls and tls.options() else "without TLS"
    if not file.exists():
        return "ok", f"none, so the server is for this machine alone; {how}", ""
    names = [f"{key.name} ({', '.join(key.scopes)})" for key in known]
    said = f"{', '.join(names) or 'all are revoked'}; {how}"
    private = [path for path in (file, tls.key if tls else file) if path.stat().st_mode & 0o077]
    if private:
        return "warn", said, f"others on this machine may read or change {private[0]}: chmod 600 it"
    return "ok", said, ""
