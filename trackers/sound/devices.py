"""Microphones of this computer, through PortAudio (sounddevice)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trackers.sound.source import SoundError

logger = logging.getLogger(__name__)

_PREFERRED = ("Windows WASAPI", "Core Audio")
"""Where there are several ways to the same microphone: these give the whole name and the least delay."""
_lock = threading.Lock()
_streams: set[int] = set()
"""Microphones of this process that are open. PortAudio can only look for new devices while there is none."""


def load() -> Any:
    """The module sounddevice. Raises SoundError where it or PortAudio is missing."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: PortAudio itself is not installed
        raise SoundError("sound_library", detail=str(error)) from error
    return sounddevice


def microphones() -> list[str]:
    """Names of all microphones, the system's order; empty where there is none or the library is missing. May take a second."""
    try:
        with portaudio() as audio:
            return list(_found(audio))
    except SoundError as error:
        logger.info("no microphones: %s", error)
        return []


@contextmanager
def portaudio() -> Iterator[Any]:
    """sounddevice with an up-to-date list of devices, for one thread at a time. Raises SoundError."""
    audio = load()
    with _lock:
        try:
            if not _streams:
                # The list is made once, when PortAudio is initialised: what was plugged in later is not in it.
                audio._terminate()
                audio._initialize()
            yield audio
        except audio.PortAudioError as error:
            raise SoundError("sound_system", detail=str(error)) from error


def choose(audio: Any, name: str) -> tuple[int, dict[str, Any]]:
    """Index and description of the microphone called `name`, "" for the system's default. Raises SoundError."""
    found = _found(audio)
    if not found:
        raise SoundError("sound_mic_none")
    if name:
        if name not in found:
            raise SoundError("sound_mic_missing", name=name, found=", ".join(found))
        index = found[name]
    else:
        default = int(_interface(audio)["default_input_device"])
        index = default if default in found.values() else next(iter(found.values()))
    return index, dict(audio.query_devices(index))


def opened(stream: Any) -> None:
    """Count an open microphone; the caller is inside `portaudio`."""
    _streams.add(id(stream))


def close(stream: Any) -> None:
    """Close a microphone; never raises."""
    with _lock:
        try:
            stream.close()
        except Exception as error:  # noqa: BLE001 - a device that was pulled out fails in its driver's own way
            logger.info("closing a microphone: %s", error)
        _streams.discard(id(stream))


def _interface(audio: Any) -> dict[str, Any]:
    """PortAudio's entry for the way to the devices that is used."""
    interfaces = list(audio.query_hostapis())
    for wanted in _PREFERRED:
        for interface in interfaces:
            if interface["name"] == wanted:
                return dict(interface)
    if not interfaces:
        raise SoundError("sound_mic_none")
    return dict(interfaces[max(int(audio.default.hostapi), 0)])


def _found(audio: Any) -> dict[str, int]:
    """Name → index; the first of those with equal names."""
    found: dict[str, int] = {}
    for index in _interface(audio)["devices"]:
        device = audio.query_devices(index)
        if device["max_input_channels"] > 0:
            found.setdefault(str(device["name"]), int(index))
    return found
