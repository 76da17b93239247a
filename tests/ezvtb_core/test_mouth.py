from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core.link.settings import Settings
from ezvtb_core.mouth import STALE_SECONDS, MouthMixer
from ezvtb_core.pose import INDEX, MOUTH, neutral

AAA, OOO, SMILE = INDEX["mouth_aaa"], INDEX["mouth_ooo"], INDEX["mouth_raised_corner_left"]


def seen(**values: float) -> np.ndarray:
    pose = neutral()
    for name, value in values.items():
        pose[INDEX[name]] = value
    return pose


def heard(**values: float) -> np.ndarray:
    return seen(**values)[MOUTH]


def settled(mixer: MouthMixer, pose: np.ndarray, mouth: np.ndarray, settings: Settings) -> np.ndarray:
    for step in range(60):
        now = step / 30
        mixed = mixer.mix(pose, (now, mouth), now, settings)
    return mixed


def test_without_sound_the_tracker_has_the_mouth():
    pose = seen(mouth_aaa=0.5)
    assert MouthMixer().mix(pose, None, 1.0, Settings()) is pose


@pytest.mark.parametrize(("mix", "aaa", "ooo"), [("sound", 0.0, 0.8), ("blend", 0.15, 0.6), ("stronger", 0.0, 0.8)])
def test_sound_has_the_share_that_is_set(mix, aaa, ooo):
    settings = Settings(mouth_mix=mix, mouth_share=75)
    mixed = settled(MouthMixer(), seen(mouth_aaa=0.2 if mix == "stronger" else 0.6), heard(mouth_ooo=0.8), settings)
    assert (mixed[AAA], mixed[OOO]) == (pytest.approx(aaa, abs=1e-3), pytest.approx(ooo, abs=1e-3))


def test_the_stronger_mouth_is_the_trackers_too():
    mixed = settled(MouthMixer(), seen(mouth_aaa=0.9), heard(mouth_ooo=0.2), Settings(mouth_mix="stronger"))
    assert (mixed[AAA], mixed[OOO]) == (pytest.approx(0.9), pytest.approx(0.0, abs=1e-6))


def test_the_corners_stay_the_faces_own():
    mixed = settled(MouthMixer(), seen(mouth_raised_corner_left=0.7), heard(mouth_aaa=1.0), Settings(mouth_mix="sound"))
    assert mixed[SMILE] == np.float32(0.7)


def test_everything_but_the_mouth_passes():
    pose = np.random.default_rng(1).uniform(0, 1, 45).astype(np.float32)
    mixed = settled(MouthMixer(), pose, heard(mouth_aaa=1.0), Settings(mouth_mix="sound"))
    changed = np.flatnonzero(mixed != pose)
    assert set(changed) <= set(range(26, 32))


def test_sound_that_ends_gives_the_mouth_back_without_a_jump():
    mixer, settings, pose = MouthMixer(), Settings(mouth_mix="sound"), seen()
    last = settled(mixer, pose, heard(mouth_aaa=1.0), settings)[AAA]
    assert last > 0.99
    steps = []
    for step in range(90):
        now = 2 + STALE_SECONDS + step / 30
        value = mixer.mix(pose, (59 / 30, heard(mouth_aaa=1.0)), now, settings)[AAA]
        steps.append(last - value)
        last = value
    assert last == 0 and max(steps) < 0.9


def test_equal_mouths_do_not_flicker():
    mixer, settings = MouthMixer(), Settings(mouth_mix="stronger")
    shown = []
    for step in range(120):
        noise = 0.01 * (-1) ** step
        shown.append(mixer.mix(seen(mouth_aaa=0.5 + noise), (step / 30, heard(mouth_ooo=0.5)), step / 30, settings)[AAA])
    assert np.abs(np.diff(shown[60:])).max() < 0.06
