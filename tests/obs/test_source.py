"""The source in a real OBS: it registers, shows the character, moves, follows its settings, keeps them."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from PIL import Image

from tests.obs.harness import KIND, ROOT, Collection, avatar, wait_for

pytestmark = pytest.mark.obs


def still() -> np.ndarray:
    """The bundled character at rest, premultiplied RGBA."""
    picture = np.asarray(Image.open(ROOT / "data/character/still.png").convert("RGBA")).astype(np.float32)
    picture[..., :3] *= picture[..., 3:] / 255
    return picture


def test_the_kind_is_registered_and_a_created_source_shows_the_character_moving(studio):
    obs = studio().open()
    assert KIND in obs.ask("GetInputKindList")["inputKinds"]
    obs.create("Avatar")
    wait_for(lambda: obs.picture("Avatar")[..., 3].max() == 255, 5, "picture")
    obs.moving()
    frame = obs.picture("Avatar")
    assert frame.shape == (512, 512, 4)
    assert frame[0, 0].tolist() == [0, 0, 0, 0]
    assert np.abs(frame.astype(np.float32) - still()).mean() < 12, "this is not the bundled character"
    frames, end = set(), time.monotonic() + 2.0
    while time.monotonic() < end:
        frames.add(obs.picture("Avatar").tobytes())
    assert len(frames) >= 20


def test_the_picture_is_there_before_the_engine_is(studio):
    """From the first moment on there is the still character, never an empty picture."""
    obs = studio().open(avatar())
    wait_for(lambda: obs.picture("Avatar")[..., 3].max() == 255, 2, "picture")


def test_settings_change_the_character_live_and_an_unreadable_picture_keeps_the_last_frame(studio, tmp_path):
    good, bad = tmp_path / "my picture.png", tmp_path / "broken.png"
    figure = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    figure.paste((250, 120, 10, 255), (120, 60, 392, 512))
    figure.save(good)
    bad.write_bytes(good.read_bytes()[:60])
    obs = studio().open(avatar())
    obs.moving()
    obs.set("Avatar", character=str(good))

    def own_picture_shown() -> bool:
        return bool(np.abs(obs.picture("Avatar")[250, 256].astype(int) - (250, 120, 10, 255)).max() < 4)

    wait_for(own_picture_shown, 10, "own picture")
    obs.set("Avatar", character=str(bad))
    wait_for(lambda: "broken.png" in obs.texts(), 10, "sentence about the broken picture")
    assert own_picture_shown()
    obs.moving()
    obs.set("Avatar", character="")
    wait_for(lambda: np.abs(obs.picture("Avatar").astype(np.float32) - still()).mean() < 12, 10, "bundled character")
    wait_for(lambda: "broken.png" not in obs.texts(), 5, "the sentence going")


def test_live_settings_do_not_restart_the_worker(studio):
    obs = studio().open(avatar())
    obs.moving()
    workers = obs.workers()
    assert len(workers) == 1
    for fps in (10, 60, 25):
        obs.set("Avatar", fps=fps, smoothing=fps, mirror=fps > 20)
    wait_for(lambda: abs(obs.inside("result = status()['fps']") - 25) < 4, 15, "25 frames per second")
    assert obs.workers() == workers


def test_settings_from_a_newer_version_are_explained(studio):
    obs = studio().open(avatar(settings={"settings_version": 99, "model": "tha9", "fps": 100000}))
    obs.moving()
    texts = obs.texts()
    assert "newer version" in texts
    assert "tha9" in texts
    assert "fps" in texts


def test_a_port_in_use_is_explained_and_the_character_keeps_moving(studio):
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        obs = studio().open(avatar(settings={"tracker": "openseeface", "openseeface_port": port}))
        obs.moving()
        wait_for(lambda: str(port) in obs.texts(), 10, "sentence about the port")


def test_garbage_from_the_network_is_explained_and_does_no_harm(studio):
    import os
    import socket

    from tests.peers import free_port

    port = free_port()
    obs = studio().open(avatar(settings={"tracker": "openseeface", "openseeface_port": port}))
    obs.moving()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for size in range(0, 4000, 7):
            sender.sendto(os.urandom(size), ("127.0.0.1", port))
        wait_for(lambda: "not OpenSeeFace" in obs.texts() or "are not" in obs.texts(), 10, "sentence about the data")
    obs.moving()
    assert len(obs.workers()) == 1


def test_a_frame_buffer_of_another_size_is_explained_and_the_last_frame_stays(studio):
    obs = studio().open(avatar())
    obs.moving()
    obs.inside(
        "state = instances()[0].state\n"
        "host = holder().implementation._engines.hosts['process']\n"
        "host.open(state.name, state.settings.to_json(), state.buffer.name, state.buffer.capacity * 2)\n"
    )
    wait_for(lambda: "frame buffer" in obs.texts(), 10, "sentence about the frame buffer")
    frame = obs.picture("Avatar")
    assert frame[..., 3].max() == 255
    assert (obs.picture("Avatar") == frame).all()


def test_a_source_without_memory_for_frames_shows_the_still_character_and_says_so(studio):
    obs = studio().open()
    obs.inside(
        "from ezvtb_core.link.framebuffer import FrameBuffer\n"
        "def full(capacity):\n"
        "    raise OSError(28, 'No space left on device')\n"
        "FrameBuffer.create = full\n"
    )
    obs.create("Avatar")
    wait_for(lambda: obs.picture("Avatar")[..., 3].max() == 255, 5, "still character")
    assert "No space left" in obs.texts()
    obs.set("Avatar", fps=12)


def test_the_kind_belongs_to_a_module_where_obs_asks_for_that(studio):
    """From OBS 32 on the Sources dock paints the name of a source red when no module has registered its kind."""
    obs = studio().open(avatar())
    state = obs.inside(
        "import ctypes\n"
        "library = ctypes.CDLL(None)\n"
        "found = getattr(library, 'obs_source_load_state', None)\n"
        "result = None if found is None else found(b'ezvtuber_avatar')\n"
    )
    if state is None:
        assert obs.ask("GetVersion")["obsVersion"] < "32"
    else:
        unknown = obs.inside("import ctypes; result = ctypes.CDLL(None).obs_source_load_state(b'no_such_kind')")
        assert state != unknown


def test_a_hidden_source_slows_down_and_a_shown_one_is_back_at_once(studio):
    obs = studio().open(avatar())
    obs.moving()
    item = obs.ask("GetSceneItemId", sceneName="Scene", sourceName="Avatar")["sceneItemId"]
    obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item, sceneItemEnabled=False)
    wait_for(lambda: obs.inside("result = status()['state']") == "hidden", 5, "hidden")
    wait_for(lambda: obs.inside("result = status()['fps']") < 5, 10, "slow")
    obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item, sceneItemEnabled=True)
    wait_for(lambda: obs.inside("result = status()['fps']") > 20, 10, "fast again")


def test_a_source_that_no_scene_shows_is_slow_from_the_start(studio):
    obs = studio().open(avatar("Shown"))
    obs.ask("CreateScene", sceneName="Elsewhere")
    obs.create("Unseen", scene="Elsewhere")
    obs.moving("Shown")
    wait_for(lambda: obs.inside("result = status(1)['state']") == "hidden", 10, "hidden")
    obs.inside("reload_script()")
    wait_for(
        lambda: obs.inside("result = [status(0)['state'], status(1)['state']]") == ["running", "hidden"], 10, "the same again"
    )
    obs.ask("SetCurrentProgramScene", sceneName="Elsewhere")
    wait_for(lambda: obs.inside("result = status(1)['state']") == "running", 10, "running")


def test_three_sources_move_at_once_with_one_worker(studio):
    obs = studio().open(avatar("One"), avatar("Two", {"mirror": True}), avatar("Three", {"fps": 10}))
    for name in ("One", "Two", "Three"):
        obs.moving(name)
    assert len(obs.workers()) == 1


def test_presets_govern_their_settings_until_one_is_edited(studio):
    obs = studio().open(avatar())
    obs.set("Avatar", preset="low")

    def settings() -> dict:
        values = obs.ask("GetInputDefaultSettings", inputKind=KIND)["defaultInputSettings"]
        values.update(obs.ask("GetInputSettings", inputName="Avatar")["inputSettings"])
        return values

    low = json.loads((ROOT / "presets/low.json").read_text(encoding="utf-8"))["settings"]
    wait_for(lambda: {name: settings()[name] for name in low} == low, 5, "the preset's values")
    obs.set("Avatar", fps=17)
    wait_for(lambda: settings()["preset"] == "custom", 5, "Custom")
    assert settings()["fps"] == 17
    items = obs.ask("GetInputPropertiesListPropertyItems", inputName="Avatar", propertyName="preset")["propertyItems"]
    assert [item["itemValue"] for item in items] == ["low", "medium", "high", "ultra", "custom"]


def test_a_preset_alone_at_creation_counts(studio):
    obs = studio().open()
    obs.create("Avatar", {"preset": "low"})
    low = json.loads((ROOT / "presets/low.json").read_text(encoding="utf-8"))["settings"]
    found = wait_for(lambda: obs.ask("GetInputSettings", inputName="Avatar")["inputSettings"], 5, "settings")
    assert {name: found[name] for name in low} == low


def test_a_preset_can_be_saved_from_the_panel(studio, bare_copy):
    obs = studio(script=bare_copy).open(avatar())
    obs.set("Avatar", fps=23, preset_name="Für Spiele 游戏")
    time.sleep(0.3)
    obs.ask("PressInputPropertiesButton", inputName="Avatar", propertyName="save_preset")
    wait_for(
        lambda: obs.ask("GetInputSettings", inputName="Avatar")["inputSettings"]["preset"] == "Für Spiele 游戏" or None,
        5,
        "preset",
    )
    saved = json.loads((bare_copy.parent / "data/presets/Für Spiele 游戏.json").read_text(encoding="utf-8"))
    assert saved["settings"]["fps"] == 23
    items = obs.ask("GetInputPropertiesListPropertyItems", inputName="Avatar", propertyName="preset")["propertyItems"]
    assert "Für Spiele 游戏" in [item["itemName"] for item in items]


def test_two_collections_keep_their_own_settings(studio):
    second = Collection("Second", [ROOT / "obs_ezvtuber.py"], [avatar(settings={"fps": 11, "mirror": True})])
    obs = studio().open(avatar(settings={"fps": 44}), others=(second,))

    def fps() -> int:
        return int(obs.ask("GetInputSettings", inputName="Avatar")["inputSettings"]["fps"])

    assert fps() == 44
    obs.set("Avatar", fps=45)
    obs.ask("SetCurrentSceneCollection", sceneCollectionName="Second")
    wait_for(lambda: fps() == 11, 10, "second collection")
    obs.ask("SetCurrentSceneCollection", sceneCollectionName="Test")
    wait_for(lambda: fps() == 45, 10, "first collection")


def test_the_panel_is_in_chinese_where_obs_is(studio):
    obs = studio(locale="zh-CN").open(avatar())
    obs.moving()
    items = obs.ask("GetInputPropertiesListPropertyItems", inputName="Avatar", propertyName="tracker")["propertyItems"]
    assert "待机" in items[0]["itemName"]
    assert (
        obs.inside("result = __import__('ctypes').string_at(holder().implementation.display_name()).decode()")
        == "EZVTuber 虚拟形象"
    )


def test_the_recentre_hotkey_is_registered_and_safe_to_press(studio):
    obs = studio().open(avatar())
    obs.moving()
    assert "ezvtuber.recentre" in obs.ask("GetHotkeyList")["hotkeys"]
    for _ in range(5):
        obs.ask("TriggerHotkeyByName", hotkeyName="ezvtuber.recentre")
    obs.moving()


def test_the_engine_runs_inside_obs_too_when_its_python_can(studio, require):
    """`host = thread`: either it moves, or the panel says why this OBS's Python cannot and what to do."""
    obs = studio().open(avatar(settings={"host": "thread"}))
    wait_for(lambda: obs.inside("result = status()['state']") in ("running", "error"), 20, "an answer")
    if obs.inside("result = status()['state']") == "running":
        obs.moving()
        assert obs.workers() == []
    else:
        assert "Advanced" in obs.texts()
    obs.set("Avatar", host="process")
    obs.moving()


def test_the_page_in_tools_scripts_has_version_status_and_buttons(studio):
    obs = studio().open(avatar())
    obs.moving()
    found = obs.inside(
        "import sys, time\n"
        "page = sys.modules['obs_ezvtuber'].script_properties()\n"
        "library = holder().libobs\n"
        "names = (b'version', b'environment', b'host_process', b'install', b'refresh', b'open_folder')\n"
        "result = [bool(library.obs_properties_get(int(page), name)) for name in names]\n"
        "library.obs_properties_destroy(int(page))\n"
    )
    assert found == [True] * 6
    assert "EZVTuber Avatar" in obs.inside("import sys; result = sys.modules['obs_ezvtuber'].script_description()")
