"""What avatars hear and see of other sources of OBS: one thread that attaches, follows and detaches, once a second.

Callbacks say only what an avatar wants; everything that may wait for a lock of OBS happens on the thread.
"""

from __future__ import annotations

import functools
import queue
import time
from typing import Callable, Dict, List, Optional, Tuple, Union

from ezvtb_core.link import threads
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.hosts import EngineHost
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from obs_bridge.camera_tap import CameraTap
from obs_bridge.chores import attempt
from obs_bridge.registration import Holder
from obs_bridge.sound_tap import SoundTap

LOOK_INTERVAL = 1.0
HIDDEN_FPS = 5
"""Pictures per second for an avatar that no scene shows."""
SETTINGS = {"sound": "sound_source", "camera": "camera_source"}
"""Kind of feed → the setting that names the source."""


class _Avatar:
    """What one avatar gets."""

    def __init__(self, host: EngineHost) -> None:
        self.host = host
        self.sound: Optional[SoundTap] = None
        self.camera: Optional[CameraTap] = None
        self.names: Dict[str, str] = {}
        """Kind → name as it is in the settings."""
        self.fed: Dict[str, Optional[Feed]] = {}
        """Kind → what the host was told last."""
        self.notices: Dict[str, Notice] = {}


class Taps:
    """All taps of one generation of the script.

    `renamed(avatar, setting, name)`: the source that a setting names is called otherwise now. `changed(avatar)`: `notices` says
    something else. Both are called from the thread.
    """

    def __init__(self, process: Holder, renamed: Callable[[str, str, str], None], changed: Callable[[str], None]) -> None:
        self._process = process
        self._renamed = renamed
        self._changed = changed
        self._inbox: queue.SimpleQueue[Optional[Callable[[], None]]] = queue.SimpleQueue()
        self._avatars: Dict[str, _Avatar] = {}
        self._sounds: List[SoundTap] = []
        self._ending: List[CameraTap] = []
        self._thread = threads.start(self._run, "taps")

    # --- callable from any callback -----------------------------------------------------------------------------------

    def serve(self, avatar: str, host: EngineHost, settings: Settings, visible: bool) -> None:
        """Give an avatar's engine what its settings ask for, and nothing else any more."""
        sound = settings.sound_source if settings.mouth_sound == "obs" else ""
        watching = settings.tracker == "webcam" and settings.webcam_source == "obs"
        names = {"sound": sound, "camera": settings.camera_source if watching else ""}
        fps = settings.webcam_fps if visible else min(settings.webcam_fps, HIDDEN_FPS)
        self._inbox.put(functools.partial(self._serve, avatar, host, names, fps))

    def forget(self, avatar: str) -> None:
        """An avatar and its engine are gone."""
        self._inbox.put(functools.partial(self._forget, avatar))

    def notices(self, avatar: str) -> Dict[str, Notice]:
        """Kind → why an avatar gets nothing of it, where that is so."""
        known = self._avatars.get(avatar)
        return {} if known is None else known.notices

    def stop(self, timeout: float) -> None:
        """Let go of every source, at most `timeout` seconds."""
        self._inbox.put(None)
        self._thread.join(timeout)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        due = 0.0
        while True:
            now = time.monotonic()
            busy = bool(self._sounds or self._ending)
            try:
                chore = self._inbox.get(timeout=max(0.0, due - now) if busy else None)
            except queue.Empty:
                chore, due = self._look, now + LOOK_INTERVAL
            if chore is None:
                break
            attempt(chore, "taps")
        for avatar in list(self._avatars):
            attempt(functools.partial(self._forget, avatar), "taps")
        for camera in self._ending:
            camera.join(1.0)

    def _serve(self, name: str, host: EngineHost, names: Dict[str, str], fps: int) -> None:
        avatar = self._avatars.get(name)
        if avatar is None:
            avatar = self._avatars[name] = _Avatar(host)
        elif avatar.host is not host:
            avatar.host, avatar.fed = host, {}
        avatar.names = names
        if avatar.sound is None or avatar.sound.name != names["sound"]:
            avatar.sound = self._listen(names["sound"])
        if avatar.camera is not None and avatar.camera.name == names["camera"]:
            avatar.camera.pace(fps)
        else:
            self._end(avatar.camera)
            avatar.camera = None
            if names["camera"]:
                tell = functools.partial(self._inbox.put, functools.partial(self._tell, name))
                avatar.camera = CameraTap(self._process.libobs, names["camera"], fps, tell)
        self._tell(name)
        self._close_unused()

    def _forget(self, name: str) -> None:
        avatar = self._avatars.pop(name, None)
        if avatar is not None:
            self._end(avatar.camera)
            self._close_unused()

    def _listen(self, source: str) -> Optional[SoundTap]:
        """The tap for a source, shared by all avatars that listen to it."""
        if not source:
            return None
        for known in self._sounds:
            if known.name == source:
                return known
        tap = SoundTap(self._process, source)
        self._sounds.append(tap)
        tap.look()
        return tap

    def _look(self) -> None:
        for tap in self._sounds:
            tap.look()
        for name in list(self._avatars):
            self._tell(name)
        self._ending = [camera for camera in self._ending if camera.alive]

    def _tell(self, name: str) -> None:
        """Pass on what is new: to the engine, to the settings, to the panel."""
        avatar = self._avatars.get(name)
        if avatar is None:
            return
        notices: Dict[str, Notice] = {}
        taps: List[Tuple[str, Union[SoundTap, CameraTap, None]]] = [("sound", avatar.sound), ("camera", avatar.camera)]
        for kind, tap in taps:
            feed = None if tap is None else tap.feed
            if avatar.fed.get(kind) != feed:
                avatar.fed[kind] = feed
                avatar.host.feed(name, kind, feed)
            if tap is not None:
                if tap.notice is not None:
                    notices[kind] = tap.notice
                if tap.name != avatar.names[kind]:
                    avatar.names[kind] = tap.name
                    self._renamed(name, SETTINGS[kind], tap.name)
        if notices != avatar.notices:
            avatar.notices = notices
            self._changed(name)

    def _end(self, camera: Optional[CameraTap]) -> None:
        if camera is not None:
            camera.end()
            self._ending.append(camera)

    def _close_unused(self) -> None:
        used = [avatar.sound for avatar in self._avatars.values()]
        for tap in [tap for tap in self._sounds if tap not in used]:
            self._sounds.remove(tap)
            tap.close()
