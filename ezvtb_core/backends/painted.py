"""The last network of THA3 and THA4 on the processor: ONNX Runtime up to the last warp, our own painting from there.

The runtime takes 20 ms of one core for the warp of a frame and as much again for mixing and converting it; painting takes 7.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from ezvtb_core import rewrite
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
from ezvtb_core.backends.ort import CPU, OrtHostTensor, OrtSession
from ezvtb_core.backends.proof import KernelRefusedError, prove
from ezvtb_core.kernels import painting
from ezvtb_core.kernels.workers import Workers
from ezvtb_core.rewrite.prune import prune
from ezvtb_core.rewrite.tail import Tail, find_tail
from ezvtb_core.rewrite.view import GraphView

FRAME = "cv_result"


class PaintedSession:
    """A graph whose output is a painted frame; see `Session`. One run of the whole graph proves that its end was understood."""

    def __init__(self, path: Path, expected: Signature, options: SessionOptions) -> None:
        """See `Backend`. Raises KernelRefusedError when the graph ends in another way, or comes out different."""
        self._path = path
        self._lock = threading.Lock()
        self._closed = False
        self.signature = expected
        model = load(path)
        self._tail, values = _cut(model)
        inner = Signature(expected.inputs, values)
        self._inner = OrtSession(path, inner, options, graph=model.SerializeToString())
        self.device = self._inner.device
        self._workers = Workers(options.threads)
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            prove(path, self, lambda: CPU(path, expected, options))
            undo.pop_all()

    @staticmethod
    def fits(expected: Signature) -> bool:
        """Whether this is asked for a frame painted over a picture of single precision, and for nothing else."""
        wanted = [spec.name for spec in expected.outputs]
        pictures = ((1, 4, painting.SIDE, painting.SIDE), "float32")
        return wanted == [FRAME] and any((spec.shape, spec.dtype) == pictures for spec in expected.inputs)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See `Session.run`."""
        check_inputs(self.signature.inputs, inputs)
        outputs = {spec.name: spec.zeros() for spec in self.signature.outputs}
        self.paint(inputs[self._tail.image], self._inner.run(inputs), outputs[FRAME])
        return outputs

    def allocate(self, spec: TensorSpec) -> Tensor:
        """See `Session.allocate`."""
        return OrtHostTensor(spec)

    def bind(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Bound:
        """See `Session.bind`."""
        check_binding(self.signature, inputs, outputs)
        values = {spec.name: self._inner.allocate(spec) for spec in self._inner.signature.outputs}
        inner = self._inner.bind(inputs, values)
        return _PaintedBound(self, inner, inputs[self._tail.image], values, outputs[FRAME])

    def close(self) -> None:
        """See `Session.close`."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._inner.close()
                self._workers.close()

    def paint(self, image: Array, values: Mapping[str, Array], frame: Array) -> None:
        """From the values that the network gave to the frame."""
        with self._lock:
            if self._closed:
                raise SessionError("session_closed", path=str(self._path))
            shift, alpha, colour = (values[name][0] for name in (self._tail.shift, self._tail.alpha, self._tail.colour))
            painting.paint(self._workers, image[0], shift, alpha, colour, frame)


class _PaintedBound:
    def __init__(self, session: PaintedSession, inner: Bound, image: Tensor, values: Mapping[str, Tensor], frame: Tensor) -> None:
        self._session = session
        self._inner = inner
        self._image = image
        self._values = values
        self._frame = frame

    def run(self) -> None:
        self._inner.run()
        values = {name: tensor.read() for name, tensor in self._values.items()}
        self._session.paint(self._image.read(), values, self._frame.read())


def load(path: Path) -> onnx.ModelProto:
    """Read a graph. Raises KernelRefusedError: the runtime knows better what is wrong with a file."""
    try:
        return onnx.load(path)
    except (OSError, DecodeError, ValueError) as error:
        raise KernelRefusedError(str(error)) from error


def _cut(model: onnx.ModelProto) -> tuple[Tail, tuple[TensorSpec, ...]]:
    """Leave out the end of the graph; the tensors it needs become the outputs. Raises KernelRefusedError."""
    rewrite.optimise(model, [FRAME])
    shapes = rewrite.shapes(model)
    tail = find_tail(GraphView(model.graph), shapes)
    if tail is None or tail.image not in {value.name for value in model.graph.input}:
        raise KernelRefusedError("the graph does not end in a painted warp of an input")
    names = (tail.shift, tail.alpha, tail.colour)
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in names)
    prune(model.graph, names)
    return tail, tuple(TensorSpec(name, shapes[name], np.dtype(np.float32).name) for name in names)
