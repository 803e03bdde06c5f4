"""What every request says, by hand, and taken out of real ones."""

import numpy as np
import pytest

from penchant.language.asking import EMPTY, asking, wanted
from penchant.language.choice import Choice
from penchant.language.models import Hashing
from penchant.language.reader import CatalogueReader
from penchant.stores.memory import MemoryItems


def test_takes_a_share_out():
    request, empty = np.array([0.6, 0.8], np.float32), np.array([1.0, 0.0], np.float32)
    assert wanted(request, empty, 0.6).tolist() == pytest.approx([0.0, 1.0])
    assert wanted(request, empty, 0.0).tolist() == pytest.approx([0.6, 0.8])
    assert not wanted(np.zeros(2, np.float32), empty, 0.5).any()


def test_is_the_mean_of_requests_for_nothing():
    encoder = Hashing(dim=32)
    np.testing.assert_allclose(asking(encoder), encoder.encode(EMPTY, "query").mean(axis=0))


def reader(aside):
    return CatalogueReader(choice=Choice(model="hashing"), template="{title}", store=MemoryItems(), aside=aside)


def test_a_request_is_nearer_to_its_content():
    content = reader(0.0).wish("garden hose")
    long = "I want to buy something, please recommend a garden hose"
    likeness = [float(content @ reader(share).wish(long)) for share in (0.0, 0.5, 1.0)]
    assert likeness == sorted(likeness)
    assert likeness[1] > likeness[0] + 0.03
    assert np.linalg.norm(reader(0.5).wish(long)) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="read-only"):
        reader(0.5).wish(long)[0] = 1.0
