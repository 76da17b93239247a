"""The panel's lists of sources, devices and recordings in a real OBS."""

from __future__ import annotations

import pytest

from tests.obs.harness import avatar, wait_for

pytestmark = pytest.mark.obs
COMMAND_LINE = """
import obs_bridge.background as background
class Paths:
    ROOT = background.paths.ROOT
    SCRIPT = {script!r}
background.paths = Paths
"""
"""Puts another program in the place of our command line."""
MISSING = """
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus
host = holder().implementation._engines.hosts["process"]
host.status = lambda source: EngineStatus(tracker_notice=Notice({code!r}, folder="models"))
"""
"""Has the engine say that something is missing."""
SLOW = """
import json, sys
assert sys.argv[1:] == {arguments!r}, sys.argv
def say(value): print(json.dumps(value), flush=True)
say({{"fraction": 0.42, "code": "host_starting", "params": {{}}}})
assert sys.stdin.readline() == "cancel\\n"
say({{"error": {{"code": "setup_failed", "params": {{"detail": "Cancelled."}}}}}})
"""
"""A program that is cancelled half-way."""


def listed(obs, setting: str) -> list[tuple[str, str]]:
    """(value, label) of a list of the panel."""
    answer = obs.ask("GetInputPropertiesListPropertyItems", inputName="Avatar", propertyName=setting)
    return [(entry["itemValue"], entry["itemName"]) for entry in answer["propertyItems"]]


def test_sources_are_listed_by_what_they_can_do_and_a_chosen_one_that_is_gone_stays(studio):
    obs = studio().open(
        avatar(settings={"mouth_sound": "obs", "sound_source": "Gone", "tracker": "webcam", "webcam_source": "obs"})
    )
    obs.create("Colour", kind="color_source_v3")
    obs.create("Microphone 麦", kind="pulse_input_capture")
    obs.create("Media", kind="ffmpeg_source")
    obs.create("Second avatar")
    obs.ask("CreateScene", sceneName="Other scene")
    sounds = [("", "None"), ("Media", "Media"), ("Microphone 麦", "Microphone 麦"), ("Gone", "Gone (not found)")]
    wait_for(lambda: listed(obs, "sound_source") == sounds, 10, "the sources of sound")
    pictures = [("", "None"), ("Colour", "Colour"), ("Media", "Media")]
    wait_for(lambda: listed(obs, "camera_source") == pictures, 10, "the sources with a picture")


def test_the_list_can_be_asked_for_again_and_again_while_sources_come_and_go(studio):
    obs = studio().open(avatar(settings={"mouth_sound": "obs"}))
    for turn in range(40):
        obs.create(f"Colour {turn}", kind="color_source_v3")
        listed(obs, "sound_source")
        obs.ask("RemoveInput", inputName=f"Colour {turn}")
    obs.moving()


def test_the_list_of_devices_does_not_keep_the_panel_waiting(studio, tmp_path):
    """What the command finds depends on the machine; here: the panel is there at once, and OBS can be closed meanwhile."""
    obs = studio().open(avatar(settings={"tracker": "webcam", "camera": "My camera"}))
    never = tmp_path / "never.py"
    never.write_text("import time\ntime.sleep(600)\n")
    obs.inside(COMMAND_LINE.format(script=str(never)))
    obs.inside("holder().implementation._controls._services.lists._found.clear()")
    assert listed(obs, "camera") == [("", "The first one"), ("My camera", "My camera")]
    obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="refresh")
    obs.moving()


@pytest.mark.parametrize(
    ("code", "button", "arguments"),
    [
        ("webcam_not_installed", "install_webcam", ["install", "webcam", "--json"]),
        ("webcam_no_model", "download_face_model", ["models", "download", "face_landmarker", "--json"]),
    ],
)
def test_what_the_webcam_lacks_is_fetched_by_a_button_with_progress(studio, tmp_path, code, button, arguments):
    obs = studio().open(avatar())
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW.format(arguments=arguments))
    obs.inside(COMMAND_LINE.format(script=str(slow)) + MISSING.format(code=code))
    obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName=button)
    wait_for(lambda: "42 %" in obs.texts(), 20, "progress")
    obs.ask("GetInputPropertiesListPropertyItems", inputName="Avatar", propertyName="tracker")
    if button == "download_face_model":
        obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="cancel_download")
    else:
        obs.inside("holder().implementation._controls._services.installation.stop()")
    wait_for(lambda: "Cancelled." in obs.texts(), 20, "the end")
