"""The peer of `bench --suite core --peer`: upstream's own core in this process, told by lines of JSON what to draw.

    python bench/core_peer.py FOLDER '{"data": …, "core": {…}, "provider": ["CPUExecutionProvider", "cpu"], "threads": 2}'

FOLDER is a checkout of ezvtuber-rt, whose files stay as they are. It only knows DirectML; here, in this process, ONNX Runtime
takes that for the provider that is named. Modules that its unused parts import, and that are not installed, are empty.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import time
from types import ModuleType
from typing import IO, Any

import numpy as np
import onnxruntime

NOT_NEEDED = ("pyanime4k", "cv2", "brotli")
"""What enlarging and its frame cache use; both are off."""
DIRECTML = ("DmlExecutionProvider", "dml")


def redirect(provider: str, memory: str, threads: int) -> None:
    """Have ONNX Runtime use `provider` and `threads` wherever DirectML is asked for."""
    plain_session, plain_value, plain_list = (
        onnxruntime.InferenceSession,
        onnxruntime.OrtValue.ortvalue_from_shape_and_type,
        onnxruntime.get_available_providers,
    )

    class Session(plain_session):
        def __init__(self, path: str, sess_options: Any = None, providers: Any = None, provider_options: Any = None) -> None:
            options = sess_options or onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            if provider == DIRECTML[0]:
                super().__init__(path, options, providers=providers, provider_options=provider_options)
            else:
                super().__init__(path, options, providers=[provider])

    def allocate(shape: Any, element_type: Any, device: str = "cpu", *rest: Any) -> Any:
        return plain_value(shape, element_type, memory if device == DIRECTML[1] else device, *rest)

    onnxruntime.InferenceSession = Session
    onnxruntime.OrtValue.ortvalue_from_shape_and_type = staticmethod(allocate)
    onnxruntime.get_available_providers = lambda: [*plain_list(), DIRECTML[0]]


def load(folder: str, wanted: dict[str, Any]) -> Any:
    """Upstream's core on the files in `wanted["data"]`."""
    for name in NOT_NEEDED:
        if importlib.util.find_spec(name) is None:
            sys.modules[name] = ModuleType(name)
    redirect(*wanted["provider"], wanted["threads"])
    sys.path.insert(0, folder)
    package = importlib.import_module("ezvtb_rt")
    package.init_model_path(wanted["data"])
    return importlib.import_module("ezvtb_rt.core_ort").CoreORT(**wanted["core"])


def serve(core: Any, asked: IO[str], told: IO[str]) -> None:
    """Answer each line with one, until there are no more."""
    poses = np.zeros((0, 45), np.float32)
    for line in asked:
        message = json.loads(line)
        answer: dict[str, Any] = {}
        if message["do"] == "picture":
            core.setImage(np.load(message["path"]))
        elif message["do"] == "poses":
            poses = np.load(message["path"])
        elif message["do"] == "draw":
            answer["seconds"] = []
            for index in message["indices"]:
                began = time.perf_counter()
                core.inference([poses[index : index + 1]])
                answer["seconds"].append(time.perf_counter() - began)
        elif message["do"] == "frames":
            # Copied: its frames are one memory that the next call overwrites.
            frames = [np.array(core.inference([poses[index : index + 1]])[0]) for index in message["indices"]]
            np.save(message["path"], np.stack(frames))
        tell(told, answer)


def tell(told: IO[str], answer: dict[str, Any]) -> None:
    told.write(json.dumps(answer) + "\n")
    told.flush()


def main() -> None:
    # Upstream prints; what it says must not come between the answers.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    folder, wanted = sys.argv[1:]
    core = load(folder, json.loads(wanted))
    versions = {"python": platform.python_version(), "numpy": np.__version__, "onnxruntime": onnxruntime.__version__}
    tell(told, {"versions": versions})
    serve(core, sys.stdin, told)


if __name__ == "__main__":
    main()
