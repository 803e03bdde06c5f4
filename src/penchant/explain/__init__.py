"""Why a pick was made, and why another was not: the ranker's columns, turned into reasons with evidence."""

from penchant.explain.reasons import reasons
from penchant.explain.whynot import why

__all__ = ["reasons", "why"]
