"""What an examination finds: a name, a status, what was found and what to do."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warn", "fail"]
Found = tuple[Status, str, str]  # with what was found, and what to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding."""

    name: str
    status: Status
    found: str
    advice: str = ""

    def line(self) -> str:
        """The finding as one line."""
        return f"{self.status:<4}  {self.name}: {self.found}" + (f"; {self.advice}" if self.advice else "")

    def document(self) -> dict[str, Any]:
        """The finding as plain data."""
        return asdict(self)
