"""Reloads, collection switches, exits, deaths: OBS never hangs, leaks or crashes, and the picture is never blank."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest
from obsws_python.error import OBSSDKRequestError
from PIL import Image

from tests.obs import material
from tests.obs.conftest import PROBE, check_end
from tests.obs.harness import KIND, ROOT, Collection, avatar, wait_for

pytestmark = pytest.mark.obs
SCRIPT = ROOT / "obs_ezvtuber.py"


def kill(worker: int, how: int) -> None:
    """Send a signal to a worker that may have ended since it was listed."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker, how)


def test_the_script_can_be_reloaded_a_hundred_times(studio):
    obs = studio().open(avatar())
    obs.moving()
    objects = []
    for _ in range(100):
        obs.inside("reload_script()")
        assert obs.picture("Avatar")[..., 3].max() == 255, "blank after a reload"
        objects.append(obs.inside("import gc; gc.collect(); result = len(gc.get_objects())"))
    assert objects[-1] < 1.03 * objects[20], "each reload leaves something behind in OBS's memory"
    obs.moving()
    assert len(obs.workers()) == 1
    assert obs.inside("result = holder().generation") == 101


def test_the_collection_can_be_switched_fifty_times(studio):
    second = Collection("Second", [SCRIPT], [avatar("Other")])
    without = Collection("Without")
    obs = studio().open(avatar(), others=(second, without))
    obs.moving()
    for turn in range(50):
        obs.ask("SetCurrentSceneCollection", sceneCollectionName=("Second", "Without", "Test")[turn % 3])
    obs.ask("SetCurrentSceneCollection", sceneCollectionName="Test")
    obs.moving()
    check_end(obs)
    assert "Not all sources were cleared" not in obs.log


def test_a_source_can_be_added_and_removed_fifty_times(studio):
    obs = studio().open()
    for turn in range(50):
        obs.create(f"Avatar {turn}")
        obs.picture(f"Avatar {turn}")
        obs.ask("RemoveInput", inputName=f"Avatar {turn}")
    wait_for(lambda: obs.inside("result = len(holder().instances)") == 0, 10, "all sources gone")
    assert len(obs.workers()) <= 1


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.4, 0.8])
def test_obs_can_be_closed_while_the_worker_starts(studio, delay):
    obs = studio().open(avatar())
    obs.create("Late")
    time.sleep(delay)
    check_end(obs)


def test_obs_can_be_closed_with_the_script_freshly_reloaded(studio):
    obs = studio().open(avatar(), avatar("Two"))
    obs.inside("reload_script()")
    check_end(obs)


def test_a_killed_worker_is_back_within_three_seconds_and_the_picture_is_never_blank(studio):
    obs = studio().open(avatar())
    obs.moving()
    for _ in range(3):
        [worker] = obs.workers()
        before = obs.inside("result = instances()[0].state.shown")
        os.kill(worker, signal.SIGKILL)
        killed = time.monotonic()
        while True:
            assert obs.picture("Avatar")[..., 3].max() == 255, "blank frame"
            shown = obs.inside("result = instances()[0].state.shown")
            if obs.workers() not in ([], [worker]) and shown > before + 5:
                break
            assert time.monotonic() - killed < 3.0, "not moving again within 3 s"
        obs.moving(timeout=3.0)


def test_a_worker_that_keeps_dying_is_given_up_with_a_sentence_and_a_button_that_helps(studio):
    obs = studio().open(avatar())
    obs.moving()
    end = time.monotonic() + 60
    while obs.inside("result = holder().implementation._engines.hosts['process'].host_status().state") != "failed":
        assert time.monotonic() < end
        for worker in obs.workers():
            kill(worker, signal.SIGKILL)
        time.sleep(0.05)
    assert "Restart engine" in obs.texts()
    assert obs.picture("Avatar")[..., 3].max() == 255
    obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="restart")
    obs.moving()


def test_a_stopped_worker_is_noticed_and_replaced(studio):
    """SIGSTOP stands for a driver that hangs: no sign of life, then force, then a new worker."""
    obs = studio().open(avatar())
    obs.moving()
    obs.inside("import ezvtb_core.link.hosts as hosts; hosts.SILENCE_LIMIT = 1.5")
    [worker] = obs.workers()
    os.kill(worker, signal.SIGSTOP)
    wait_for(lambda: obs.workers() not in ([], [worker]), 15, "a new worker")
    obs.moving()


def test_the_worker_goes_with_an_obs_that_is_killed(studio):
    obs = studio().open(avatar())
    obs.moving()
    [worker] = obs.workers()
    buffer = obs.inside("result = instances()[0].state.buffer.name")
    obs.hang_up()
    obs.kill()
    wait_for(lambda: not Path(f"/proc/{worker}").exists(), 5, "the worker gone")
    assert not Path(f"/dev/shm/{buffer}").exists()


def test_without_an_environment_the_still_character_and_an_instruction_are_shown(studio, bare_copy):
    obs = studio(script=bare_copy).open(avatar())
    wait_for(lambda: obs.picture("Avatar")[..., 3].max() == 255, 5, "still character")
    wait_for(lambda: "Install" in obs.texts(), 5, "instruction")
    frame = obs.picture("Avatar")
    assert (frame[..., 3] > 0).mean() > 0.1
    assert obs.workers() == []
    assert (obs.picture("Avatar") == frame).all()


def test_a_script_removed_while_its_source_is_shown_keeps_the_last_frame(studio):
    """Leaving a collection unloads the script; OBS also does so with the Remove button, sources staying."""
    obs = studio().open(avatar())
    obs.moving()
    obs.inside("import sys; sys.modules['obs_ezvtuber'].script.unload()")
    assert obs.picture("Avatar")[..., 3].max() == 255
    assert (obs.picture("Avatar") == obs.picture("Avatar")).all()
    wait_for(lambda: obs.workers() == [], 5, "no worker")
    assert "not loaded" in obs.texts()
    with pytest.raises(OBSSDKRequestError, match="not supported"):
        obs.create("Newcomer")
    obs.inside("import sys; sys.modules['obs_ezvtuber'].script.load()")
    obs.moving("Avatar")
    obs.create("Newcomer")
    obs.moving("Newcomer")


def test_packages_of_others_with_our_names_do_not_matter(studio, tmp_path):
    """OBS looks for modules in its working folder first and in the script's last."""
    obs = studio()
    for name in ("obs_bridge", "ezvtb_core", "trackers"):
        (obs.folder / name).mkdir()
        (obs.folder / name / "__init__.py").write_text("raise RuntimeError('not ours')")
    obs.open(avatar(), avatar("Inside", {"host": "thread"}))
    obs.moving()
    wait_for(lambda: obs.inside("result = status(1)['state']") in ("running", "error"), 20, "an answer")
    assert "not ours" not in obs.texts(1)
    assert obs.inside("import sys; result = sys.path[0]") != str(ROOT)


@pytest.mark.slow
def test_the_install_button_makes_the_character_move_without_a_restart(studio, bare_copy):
    """What a new user does: add the script, add the source, press Install, wait."""
    obs = studio(script=bare_copy).open(avatar())
    wait_for(lambda: "Install" in obs.texts(), 5, "instruction")
    obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="install")
    wait_for(lambda: "%" in obs.texts(), 30, "progress")
    assert obs.picture("Avatar")[..., 3].max() == 255
    obs.moving(timeout=240)
    assert len(obs.workers()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_of_everything_at_once(studio, tmp_path, seed):  # noqa: C901 - one branch for each deed
    """Twenty seconds of what no user does: all life-cycle events in random order, in quick succession."""
    picture = tmp_path / "picture.png"
    Image.new("RGBA", (300, 400), (200, 80, 40, 255)).save(picture)
    obs = studio().open(avatar("A0"), others=(Collection("Second", [SCRIPT, PROBE], [avatar("B0")]),))
    obs.create("Voice", material.media(material.tones(tmp_path / "tones.wav")), kind="ffmpeg_source")
    obs.create("Camera", {"file": str(picture)}, kind="image_source")
    draw, names, number = random.Random(seed), ["A0"], 0
    end = time.monotonic() + 20
    while time.monotonic() < end:
        deed = draw.choice(
            ["create", "remove", "set", "set", "set", "hide", "picture", "picture", "reload", "kill", "switch", "panel"]
        )
        name = draw.choice(names) if names else None
        if deed == "create" and len(names) < 6:
            number += 1
            names.append(f"N{number}")
            obs.create(names[-1], {"fps": draw.choice([5, 60, 120]), "host": draw.choice(["process", "process", "thread"])})
        elif deed == "reload":
            obs.inside("reload_script()")
        elif deed == "kill":
            for worker in obs.workers():
                kill(worker, draw.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV]))
        elif deed == "switch" and draw.random() < 0.3:
            obs.hang_up()
            there = obs.ask("GetSceneCollectionList")["currentSceneCollectionName"]
            obs.ask("SetCurrentSceneCollection", sceneCollectionName="Second" if there == "Test" else "Test")
            names = [entry["inputName"] for entry in obs.ask("GetInputList", inputKind=KIND)["inputs"]]
        elif name is None:
            continue
        elif deed == "remove":
            names.remove(name)
            obs.ask("RemoveInput", inputName=name)
        elif deed == "set":
            values = {
                "fps": draw.choice([5, 30, 120]),
                "tracker": draw.choice(["idle", "openseeface", "webcam"]),
                "smoothing": draw.randrange(101),
                "webcam_source": draw.choice(["obs", "obs", "camera"]),
                "camera_source": draw.choice(["Camera", "Camera", "Voice", "A0", "Scene", ""]),
                "mouth_sound": draw.choice(["obs", "obs", "off"]),
                "sound_source": draw.choice(["Voice", "Voice", "Camera", "gone"]),
                "follow_position": draw.random() < 0.5,
            }
            values.update(
                {"character": draw.choice(["", str(picture), "/no/such.png"]), "host": draw.choice(["process", "thread"])}
            )
            obs.set(name, **dict(draw.sample(sorted(values.items()), 4)))
        elif deed == "hide":
            item = obs.ask("GetSceneItemId", sceneName="Scene", sourceName=name)["sceneItemId"]
            obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item, sceneItemEnabled=draw.random() < 0.5)
        elif deed == "picture":
            obs.picture(name)
        elif deed == "panel":
            obs.ask("GetInputPropertiesListPropertyItems", inputName=name, propertyName="preset")
            obs.ask(
                "PressInputPropertiesButton",
                inputName=name,
                propertyName=draw.choice(["recentre", "restart", "refresh"]),
            )
    check_end(obs)
