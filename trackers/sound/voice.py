"""The mouth of one avatar from sound: keeps the source that the settings name open, and says how it fares."""

from __future__ import annotations

import logging
import threading
import time

from ezvtb_core.link import threads
from ezvtb_core.link.feeds import Feed
from ezvtb_core.link.messages import Notice
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import FloatArray, TrackerStatus
from trackers.context import Context
from trackers.sound.feed_sound import FeedSound
from trackers.sound.microphone import Microphone
from trackers.sound.mouth import SoundMouth
from trackers.sound.source import SoundError, Source
from trackers.sound.vowels import load

logger = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
QUIET_SECONDS = 0.25
"""Without sound for so long the mouth shuts: OBS sends a block every 21 ms, microphones at least every 100 ms."""
_PAUSE_SECONDS = 0.01
"""At most a hundred times a second something is done, however small the blocks of a device are."""
_WAIT_SECONDS = 0.1
_JOIN_SECONDS = 0.8

_Wish = tuple[str, str, Feed | None]
"""What is to be listened to: "off", "microphone" or "obs"; name; ring of OBS."""
_NOTHING: _Wish = ("off", "", None)


class Voice:
    """Methods are called from any thread, none waits but `stop`. Nothing is opened and no thread runs while it is off."""

    def __init__(self, settings: Settings, context: Context) -> None:
        self._context = context
        self._settings = settings
        self._latest: tuple[float, FloatArray] | None = None
        self._status: TrackerStatus | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Event()
        self._stopping = False
        self.update(settings)

    def update(self, settings: Settings) -> None:
        """Take over settings; all apply live."""
        self._settings = settings
        if self._stopping:
            return
        if self._wish() == _NOTHING:
            self._latest = self._status = None
        elif self._thread is None:
            self._status = TrackerStatus("starting", Notice("sound_starting"))
            self._thread = threads.start(self._run, "voice")
        self._changed.set()

    def latest(self) -> tuple[float, FloatArray] | None:
        """`time.monotonic()` of the end of the sound and the mouth at that moment, float32 (11,), order of `pose[MOUTH]`.

        None while nothing is listened to, and when the source has given no sound for a while.
        """
        return self._latest

    def status(self) -> TrackerStatus | None:
        """For the panel; None while it is off."""
        return self._status

    def stop(self) -> None:
        """Release everything within 1 s; a driver that hangs is left to its daemon thread. May be called more than once."""
        self._stopping = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)
            if self._thread.is_alive():
                logger.warning("the microphone's driver does not answer; its thread will end later")
        self._latest = self._status = None

    def _wish(self) -> _Wish:
        settings = self._settings
        kind = settings.mouth_sound
        if kind == "auto":
            kind = "microphone" if settings.tracker == "mouse" else "off"
        if kind == "microphone":
            return kind, settings.microphone, None
        if kind == "obs":
            return kind, settings.sound_source, self._context.feeds.get("sound")
        return _NOTHING

    def _run(self) -> None:
        while not self._stopping:
            self._changed.clear()
            wish = self._wish()
            try:
                if wish == _NOTHING:
                    self._latest = self._status = None
                    self._changed.wait()
                elif wish[0] == "obs" and (not wish[1] or wish[2] is None):
                    self._wait_for_obs(wish[1])
                else:
                    self._listen(wish)
            except SoundError as error:
                self._trouble(error.notice, wish)
            except Exception as error:  # the thread's border: it must outlive any driver
                logger.exception("the mouth that follows sound")
                self._trouble(Notice("sound_failed", detail=str(error)), wish)

    def _listen(self, wish: _Wish) -> None:
        """Until something else is wished. Raises SoundError when the source cannot be opened or has gone."""
        self._say("starting", Notice("sound_starting"))
        mouth = SoundMouth(load())
        source: Source = FeedSound(wish[2]) if wish[2] is not None else Microphone(wish[1])
        try:
            last = time.monotonic()
            while not self._stopping and self._wish() == wish:
                mouth.gain, mouth.vowels = self._settings.sound_gain / 100, self._settings.vowels
                heard = source.hear(_WAIT_SECONDS if self._latest is None else QUIET_SECONDS / 5)
                if heard is not None:
                    last = heard.end
                    shape = mouth.hear(heard.samples, heard.rate)
                    if shape is not None:
                        self._latest = (heard.end, shape)
                    self._say("live", source.live)
                elif time.monotonic() - last > QUIET_SECONDS:
                    self._shut(mouth)
                    if time.monotonic() - last > 1.0:
                        self._say("lost", source.quiet())
                time.sleep(_PAUSE_SECONDS)
        finally:
            source.close()

    def _shut(self, mouth: SoundMouth) -> None:
        """Let the mouth fall shut as it does in silence; then there is nothing new to say."""
        if self._latest is None:
            return
        now = time.monotonic()
        shape = mouth.rest(now - self._latest[0])
        self._latest = (now, shape) if mouth.opening > 0.0 else None

    def _wait_for_obs(self, name: str) -> None:
        self._latest = None
        self._say("waiting", Notice("sound_obs_waiting", name=name) if name else Notice("sound_obs_choose"))
        self._changed.wait(_WAIT_SECONDS)

    def _trouble(self, notice: Notice, wish: _Wish) -> None:
        """Say it, and wait until the next try or until something else is wished."""
        self._latest = None
        self._say("error", notice)
        end = time.monotonic() + RETRY_SECONDS
        while not self._stopping and self._wish() == wish and time.monotonic() < end:
            self._changed.wait(_WAIT_SECONDS)
            self._changed.clear()

    def _say(self, state: str, notice: Notice) -> None:
        if self._status is None or self._status.state != state or self._status.notice != notice:
            self._status = TrackerStatus(state, notice)
