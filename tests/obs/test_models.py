"""Models that animate a picture, in a real OBS: a student follows a recorded face; characters and models change on air."""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SHARED
from tests.obs.harness import avatar, wait_for
from tests.peers import Replayer, capture, free_port

pytestmark = [pytest.mark.obs, pytest.mark.needs("shared")]
STUDENTS = SHARED / "models" / "custom_tha4_models"
FOLLOWED = 12.0
"""Seconds of the recorded face that are played."""


def rss(worker: int) -> int:
    """Resident memory of a process in MB."""
    pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
    return pages * 4096 // 1_000_000


def status(obs):
    return obs.inside("result = status()")


def likeness(picture: np.ndarray, character: Path) -> float:
    """Mean difference from a picture of a character at rest, in levels of premultiplied colour."""
    rest = np.asarray(Image.open(character).convert("RGBA")).astype(np.float32)
    rest[..., :3] *= rest[..., 3:] / 255
    return float(np.abs(picture - rest).mean())


def test_a_student_follows_a_recorded_face(studio, tmp_path):
    """Which way the head turns is seen in the worker's poses elsewhere; here the picture must move with them and stay itself."""
    port = free_port()
    settings = {
        "model": "tha4_student:lambda_00",
        "models_folder": str(SHARED / "models"),
        "tracker": "openseeface",
        "openseeface_port": port,
        "hold_seconds": 30.0,
    }
    obs = studio().open(avatar(settings=settings))
    wait_for(lambda: status(obs)["model"] == "tha4_student:lambda_00", 60, "the student")
    player = Replayer(capture("osf_capture.bin"), port, loop=True)
    player.start()
    pictures = []
    try:
        wait_for(lambda: status(obs)["tracker_state"] == "live", 10, "the recorded face")
        end = time.monotonic() + FOLLOWED
        while time.monotonic() < end:
            pictures.append(obs.picture("Avatar"))
            time.sleep(0.2)
    finally:
        player.stop()
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"followed{number:02d}.png")
    assert all(picture[..., 3].max() == 255 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) > 5, "a processor draws few frames a second, but it draws them"
    likenesses = [likeness(picture, STUDENTS / "lambda_00" / "character.png") for picture in pictures]
    assert max(likenesses) < 20 < likeness(pictures[0], STUDENTS / "lambda_01" / "character.png")
    notes = "result = [line.text for line in holder().implementation.panel(instances()[0]).notes['model']]"
    wait_for(lambda: any("NC" in note for note in obs.inside(notes)), 5, "the licence in the panel")


def test_models_and_characters_change_fifty_times_on_air(studio, tmp_path):
    drawn = tmp_path / "drawn.png"
    figure = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    figure.paste((250, 120, 10, 255), (150, 40, 362, 512))
    figure.save(drawn)
    folder = tmp_path / "models" / "custom_tha4_models"
    for name in ("lambda_00", "lambda_01"):
        shutil.copytree(STUDENTS / name, folder / name)
    wardrobe = (
        {"model": "tha4_student:lambda_00", "character": ""},
        {"model": "tha4_student:lambda_00", "character": str(STUDENTS / "lambda_01" / "character.png")},
        {"model": "puppet", "character": ""},
        {"model": "tha4_student:lambda_01", "character": ""},
        {"model": "picture", "character": str(drawn)},
    )
    obs = studio().open(avatar(settings={"models_folder": str(folder.parent), "fps": 30}))
    obs.moving()
    [worker] = obs.workers()
    memory = []
    for turn, worn in enumerate(itertools.islice(itertools.cycle(wardrobe), 50)):
        obs.set("Avatar", **worn)
        patience = time.monotonic() + 60
        # Every third change comes before the last one is through.
        while turn % 3 != 2 and status(obs)["model"] != worn["model"]:
            assert obs.picture("Avatar")[..., 3].max() == 255, "a gap"
            assert time.monotonic() < patience, f"{worn} did not come"
        assert obs.picture("Avatar")[..., 3].max() == 255, "a gap"
        if turn % len(wardrobe) == 2:
            memory.append(rss(worker))
    wait_for(lambda: status(obs)["model"] == "picture" and status(obs)["state"] == "running", 60, "the last change")
    obs.moving()
    assert obs.workers() == [worker]
    assert memory[-1] < memory[1] + 120, f"each change leaves something behind: {memory} MB"
