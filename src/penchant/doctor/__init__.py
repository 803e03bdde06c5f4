"""Is a project sound? Config, stores, people's state, release, encoder and machine, each finding with what to do.

Nothing is repaired and nothing is written.
"""

from penchant.doctor.examination import examine as examine
from penchant.doctor.findings import Check as Check
