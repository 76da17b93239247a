"""A real OBS Studio under Xvfb, driven over obs-websocket: configuration folder, start, screenshots, clean stop, log."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import obsws_python
from PIL import Image

from tests.xvfb import virtual_screen

ROOT = Path(__file__).resolve().parents[2]
KIND = "ezvtuber_avatar"
CANVAS = (1280, 720)


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def display() -> Iterator[str]:
    """Xvfb with a window manager; gives the DISPLAY."""
    with virtual_screen("1600x1000x24") as name:
        manager = subprocess.Popen(
            ["openbox"], env={**os.environ, "DISPLAY": name}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield name
        finally:
            manager.terminate()
            manager.wait()


class WebsocketCrashError(Exception):
    """obs-websocket 5.1 crashed while OBS 29 unloaded it: asio's accept loop starts once more on an acceptor that is gone.

    Seen once in some 300 closes, with our scripts unloaded long before, and always as the very last line of the log. There is
    nothing a test could learn from that run, so it is run again.
    """


@dataclass
class Collection:
    """A scene collection file: its scripts and the sources of its one scene."""

    name: str
    scripts: list[Path] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        items = [
            {"name": source["name"], "id": number, "visible": True, "pos": {"x": 0.0, "y": 0.0}, "scale": {"x": 1.0, "y": 1.0}}
            for number, source in enumerate(self.sources, 1)
        ]
        scene = {
            "id": "scene",
            "name": "Scene",
            "settings": {"items": items, "id_counter": len(items), "custom_size": False},
        }
        content = {
            "name": self.name,
            "current_scene": "Scene",
            "current_program_scene": "Scene",
            "scene_order": [{"name": "Scene"}],
            "sources": [*self.sources, scene],
            "modules": {"scripts-tool": [{"path": str(script), "settings": {}} for script in self.scripts]},
        }
        (folder / f"{self.name}.json").write_text(json.dumps(content), encoding="utf-8")


def avatar(name: str = "Avatar", settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An entry for `Collection.sources`."""
    return {"id": KIND, "versioned_id": KIND, "name": name, "settings": dict(settings or {}), "enabled": True}


class Obs:
    """One run of OBS in a configuration folder of its own."""

    def __init__(self, folder: Path, screen: str, fps: int = 60, locale: str = "en-US", hide_preview: bool = True) -> None:
        self.folder = folder
        self.home = folder / "config"
        self.screen = screen
        self.port = free_port()
        self.scenes = self.home / "obs-studio" / "basic" / "scenes"
        profile = self.home / "obs-studio" / "basic" / "profiles" / "Test"
        self.scenes.mkdir(parents=True)
        profile.mkdir(parents=True)
        (profile / "basic.ini").write_text(
            f"[General]\nName=Test\n[Video]\nBaseCX={CANVAS[0]}\nBaseCY={CANVAS[1]}\nOutputCX={CANVAS[0]}\n"
            f"OutputCY={CANVAS[1]}\nFPSType=1\nFPSInt={fps}\n"
        )
        self._settings = (
            f"[General]\nFirstRun=true\nLastVersion=503316480\nInfoIncrement=99\nEnableAutoUpdates=false\nLanguage={locale}\n"
            "[BasicWindow]\nShowTransitions=false\n"
            f"PreviewEnabled={'false' if hide_preview else 'true'}\n"
            "[OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\n"
            f"ServerPort={self.port}\nAlertsEnabled=false\nAuthRequired=false\n"
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.client: Any = None
        self.log = ""

    def start(self, *collections: Collection, environment: Mapping[str, str] | None = None, connect: bool = True) -> Obs:
        """Write the collections, start OBS with the first one, and connect to it."""
        for collection in collections:
            collection.write(self.scenes)
        first = collections[0].name
        (self.home / "obs-studio" / "global.ini").write_text(
            self._settings + f"[Basic]\nProfile=Test\nProfileDir=Test\nSceneCollection={first}\nSceneCollectionFile={first}\n"
        )
        self._output = (self.folder / "obs.log").open("wb")
        self.process = subprocess.Popen(
            ["obs", "--multi", "--disable-shutdown-check", "--profile", "Test", "--collection", first],
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
                "DISPLAY": self.screen,
                "XDG_CONFIG_HOME": str(self.home),
                "QT_QPA_PLATFORM": "xcb",
                "LIBGL_ALWAYS_SOFTWARE": "1",
                **(environment or {}),
            },
            # OBS imports a script by name with the working folder first: it must not find another copy there.
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        if connect:
            self.connect()
        return self

    def connect(self, timeout: float = 60.0) -> None:
        """Wait until obs-websocket answers."""

        def attempt() -> Any:
            assert self.process is not None
            assert self.process.poll() is None, f"OBS ended while starting:\n{self.read_log()[-3000:]}"
            # Not by trying to connect: a connection without a handshake lingers in obs-websocket, whose accept loop crashes
            # now and then while it is unloaded (asio's start_op on a closed acceptor; seen twice in some 700 closes of OBS 29).
            if f"started successfully on port {self.port}" not in self.read_log():
                return None
            return obsws_python.ReqClient(host="127.0.0.1", port=self.port, password="", timeout=30)

        self.client = wait_for(attempt, timeout, "obs-websocket")
        wait_for(self._answers, timeout, "OBS ready for requests")

    def _answers(self) -> bool:
        """From OBS 30 on requests are refused with code 207 until everything is loaded."""
        answer = self.client.base_client.req("GetSceneList", None)
        return bool(answer["requestStatus"]["result"])

    def ask(self, request: str, **data: Any) -> dict[str, Any]:
        """Send a request, return its data. Raises when OBS refuses it."""
        answer = self.client.send(request, data or None, raw=True)
        return answer if isinstance(answer, dict) else {}

    def create(self, name: str, settings: Mapping[str, Any] | None = None, kind: str = KIND, scene: str = "Scene") -> int:
        """Add a source to a scene; returns the scene item's id."""
        data = {"sceneName": scene, "inputName": name, "inputKind": kind, "inputSettings": dict(settings or {})}
        return int(self.ask("CreateInput", **data, sceneItemEnabled=True)["sceneItemId"])

    def set(self, name: str, **settings: Any) -> None:
        """Change settings of a source."""
        self.ask("SetInputSettings", inputName=name, inputSettings=settings, overlay=True)

    def picture(self, name: str) -> np.ndarray:
        """Screenshot of a source or scene: (H, W, 4) uint8 RGBA as OBS gives it (premultiplied for sources)."""
        data = self.ask("GetSourceScreenshot", sourceName=name, imageFormat="png")["imageData"]
        image = Image.open(io.BytesIO(base64.b64decode(data.split(",", 1)[1])))
        return np.asarray(image.convert("RGBA"))

    def stop(self, timeout: float = 40.0) -> int:
        """Close OBS's window as a user does; returns the exit code. Fails the test when it hangs.

        Not by SIGINT: OBS 29 closes its window inside the signal handler, which deadlocks now and then in xcb.
        """
        assert self.process is not None
        self.disconnect()
        wait_for(self._close_window, 20, "OBS's main window")
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"OBS did not end within {timeout} s\n{self.read_log()[-3000:]}") from None
        finally:
            self._output.close()
        self.log = self.read_log()
        if code == -signal.SIGSEGV and self.log.rstrip().endswith("[obs-websocket] [obs_module_unload] Shutting down..."):
            assert "Unloaded python script: obs_ezvtuber.py" in self.log or "Loaded python script" not in self.log
            raise WebsocketCrashError(str(self.folder))
        return code

    def kill(self) -> None:
        """End OBS without any chance to clean up."""
        assert self.process is not None
        self.disconnect()
        self.process.kill()
        self.process.wait()
        self._output.close()

    def _close_window(self) -> bool:
        assert self.process is not None
        screen = {**os.environ, "DISPLAY": self.screen}
        listing = subprocess.run(["wmctrl", "-l", "-p"], env=screen, capture_output=True, text=True, check=False).stdout
        for line in listing.splitlines():
            window, _, pid, _, title = (line.split(None, 4) + [""] * 5)[:5]
            if int(pid) == self.process.pid and title.startswith("OBS "):
                return subprocess.run(["wmctrl", "-i", "-c", window], env=screen, check=False).returncode == 0
        return False

    def disconnect(self) -> None:
        """Close the websocket first, and let OBS finish with it: obs-websocket 5.1 can crash at exit with a client connected."""
        if self.client is not None:
            self.client.disconnect()
            self.client = None
            time.sleep(0.2)

    def read_log(self) -> str:
        return (self.folder / "obs.log").read_text(errors="replace")

    def leaks(self) -> int:
        """The number of memory leaks OBS counted at exit."""
        found = re.findall(r"Number of memory leaks: (\d+)", self.log)
        assert found, f"OBS did not end in order:\n{self.log[-3000:]}"
        return int(found[-1])

    def workers(self) -> list[int]:
        """Process ids of the workers that this OBS started."""
        assert self.process is not None
        return _workers("--ppid", str(self.process.pid))

    def workers_left(self) -> list[int]:
        """Process ids of our workers that nobody owns any more."""
        return _workers("--ppid", "1")


def _workers(*selection: str) -> list[int]:
    listing = subprocess.run(["ps", "-ww", "-o", "pid=,args=", *selection], capture_output=True, text=True, check=False).stdout
    return [int(line.split()[0]) for line in listing.splitlines() if "obs_ezvtuber.py worker" in line]


def wait_for(attempt: Callable[[], Any], timeout: float, what: str, interval: float = 0.05) -> Any:
    """Call until the result is true; returns it. Fails when it does not become so."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        result = attempt()
        if result is not None and result is not False:
            return result
        time.sleep(interval)
    raise AssertionError(f"{what} did not happen within {timeout} s")
