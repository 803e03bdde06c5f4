"""One parser under atheris, which keeps what reaches new branches: python guided.py NAME [options of libFuzzer].

Compiled loops stay as they are: only what reads is instrumented.
"""

import sys

import atheris

READERS = (
    "penchant.catalogue",
    "penchant.config",
    "penchant.keys",
    "penchant.language.bounds",
    "penchant.language.clauses",
    "penchant.language.cues",
    "penchant.language.durations",
    "penchant.language.meaning",
    "penchant.language.schemas",
    "penchant.language.steering",
    "penchant.stores.codec",
    "penchant.stores.folder",
    "penchant.tables",
    "penchant.web.api",
    "penchant.web.wire",
    "penchant.text.words",
)

with atheris.instrument_imports(include=list(READERS)):
    import hypothesis
    import parsers


def main():
    """Fuzz until the time is over."""
    name, *options = sys.argv[1:]
    parse, strategy = parsers.PARSERS[name]
    checks = list(hypothesis.HealthCheck)

    @hypothesis.settings(database=None, deadline=None, suppress_health_check=checks)
    @hypothesis.given(strategy)
    def parsed(case):
        parse(case)

    atheris.Setup([sys.argv[0], *options], parsed.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
