"""MediaPipe's FaceLandmarker: a picture → a `FaceFrame`. The packages are imported when one is made, not before."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ezvtb_core.link import downloads
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.pose import FloatArray
from trackers.camera import opencv
from trackers.camera.pictures import Picture
from trackers.face import FaceFrame
from trackers.webcam_map import face_frame

MODEL = "face_landmarker"
"""Its name in `downloads`."""


class FaceLandmarkerError(NoticeError):
    """Faces cannot be looked for: packages or the model are missing or damaged. The sentence says what to do."""


def installed() -> bool:
    """Whether the packages are there, without importing them."""
    importlib.invalidate_caches()  # they may just have been installed
    return all(importlib.util.find_spec(name) is not None for name in ("mediapipe", "cv2"))


class FaceLandmarker:
    """One face in a sequence of pictures; for one thread. Native code runs without the GIL."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Import MediaPipe, which takes seconds the first time, and load the model from the first folder that has it.

        Raises FaceLandmarkerError.
        """
        if not installed():
            raise FaceLandmarkerError("webcam_not_installed")
        path = downloads.find(MODEL, folders)
        if path is None:
            raise FaceLandmarkerError("webcam_no_model", folder=str(downloads.DOWNLOADS[MODEL].target().parent))
        try:
            opencv.load()  # before MediaPipe does it
            self._image = importlib.import_module("mediapipe")
            vision = importlib.import_module("mediapipe.tasks.python.vision")
            base = importlib.import_module("mediapipe.tasks.python").BaseOptions
        except (ImportError, OSError, AttributeError) as error:
            raise FaceLandmarkerError("webcam_packages_broken", detail=str(error)) from error
        try:
            options = vision.FaceLandmarkerOptions(
                # Read by us: the library cannot open a path with letters outside the code page of Windows.
                base_options=base(model_asset_buffer=path.read_bytes()),
                running_mode=vision.RunningMode.VIDEO,
                num_faces=1,
                output_face_blendshapes=True,
                output_facial_transformation_matrixes=True,
            )
            self._landmarker: Any = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise FaceLandmarkerError("webcam_model_damaged", path=str(path), detail=str(error)[:200]) from error
        self._stamp = -1

    def find(self, picture: Picture, mesh: bool = False) -> tuple[FaceFrame, FloatArray | None]:
        """The face in the picture, not present where there is none; with `mesh` also its points, else None.

        Points: float32 (478, 3), x and y in widths and heights of the picture, z as wide as x. Raises RuntimeError or
        ValueError when MediaPipe fails.
        """
        # Milliseconds that must increase, also where two pictures have the same time.
        self._stamp = max(self._stamp + 1, int(picture.time * 1000))
        image = self._image.Image(image_format=self._image.ImageFormat.SRGB, data=picture.rgb)
        result = self._landmarker.detect_for_video(image, self._stamp)
        frame = face_frame(result, picture.time)
        if not (mesh and frame.present):
            return frame, None
        return frame, np.array([(point.x, point.y, point.z) for point in result.face_landmarks[0]], np.float32)

    def close(self) -> None:
        """Release the model."""
        self._landmarker.close()
