"""`demo --tracker openseeface:PORT` end to end: a real stream over UDP at its own pace, measured in the pictures it drew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import EYES, INDEX, IRIS_ROTATION, MOUTH, SIZE
from tests.peers import Replayer, capture, free_port

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 9.0


def pictures(film: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times (N,) in seconds and frames (N,H,W,3) RGB of a WebM, on black."""
    import av

    times, frames = [], []
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            times.append(float(frame.pts * frame.time_base))
            frames.append(frame.to_ndarray(format="rgb24"))
    return np.array(times), np.stack(frames)


def features(frame: np.ndarray) -> np.ndarray:
    """The region of the head in an RGB frame, in blocks of 5×5 pixels, as one vector."""
    head = frame[40:240, 156:356, :3].astype(np.float32) / 255
    return head.reshape(40, 5, 40, 5, 3).mean((1, 3)).ravel()


class YawMeter:
    """Reads `head_y` off a picture: a ridge regression that saw pictures of random poses, everything else being random too."""

    def __init__(self, count: int = 400, penalty: float = 1.0) -> None:
        from ezvtb_core.assemble import build_model

        model = build_model(Settings())
        random = np.random.default_rng(1)
        poses = np.zeros((count, SIZE), np.float32)
        poses[:, EYES] = random.random((count, 14)) * (random.random((count, 14)) > 0.7)
        poses[:, MOUTH] = random.random((count, 11)) * 0.4
        poses[:, IRIS_ROTATION] = random.uniform(-0.5, 0.5, (count, 2))
        poses[:, 39:44] = random.uniform(-1, 1, (count, 5))
        seen = []
        for pose in poses:
            frame = model.render(pose).astype(np.float32)
            seen.append(features(frame[..., [2, 1, 0]] * frame[..., 3:] / 255))
        model.close()
        pictures = np.array(seen)
        wanted = poses[:, INDEX["head_y"]]
        self._mean, self._offset = pictures.mean(0), float(wanted.mean())
        centred = pictures - self._mean
        gram = centred @ centred.T + penalty * np.eye(count)
        self._weights = centred.T @ np.linalg.solve(gram, wanted - self._offset)

    def read(self, frame: np.ndarray) -> float:
        return float((features(frame) - self._mean) @ self._weights + self._offset)


def best_correlation(times: np.ndarray, values: np.ndarray, wanted_times: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Highest correlation over start offsets, and that offset in seconds: film and sender do not start together."""
    found = []
    for offset in np.arange(-3.0, 3.0, 0.02):
        shifted = np.interp(times, wanted_times + offset, wanted, left=np.nan, right=np.nan)
        valid = ~np.isnan(shifted)
        if valid.sum() > 60:
            found.append((float(np.corrcoef(values[valid], shifted[valid])[0, 1]), float(offset)))
    return max(found)


@pytest.mark.slow
@pytest.mark.needs("video", "shared")
def test_the_head_in_the_picture_follows_the_recorded_head(tmp_path):
    everything = capture("osf_capture.bin")
    records = [record for record in everything if record[0] < everything[0][0] + SECONDS]
    wanted_times = np.array([moment for moment, _ in records]) - records[0][0]
    # Offset 49: Euler degrees x, y, z; y + is to the subject's left, which is image right.
    yaw = np.array([np.frombuffer(payload, "<f4", 3, 49)[1] for _, payload in records])
    port = free_port()
    film = tmp_path / "follow.webm"
    command = [sys.executable, str(ROOT / "obs_ezvtuber.py"), "demo", "--tracker", f"openseeface:{port}"]
    command += ["--seconds", str(SECONDS + 1), "--out", str(film), "--record", str(tmp_path / "pose.npz"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
        replayer = Replayer(records, port)
        replayer.start()
        output, _ = demo.communicate(timeout=60)
        replayer.stop()
    assert demo.returncode == 0
    summary = json.loads(output.splitlines()[-1])
    assert summary["frames"] > 5 * SECONDS
    times, frames = pictures(film)
    # Before that the tracker calibrates: the head's position at the start becomes straight ahead.
    settled = times > 2.0
    meter = YawMeter()
    turned = np.array([meter.read(frame) for frame in frames[settled]])
    correlation, _ = best_correlation(times[settled], -turned, wanted_times, yaw)
    print(f"yaw of the picture against the recording: {correlation:.3f}; head_y {turned.min():.2f}..{turned.max():.2f}")
    assert correlation >= 0.9
    with np.load(tmp_path / "pose.npz") as kept:
        assert kept["pose"].shape == (len(kept["time"]), 45)
        assert best_correlation(kept["time"] - kept["time"][0], kept["pose"][:, INDEX["head_y"]], wanted_times, -yaw)[0] >= 0.95
