"""Sound and pictures of other sources of OBS on their way into shared memory, in a real OBS."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link.audio_ring import AudioRing
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.framebuffer import FrameBuffer
from tests.obs import material
from tests.obs.conftest import PROBE, check_end
from tests.obs.harness import ROOT, Collection, avatar, wait_for

pytestmark = pytest.mark.obs
SCRIPT = ROOT / "obs_ezvtuber.py"
HEARING = {"mouth_sound": "obs", "sound_source": "Voice"}
SEEING = {"tracker": "webcam", "webcam_source": "obs", "camera_source": "Camera"}


ALONE = """
for name, module in list(sys.modules.items()):
    if name != "obs_ezvtuber" and "__script_data__" in getattr(module, "__dict__", ()):
        del module.__script_data__
"""
"""The probe is a Python script too; without OBS's mark on it ours is the only one, and sound comes by callback."""


def fed(obs, kind: str, number: int = 0) -> Feed | None:
    """What the engine of a source was told last."""
    code = f"state = instances()[{number}].state\navatar = holder().implementation._taps._avatars.get(state.name)\n"
    code += f"feed = None if avatar is None else avatar.fed.get({kind!r})\nresult = feed and feed.to_json()"
    return Feed.from_json(obs.inside(code))


def feed_of(obs, kind: str, timeout: float = 10.0) -> Feed:
    return wait_for(lambda: fed(obs, kind), timeout, f"a feed of {kind}")


class Listener:
    """The reading side of a ring, as the worker has it."""

    def __init__(self, feed: Feed) -> None:
        self.ring = AudioRing.attach(feed.buffer, feed.capacity)

    def hear(self, seconds: float = 0.5) -> np.ndarray:
        """(frames, 2) float32 of what comes from now on."""
        since = self.ring.written()
        wait_for(lambda: self.ring.written() - since > seconds * material.RATE, 20, "sound")
        sound = self.ring.read(since)
        assert (sound.rate, sound.lost) == (material.RATE, 0)
        return np.stack([np.frombuffer(plane, np.float32) for plane in sound.planes], 1)

    def settled(self, level: float) -> np.ndarray:
        """Listen until the left channel is as loud as `level` (root of the mean square), within 2 %."""

        def right() -> np.ndarray | None:
            sound = self.hear(0.2)
            return sound if abs(float(np.sqrt((sound[:, 0] ** 2).mean())) - level) <= 0.02 * level + 1e-6 else None

        return wait_for(right, 10, f"sound of level {level}")


class Watcher:
    """The reading side of a buffer of pictures."""

    def __init__(self, feed: Feed) -> None:
        self.buffer = FrameBuffer.attach(feed.buffer, feed.capacity)

    def picture(self) -> np.ndarray | None:
        """(height, width, 4) uint8 BGRA of the newest picture."""
        found: list[np.ndarray] = []

        def use(frame) -> None:
            found[:] = [np.frombuffer(self.buffer.copy(frame), np.uint8).reshape(frame.height, frame.width, 4)]

        self.buffer.read(use)
        return found[0] if found else None


def shared_memory(obs) -> list[str]:
    """Names of the shared memory that this OBS made."""
    assert obs.process is not None
    return sorted(path.name for path in Path("/dev/shm").glob(f"ezvtuber-*-{obs.process.pid}-*"))


@pytest.fixture
def voice(tmp_path):
    return material.media(material.tones(tmp_path / "tones.wav"))


@pytest.fixture
def camera(tmp_path):
    return {"file": str(material.picture(tmp_path / "camera.png", 1280, 720))}


@pytest.mark.parametrize("alone", [True, False], ids=["callback", "polled"])
def test_the_sound_of_a_source_arrives_after_its_filters(studio, voice, alone):
    obs = studio().open()
    obs.inside(ALONE if alone else "")
    obs.create("Avatar", HEARING)
    obs.create("Voice", voice, kind="ffmpeg_source")
    feed = feed_of(obs, "sound")
    assert feed.label == "Voice"
    assert obs.inside("result = len(holder().sinks)") == alone
    listener = Listener(feed)
    sound = listener.settled(0.5 / np.sqrt(2))
    assert np.sqrt((sound[:, 1] ** 2).mean()) == pytest.approx(0.25 / np.sqrt(2), rel=0.02)
    for channel, (hertz, _) in enumerate(material.TONES):
        spectrum = np.abs(np.fft.rfft(sound[:, channel] * np.hanning(len(sound))))
        assert np.argmax(spectrum) * material.RATE / len(sound) == pytest.approx(hertz, abs=8)
    obs.ask("CreateSourceFilter", sourceName="Voice", filterName="Gain", filterKind="gain_filter", filterSettings={"db": -6.0206})
    listener.settled(0.25 / np.sqrt(2))
    obs.ask("SetInputVolume", inputName="Voice", inputVolumeMul=0.1)
    time.sleep(0.3)
    # A callback comes before the fader.
    loud = (1.0 if alone else 0.1) * 0.25 / np.sqrt(2)
    listener.settled(loud)
    obs.ask("SetInputMute", inputName="Voice", inputMuted=True)
    listener.settled(0.0)
    obs.ask("SetInputMute", inputName="Voice", inputMuted=False)
    listener.settled(loud)


def test_no_sample_is_lost_or_repeated_on_the_way(studio, voice):
    """A tone without a jump; on a busy machine the thread that looks may miss a block of 21 ms now and then."""
    obs = studio().open(avatar(settings=HEARING))
    obs.create("Voice", voice, kind="ffmpeg_source")
    listener = Listener(feed_of(obs, "sound"))
    listener.settled(0.5 / np.sqrt(2))
    jumps = blocks = 0
    for _ in range(5):
        left = listener.hear(0.5)[:, 0].astype(np.float64)
        # For a sine, x[n-1] + x[n+1] = 2 cos(w) x[n].
        rest = left[:-2] + left[2:] - 2 * np.cos(2 * np.pi * material.TONES[0][0] / material.RATE) * left[1:-1]
        jumps += int((np.abs(rest) > 1e-3).sum())
        blocks += len(left) // 1024
    assert jumps <= 2 * max(2, blocks // 10), f"{jumps} jumps in {blocks} blocks"


def test_a_source_of_one_track_only_is_heard_without_a_callback(studio, voice):
    obs = studio().open(avatar(settings=HEARING))
    obs.create("Voice", voice, kind="ffmpeg_source")
    listener = Listener(feed_of(obs, "sound"))
    tracks = {str(number): number == 5 for number in range(1, 7)}
    obs.ask("SetInputAudioTracks", inputName="Voice", inputAudioTracks=tracks)
    time.sleep(0.3)
    listener.settled(0.5 / np.sqrt(2))


OTHER_SCRIPT = """
import threading, time, obspython
other = sys.modules.setdefault("_other", type(sys)("_other"))
other.calls = 0
def work():
    source = obspython.obs_get_source_by_name("Voice")
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for _ in range(40000):
            pass
        found = obspython.obs_source_get_filter_by_name(source, "Gain")
        obspython.obs_source_release(found)
        other.calls += 1
        time.sleep(0.005)
    obspython.obs_source_release(source)
    other.calls = -1
threading.Thread(target=work, daemon=True).start()
"""


def test_another_script_that_asks_for_filters_all_the_time_does_not_hang_obs(studio, voice):
    """With a callback it does so within a second: see sound_tap.py."""
    obs = studio().open(avatar(settings=HEARING))
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.ask("CreateSourceFilter", sourceName="Voice", filterName="Gain", filterKind="gain_filter", filterSettings={"db": -6.0206})
    listener = Listener(feed_of(obs, "sound"))
    obs.inside(OTHER_SCRIPT)
    wait_for(lambda: obs.inside("result = sys.modules['_other'].calls") > 100, 30, "the other script at work")
    listener.settled(0.25 / np.sqrt(2))
    wait_for(lambda: obs.inside("result = sys.modules['_other'].calls") == -1, 30, "the other script's end")


def test_the_callback_goes_when_another_script_comes(studio, voice):
    obs = studio().open()
    obs.inside(ALONE)
    obs.create("Avatar", HEARING)
    obs.create("Voice", voice, kind="ffmpeg_source")
    listener = Listener(feed_of(obs, "sound"))
    listener.settled(0.5 / np.sqrt(2))
    assert obs.inside("result = len(holder().sinks)") == 1
    obs.inside("sys.modules['probe'].__script_data__ = None")
    wait_for(lambda: obs.inside("result = len(holder().sinks)") == 0, 5, "the callback gone")
    listener.settled(0.5 / np.sqrt(2))
    obs.inside(ALONE)
    wait_for(lambda: obs.inside("result = len(holder().sinks)") == 1, 5, "the callback back")
    listener.settled(0.5 / np.sqrt(2))


def test_two_avatars_share_a_tap_and_the_last_one_ends_it(studio, voice):
    obs = studio().open()
    obs.inside(ALONE)
    obs.create("A", HEARING)
    obs.create("B", HEARING)
    obs.create("Voice", voice, kind="ffmpeg_source")
    first, second = feed_of(obs, "sound"), wait_for(lambda: fed(obs, "sound", 1), 5, "the other feed")
    assert first == second
    assert obs.inside("result = len(holder().sinks)") == 1
    obs.set("A", mouth_sound="off")
    wait_for(lambda: fed(obs, "sound") is None, 5, "no feed")
    Listener(second).settled(0.5 / np.sqrt(2))
    obs.ask("RemoveInput", inputName="B")
    wait_for(lambda: obs.inside("result = len(holder().sinks)") == 0, 5, "nobody listening")
    wait_for(lambda: not [name for name in shared_memory(obs) if "sound" in name], 5, "the ring gone")


@pytest.mark.parametrize("kind", ["sound", "camera"])
def test_a_source_is_followed_when_renamed_and_found_again_when_made_anew(studio, voice, camera, kind):
    name, made, setting = (
        ("Voice", "ffmpeg_source", "sound_source") if kind == "sound" else ("Camera", "image_source", "camera_source")
    )
    settings = voice if kind == "sound" else camera
    obs = studio().open(avatar(settings=HEARING if kind == "sound" else SEEING))
    wait_for(lambda: f"“{name}”" in obs.texts(), 10, "a sentence about the missing source")
    assert fed(obs, kind) is None
    obs.create(name, settings, kind=made)
    before = feed_of(obs, kind)
    wait_for(lambda: f"“{name}”" not in obs.texts(), 5, "the sentence going")
    obs.ask("SetInputName", inputName=name, newInputName="Another name 名")
    wait_for(
        lambda: obs.ask("GetInputSettings", inputName="Avatar")["inputSettings"][setting] == "Another name 名", 5, "the setting"
    )
    after = wait_for(lambda: (feed := fed(obs, kind)) and feed.label == "Another name 名" and feed, 5, "the feed's label")
    assert after.buffer == before.buffer
    obs.ask("RemoveInput", inputName="Another name 名")
    wait_for(lambda: fed(obs, kind) is None, 5, "no feed")
    assert "Another name 名" in obs.texts()
    obs.create("Another name 名", settings, kind=made)
    feed = feed_of(obs, kind)
    if kind == "sound":
        Listener(feed).settled(0.5 / np.sqrt(2))
    else:
        watcher = Watcher(feed)
        wait_for(lambda: watcher.picture() is not None, 5, "a picture")


def test_the_picture_of_a_source_arrives_small_upright_and_in_its_colours(studio, camera):
    obs = studio().open(avatar(settings=SEEING))
    obs.create("Camera", camera, kind="image_source")
    watcher = Watcher(feed_of(obs, "camera"))
    picture = wait_for(watcher.picture, 5, "a picture")
    assert picture.shape == (270, 480, 4)
    expected = material.quarters(480, 270)[..., ::-1].astype(int)
    inside = np.ones(picture.shape[:2], bool)
    inside[133:138] = inside[:, 238:242] = False
    assert np.abs(picture[..., :3].astype(int) - expected)[inside].max() <= 2
    assert (picture[..., 3] == 255).all()
    # As the user sees the source: with its filters.
    settings = {"top": 360, "right": 640}
    obs.ask("CreateSourceFilter", sourceName="Camera", filterName="Crop", filterKind="crop_filter", filterSettings=settings)
    lower_left = np.array(material.CORNERS[2][::-1])

    def cropped() -> bool:
        now = watcher.picture()
        return now is not None and now.shape == (270, 480, 4) and np.abs(now[5:-5, 5:-5, :3].astype(int) - lower_left).max() <= 2

    wait_for(cropped, 5, "the cropped picture")


@pytest.mark.needs("video")
def test_a_source_that_no_scene_shows_is_looked_at_and_new_pictures_keep_coming(studio, tmp_path):
    obs = studio().open(avatar(settings={**SEEING, "webcam_fps": 30}))
    obs.create("Camera", material.media(material.video(tmp_path / "video.mkv")), kind="ffmpeg_source")
    item = obs.ask("GetSceneItemId", sceneName="Scene", sourceName="Camera")["sceneItemId"]
    obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item, sceneItemEnabled=False)
    watcher = Watcher(feed_of(obs, "camera"))
    wait_for(watcher.picture, 10, "a picture")
    greys: set[int] = set()

    def many() -> bool:
        picture = watcher.picture()
        assert picture is not None and picture.shape == (240, 320, 4)
        greys.add(int(picture[120, 160, 0]))
        return len(greys) >= 12

    wait_for(many, 20, "a picture that moves", interval=0.01)


@pytest.mark.parametrize(
    ("source", "said"), [("Other avatar", "avatar itself"), ("Scene", "a scene"), ("Voice", "has no picture")]
)
def test_what_is_no_camera_is_refused_with_a_sentence(studio, source, said):
    obs = studio().open(avatar(settings={**SEEING, "camera_source": source}))
    obs.create("Other avatar")
    obs.create("Voice", kind="pulse_input_capture")
    wait_for(lambda: said in obs.texts(), 10, "the refusal")
    assert f"“{source}”" in obs.texts()
    assert fed(obs, "camera") is None


@pytest.mark.needs("espeak")
def test_what_is_said_in_a_source_moves_the_mouth_and_nothing_else(studio, tmp_path):
    obs = studio(fps=30).open(avatar(settings={**HEARING, "tracker": "idle", "idle_motion": 0}))
    obs.create("Voice", material.media(material.speech(tmp_path / "speech.wav")), kind="ffmpeg_source")
    wait_for(lambda: "listening to Voice" in obs.texts(), 20, "the mouth listening")

    def motion() -> np.ndarray:
        """(512, 512) how much each pixel changes within two seconds or so."""
        time.sleep(1.0)
        frames = [obs.picture("Avatar").astype(np.float32) for _ in range(40)]
        return np.stack(frames).std(0).sum(2)

    obs.ask("SetInputMute", inputName="Voice", inputMuted=True)
    wait_for(lambda: motion().max() < 1, 20, "a silent character without idle movement standing still")
    obs.ask("SetInputMute", inputName="Voice", inputMuted=False)
    rows, columns = np.nonzero(motion() > 20)
    assert len(rows) > 50, "the mouth does not move"
    # The mouth of the bundled character, with some room around it.
    assert (rows.min() > 140, rows.max() < 205, columns.min() > 205, columns.max() < 307) == (True,) * 4


@pytest.mark.needs("webcam")
@pytest.mark.needs("shared")
@pytest.mark.parametrize("host", ["process", "thread"])
def test_the_webcam_tracker_looks_at_the_pictures_of_a_source(studio, camera, host):
    """Coloured quarters are no face, and that is what it says; faces are for tests/trackers."""
    models = str(ROOT.parent / "shared" / "models")
    obs = studio(fps=30).open(avatar(settings={**SEEING, "host": host, "models_folder": models}))
    obs.create("Camera", camera, kind="image_source")
    wait_for(lambda: "no face" in obs.texts(), 40, "its word about the picture")
    wait_for(lambda: obs.inside("result = status()['tracker_rate']") > 3, 20, "pictures coming in")


def test_a_source_without_sound_is_refused_with_a_sentence(studio, camera):
    obs = studio().open(avatar(settings={**HEARING, "sound_source": "Camera"}))
    obs.create("Camera", camera, kind="image_source")
    wait_for(lambda: "makes no sound" in obs.texts(), 10, "the refusal")
    assert fed(obs, "sound") is None


def test_without_memory_for_pictures_and_sound_the_panel_says_so(studio, voice, camera):
    obs = studio().open()
    obs.inside(
        "from ezvtb_core.link.audio_ring import AudioRing\n"
        "import obs_bridge.camera_tap\n"
        "class Full:\n"
        "    @staticmethod\n"
        "    def create(capacity=0):\n"
        "        raise OSError(28, 'No space left on device')\n"
        "AudioRing.create = Full.create\n"
        "obs_bridge.camera_tap.FrameBuffer = Full\n"
    )
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.create("Camera", camera, kind="image_source")
    obs.create("Avatar", {**HEARING, **SEEING})
    wait_for(lambda: obs.texts().count("No space left") == 2, 10, "both sentences")


def test_hidden_avatars_look_less_often(studio, camera):
    obs = studio().open(avatar(settings=SEEING))
    obs.create("Camera", camera, kind="image_source")
    watcher = Watcher(feed_of(obs, "camera"))
    item = obs.ask("GetSceneItemId", sceneName="Scene", sourceName="Avatar")["sceneItemId"]

    def rate() -> float:
        began, first = time.monotonic(), watcher.buffer.newest()
        time.sleep(1.5)
        return (watcher.buffer.newest() - first) / (time.monotonic() - began)

    obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item, sceneItemEnabled=False)
    wait_for(lambda: rate() < 10, 10, "fewer pictures")
    obs.ask("SetSceneItemEnabled", sceneName="Scene", sceneItemId=item, sceneItemEnabled=True)
    wait_for(lambda: rate() > 12, 10, "more pictures")


# Runs inside OBS, on a thread of its own: what the panel and the scene do would make a cycle take seconds.
CYCLES = """
import threading, time
from obs_bridge.sound_tap import SoundTap
from obs_bridge.camera_tap import CameraTap
process = holder()
progress = sys.modules.setdefault("_cycles", type(sys)("_cycles"))
progress.done, progress.problem, progress.heard = 0, "", 0
def sound():
    for _ in range({count}):
        tap = SoundTap(process, "Voice")
        tap.look()
        if tap.feed is None:
            raise RuntimeError("no feed")
        if progress.done % 10 == 0:
            time.sleep(0.03)
        progress.heard += tap._ring.written() > 0
        tap.close()
        progress.done += 1
def camera():
    for _ in range({count}):
        there = threading.Event()
        tap = CameraTap(process.libobs, "Camera", 30, there.set)
        if not there.wait(20):
            raise RuntimeError("no feed")
        if progress.done % 10 == 0:
            time.sleep(0.1)
        progress.heard += tap._buffer.newest() > 0
        tap.end()
        tap.join(20)
        if tap.alive:
            raise RuntimeError("still alive")
        progress.done += 1
def work():
    try:
        {what}()
    except BaseException as error:
        progress.problem = repr(error)
threading.Thread(target=work, daemon=True).start()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("what", "alone"), [("sound", True), ("sound", False), ("camera", False)])
def test_a_thousand_starts_and_stops_in_a_living_obs(studio, voice, camera, what, alone):
    """Meanwhile the avatar is drawn, screenshots are taken, and the source is played, muted, moved and renamed."""
    obs = studio().open(avatar(settings={**HEARING, **SEEING}))
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.create("Camera", camera, kind="image_source")
    feed_of(obs, "sound")
    feed_of(obs, "camera")
    obs.inside((ALONE if alone else "") + CYCLES.format(what=what, count=1000))
    end, before, turn = time.monotonic() + 400, -1, 0
    while (done := obs.inside("result = sys.modules['_cycles'].done")) < 1000:
        assert time.monotonic() < end, f"only {done} cycles"
        assert not (problem := obs.inside("result = sys.modules['_cycles'].problem")), problem
        obs.picture("Avatar")
        obs.picture("Scene")
        obs.ask("SetInputMute", inputName="Voice", inputMuted=turn % 2 == 0)
        before, turn = done, turn + 1
    assert before >= 0
    assert obs.inside("result = sys.modules['_cycles'].heard") > 20, "nothing ever came"
    obs.moving()
    obs.ask("SetInputMute", inputName="Voice", inputMuted=False)
    Listener(feed_of(obs, "sound")).settled(0.5 / np.sqrt(2))


def test_taps_follow_settings_that_change_all_the_time(studio, voice, camera):
    obs = studio().open(avatar())
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.create("Camera", camera, kind="image_source")
    for turn in range(60):
        obs.set("Avatar", **(HEARING if turn % 2 else {"mouth_sound": "off"}))
        obs.set("Avatar", **(SEEING if turn % 3 else {"tracker": "idle"}))
    obs.set("Avatar", **HEARING, **SEEING)
    Listener(feed_of(obs, "sound")).settled(0.5 / np.sqrt(2))
    wait_for(Watcher(feed_of(obs, "camera")).picture, 5, "a picture")
    wait_for(lambda: obs.inside("result = len(holder().implementation._taps._ending)") == 0, 10, "old taps ended")
    assert len([name for name in shared_memory(obs) if "sound" in name]) == 1


@pytest.mark.parametrize("alone", [True, False], ids=["callback", "polled"])
def test_the_script_can_be_reloaded_while_it_listens_and_looks(studio, voice, camera, alone):
    obs = studio().open(avatar(settings={**HEARING, **SEEING}))
    obs.inside(ALONE if alone else "")
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.create("Camera", camera, kind="image_source")
    for _ in range(15):
        feed_of(obs, "sound")
        feed_of(obs, "camera")
        obs.inside("reload_script()")
    Listener(feed_of(obs, "sound")).settled(0.5 / np.sqrt(2))
    wait_for(Watcher(feed_of(obs, "camera")).picture, 5, "a picture")
    check_end(obs)


def test_the_collection_can_be_switched_while_it_listens_and_looks(studio, voice, camera):
    second = Collection("Second", [SCRIPT, PROBE], [avatar("Other", {**HEARING, **SEEING})])
    obs = studio().open(avatar(settings={**HEARING, **SEEING}), others=(second,))
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.create("Camera", camera, kind="image_source")
    for turn in range(12):
        if turn % 2 == 0:
            obs.inside(ALONE if turn % 4 == 0 else "")
            feed_of(obs, "sound")
            feed_of(obs, "camera")
        obs.hang_up()
        obs.ask("SetCurrentSceneCollection", sceneCollectionName="Second" if turn % 2 == 0 else "Test")
    Listener(feed_of(obs, "sound")).settled(0.5 / np.sqrt(2))
    check_end(obs)
    assert "Not all sources were cleared" not in obs.log
    assert shared_memory(obs) == []


@pytest.mark.parametrize("alone", [True, False], ids=["callback", "polled"])
def test_obs_can_be_closed_while_it_listens_and_looks(studio, voice, camera, alone):
    obs = studio().open(avatar(settings={**HEARING, **SEEING}), avatar("Two", {**HEARING, **SEEING, "host": "thread"}))
    obs.create("Voice", voice, kind="ffmpeg_source")
    obs.create("Camera", camera, kind="image_source")
    feed_of(obs, "sound")
    feed_of(obs, "camera")
    if alone:
        obs.inside(ALONE)
        wait_for(lambda: obs.inside("result = len(holder().sinks)") == 1, 5, "a callback")
    check_end(obs)
    assert shared_memory(obs) == []
