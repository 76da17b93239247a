"""Hotkeys of a source, pressed in a real OBS; what they ask of the engine is written down instead of done."""

from __future__ import annotations

import time

import numpy as np
import pytest

from ezvtb_core.link import paths
from tests.obs.harness import avatar, wait_for

pytestmark = pytest.mark.obs
LISTEN = """
host = holder().implementation._engines.hosts["process"]
asked = host.asked = []
host.act = lambda source, action: asked.append(action)
"""
ASKED = "result = holder().implementation._engines.hosts['process'].asked"


def ours(obs) -> list[str]:
    return [name for name in obs.ask("GetHotkeyList")["hotkeys"] if name.startswith("ezvtuber.")]


def asked(obs, number: int) -> list[str]:
    """What was asked of the engine, once it is that much."""
    wait_for(lambda: len(obs.inside(ASKED)) >= number, 5, f"{number} actions")
    return obs.inside(ASKED)


def press(obs, seen) -> None:
    """Press F7 until it was seen: OBS loses a press that comes right after another, while its own thread polls the keyboard."""

    def attempt() -> bool:
        obs.ask("TriggerHotkeyByKeySequence", keyId="OBS_KEY_F7")
        end = time.monotonic() + 0.5
        while not seen() and time.monotonic() < end:
            time.sleep(0.05)
        return bool(seen())

    wait_for(attempt, 10, "the key")


def bound(name: str, key: str, settings=None):
    """A source as it was saved, with a key for one of its hotkeys."""
    return {**avatar("Avatar", settings), "hotkeys": {name: [{"key": key}]}}


def test_a_key_that_was_saved_with_the_source_shows_its_expression_as_long_as_it_is_held(studio):
    obs = studio().open(bound("ezvtuber.express.smile", "OBS_KEY_F7"))
    obs.inside(LISTEN)
    obs.ask("TriggerHotkeyByKeySequence", keyId="OBS_KEY_F7")
    assert asked(obs, 2) == ["express_on:smile", "express_off:smile"]


def test_in_toggle_mode_each_press_turns_the_expression_over(studio):
    obs = studio().open(bound("ezvtuber.express.wink_left", "OBS_KEY_F7", {"expression_mode": "toggle"}))
    obs.inside(LISTEN)
    for number in (1, 2):
        press(obs, lambda number=number: len(obs.inside(ASKED)) >= number)
    assert obs.inside(ASKED) == ["express_on:wink_left", "express_off:wink_left"]


def test_the_character_wears_the_expression_and_the_panel_names_it(studio):
    obs = studio().open(bound("ezvtuber.express.smile", "OBS_KEY_F7", {"expression_mode": "toggle", "idle_motion": 0}))
    wait_for(lambda: obs.inside("result = status()['state']") == "running", 20, "the engine")
    before = obs.picture("Avatar").astype(int)
    press(obs, lambda: "Expressions that are on: Smile" in obs.texts())
    wait_for(lambda: np.abs(obs.picture("Avatar").astype(int) - before).max() > 60, 5, "another face")
    time.sleep(2.0)
    press(obs, lambda: "Expressions" not in obs.texts())
    wait_for(lambda: np.abs(obs.picture("Avatar").astype(int) - before).max() < 10, 5, "the face as it was")


def test_recording_and_recentring_have_hotkeys_too(studio):
    obs = studio().open(bound("ezvtuber.record", "OBS_KEY_F7"))
    obs.inside(LISTEN)
    obs.ask("TriggerHotkeyByKeySequence", keyId="OBS_KEY_F7")
    assert asked(obs, 1) == ["record_start"]
    obs.ask("TriggerHotkeyByName", hotkeyName="ezvtuber.recentre")
    assert asked(obs, 2) == ["record_start", "recentre"]


def test_every_source_has_each_hotkey_once_and_keeps_it_over_a_reload(studio):
    obs = studio().open(bound("ezvtuber.express.smile", "OBS_KEY_F7"), avatar("Two"))
    names = ours(obs)
    assert {"ezvtuber.recentre", "ezvtuber.record", "ezvtuber.express.smile", "ezvtuber.express.sleepy"} <= set(names)
    assert len(names) == 2 * len(set(names))
    obs.inside("reload_script()")
    assert sorted(ours(obs)) == sorted(names)
    obs.inside(LISTEN)
    obs.ask("TriggerHotkeyByKeySequence", keyId="OBS_KEY_F7")
    assert asked(obs, 2) == ["express_on:smile", "express_off:smile"]
    obs.ask("RemoveInput", inputName="Two")
    wait_for(lambda: len(ours(obs)) == len(set(names)), 5, "the hotkeys going with their source")


def test_hotkeys_of_a_source_whose_script_is_gone_do_nothing(studio):
    obs = studio().open(bound("ezvtuber.recentre", "OBS_KEY_F7"))
    obs.inside("import sys; sys.modules['obs_ezvtuber'].script.unload()")
    obs.ask("TriggerHotkeyByKeySequence", keyId="OBS_KEY_F7")
    obs.inside("import sys; sys.modules['obs_ezvtuber'].script.load()")
    obs.moving()


def test_the_record_button_asks_for_a_recording_and_then_for_its_end(studio):
    obs = studio().open(avatar())
    obs.inside(LISTEN)
    for _ in range(2):
        obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="record")
    assert asked(obs, 2) == ["record_start", "record_stop"]


def test_a_face_that_is_kept_as_an_expression_has_its_hotkey_at_once(studio):
    obs = studio().open(avatar("Avatar", {"idle_motion": 200, "expression_name": "OBS test face"}))
    wait_for(lambda: obs.inside("result = status()['state']") == "running", 20, "the engine")
    kept = paths.EXPRESSIONS / "own" / "obs_test_face.json"
    try:
        obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="save_expression")
        wait_for(lambda: "ezvtuber.express.obs_test_face" in ours(obs), 10, "the hotkey")
        assert kept.is_file()
        assert "Your face is kept as the expression OBS test face" in obs.texts()
    finally:
        kept.unlink(missing_ok=True)
