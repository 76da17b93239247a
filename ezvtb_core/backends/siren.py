"""THA4 students on the processor without a runtime; see `ezvtb_core.kernels` for why and how."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ezvtb_core.backends import (
    Array,
    Bound,
    SessionError,
    SessionOptions,
    Signature,
    Tensor,
    TensorSpec,
    check_binding,
    check_inputs,
)
from ezvtb_core.backends.ort import CPU, OrtHostTensor
from ezvtb_core.backends.proof import KernelRefusedError, prove
from ezvtb_core.frames import Pixels
from ezvtb_core.kernels import painting, recover
from ezvtb_core.kernels.siren import Network, Reals
from ezvtb_core.kernels.workers import Workers

FACE = (slice(80, 208), slice(192, 320))
"""Rows and columns of the picture that the face network draws (THA4: 128×128 around (256, 144))."""


class StudentPicture:
    """The picture of a character with a face pasted in, as planes."""

    def __init__(self) -> None:
        self.planes: Reals = np.zeros((4, painting.SIDE, painting.SIDE), np.float32)
        self._picture: Pixels | None = None

    def set(self, picture: Pixels, face: Reals) -> None:
        """Take over (512, 512, 4) uint8 straight BGRA, quick when it is the one of the call before, and a face (4, 128, 128)."""
        if self._picture is None or not np.array_equal(picture, self._picture):
            painting.planes_of(picture, self.planes)
            self._picture = picture.copy()
        self.planes[:, FACE[0], FACE[1]] = face


class SirenSession:
    """One of the two networks of a student; see `Session`.

    The file is an ONNX graph like any other. Its layers are read back from it, and one run of ONNX Runtime on it proves that
    they were understood.
    """

    def __init__(self, path: Path, expected: Signature, options: SessionOptions) -> None:
        """See `Backend`. Raises KernelRefusedError when the graph is not a student's, or comes out different."""
        self._path = path
        self._lock = threading.Lock()
        self._closed = False
        self._is_face = len(expected.inputs) == 1
        self.signature = expected
        self.device = f"CPU, {options.threads} threads (numpy {np.__version__})"
        try:
            levels, last = (recover.face if self._is_face else recover.body)(path)
        except recover.NotAStudentError as error:
            raise KernelRefusedError(str(error)) from error
        self._workers = Workers(options.threads)
        self._network = Network(levels, last, self._workers)
        side = self._network.side
        self._values: Reals = np.empty((0 if self._is_face else last.outputs, side, side), np.float32)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            prove(path, self, lambda: CPU(path, expected, options))
            undo.pop_all()

    @staticmethod
    def fits(expected: Signature) -> bool:
        """Whether this is one of the two networks of a student, and nothing but its picture is wanted."""
        wanted = {spec.name for spec in expected.outputs}
        return ({spec.name for spec in expected.inputs}, wanted) in (
            ({"pose"}, {"face_morphed"}),
            ({"input_image", "face_morphed", "pose"}, {"cv_result"}),
        )

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Session.run`."""
        check_inputs(self.signature.inputs, inputs)
        outputs = {spec.name: spec.zeros() for spec in self.signature.outputs}
        self.draw(StudentPicture(), inputs, outputs)
        return outputs

    def allocate(self, spec: TensorSpec) -> Tensor:
        """See `Session.allocate`."""
        return OrtHostTensor(spec)

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        """See `Session.bind`."""
        check_binding(self.signature, inputs, outputs)
        return _SirenBound(self, dict(inputs), dict(outputs))

    def close(self) -> None:
        """See `Session.close`."""
        with self._lock:  # a run in progress is finished first
            if not self._closed:
                self._closed = True
                self._workers.close()

    def draw(self, picture: StudentPicture, inputs: Mapping[str, Array], outputs: Mapping[str, Array]) -> None:
        """Run into `outputs`. `picture` belongs to the caller, so that it is prepared once and not for every frame."""
        with self._lock:  # the network's buffers are for one run at a time, and two would share the same cores anyway
            if self._closed:
                raise SessionError("session_closed", path=str(self._path))
            pose: Reals = inputs["pose"][0]
            if self._is_face:
                self._network.run(pose, outputs["face_morphed"].reshape(recover.FACE_OUTPUTS, -1))
                return
            self._network.run(pose, self._values.reshape(recover.BODY_OUTPUTS, -1))
            picture.set(inputs["input_image"].reshape(painting.SHAPE), inputs["face_morphed"][0])
            # Order of the network's outputs: shift, alpha, colour. A student's alpha is not limited, the result is.
            shift, alpha, colour = np.split(self._values, (2, 3))
            painting.paint(self._workers, picture.planes, shift, alpha, colour, outputs["cv_result"].reshape(painting.SHAPE))


class _SirenBound:
    def __init__(self, session: SirenSession, inputs: dict[str, Tensor], outputs: dict[str, Tensor]) -> None:
        self._session = session
        self._inputs = inputs
        self._outputs = outputs
        self._picture = StudentPicture()

    def run(self) -> None:
        inputs = {name: tensor.read() for name, tensor in self._inputs.items()}
        self._session.draw(self._picture, inputs, {name: tensor.read() for name, tensor in self._outputs.items()})
