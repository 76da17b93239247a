from __future__ import annotations

import numpy as np

from ezvtb_core.commands.bench.patterns import moving, variants
from ezvtb_core.pose import HIGHEST, LOWEST


def test_every_value_moves_in_every_frame_inside_its_range() -> None:
    poses = moving(300)
    assert poses.shape == (300, 45) and poses.dtype == np.float32
    assert (np.diff(poses, axis=0) != 0).all()
    assert (poses >= LOWEST).all() and (poses <= HIGHEST).all()
    assert np.array_equal(moving(300), poses)


def test_patterns_hold_their_part_still_and_nothing_else() -> None:
    poses = moving(50)
    found = variants(poses)
    assert list(found) == ["everything", "still_face", "still_eyebrows"]
    assert np.array_equal(found["everything"], poses)
    assert list(variants(poses, "still_face")) == ["still_face"]
    for name, still in (("still_face", slice(0, 39)), ("still_eyebrows", slice(0, 12))):
        moved = (found[name] != found[name][0]).any(axis=0)
        assert not moved[still].any() and moved[still.stop :].all()
        assert np.array_equal(found[name][:, still.stop :], poses[:, still.stop :])
