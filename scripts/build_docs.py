"""Writes docs/reference from the code: settings, plug-ins, command line, HTTP and Python each have one source.

    python scripts/build_docs.py [--check] [--to docs/reference]

The rule: nothing is said there that the code does not say, and the pages are the same on every supported Python.
"""

import argparse
import sys
from pathlib import Path

from reference import command_line, http_api, plug_ins, python_names, settings

NOTE = "<!-- Written by scripts/build_docs.py from the code: change the code and run it again. -->"
REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def main() -> int:
    """Write the pages, or with --check say which of them are out of date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    parser.add_argument("--to", type=Path, default=REFERENCE, help="folder of the pages")
    arguments = parser.parse_args()
    made = pages()
    stale = [name for name, text in made.items() if not same(arguments.to / name, text)]
    if arguments.check:
        print("\n".join(f"{name} is out of date; run scripts/build_docs.py" for name in stale) or "up to date")
        return 1 if stale else 0
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (arguments.to / name).write_bytes(made[name].encode())
    print(f"{len(stale)} of {len(made)} pages written to {arguments.to}")
    return 0


def pages() -> dict[str, str]:
    """File name → text of every page."""
    made = {
        "settings.md": settings.page(),
        "plug-ins.md": plug_ins.page(),
        "command-line.md": command_line.page(),
        "http.md": http_api.page(),
        "python.md": python_names.page(),
    }
    return {name: "\n\n".join([NOTE, *parts]) + "\n" for name, parts in made.items()}


def same(file: Path, text: str) -> bool:
    """Whether a file holds exactly this text."""
    return file.exists() and file.read_bytes() == text.encode()


if __name__ == "__main__":
    sys.exit(main())
