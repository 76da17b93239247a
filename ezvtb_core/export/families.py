"""Model families as files: which checkpoints go into which published graph, and how merged graphs join them.

Names, shapes and types of all inputs and outputs are those of `ezvtb_core.models.signatures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx

from ezvtb_core.backends import TensorSpec
from ezvtb_core.export import colour, student, tha3, tha4
from ezvtb_core.export.blocks import TWICE, Net, crop, resize
from ezvtb_core.export.graph import FLOAT32, Array, DType, Graph, Shape, Value
from ezvtb_core.export.weights import Census, Weights
from ezvtb_core.models.signatures import ENCODED, stage_signatures

OPSET = 16
"""The lowest with GridSample, and what upstream publishes."""
PRECISIONS: dict[str, DType] = {"fp32": np.dtype(np.float32), "fp16": np.dtype(np.float16)}
Nets = Mapping[str, Net]
"""Checkpoint → network."""
Values = Mapping[str, Value]
"""Published name of an input or output → value."""
Build = Callable[[Nets, Values], Values]
"""Makes a stage's outputs of its inputs."""
WIRES = {
    "eyebrow_background_layer": "background_layer",
    "im_morpher_crop": "eyebrow_image",
    "morphed_image": "face_morphed_full",
    "rotated_warped_image": "full_warped_image",
    "rotated_grid_change": "full_grid_change",
    "rest_image": "face_morphed_full",
}
"""Inputs that have another name than the output of the stage before that they take."""


@dataclass(frozen=True)
class Family:
    """One kind of model."""

    checkpoints: tuple[str, ...]
    """Stems of the original files, in the order of the pipeline."""
    stages: Mapping[str, Build]
    """Stem of the published file → how it is made, in the order of the pipeline."""
    folder: str
    """Where published files lie below the root of a layout; `{precision}` and `{name}` are filled in."""
    sources: tuple[str, ...] = ()
    """Sub-folders of the original programs that may hold the checkpoints, best first."""
    merged: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Stem of a merged file → the stages in it."""
    half: tuple[str, ...] = ()
    """Checkpoints whose networks are in half precision inside fp16 files.

    The others stay float32 there, whatever the types of inputs and outputs: errors of the first networks are multiplied by
    all that follow. Final frames with seeded random weights against the original: everything in half precision 34 dB (THA3
    separable), 37 dB (standard), 47 dB (THA4); this choice 45, 47 and 55 dB. It costs little: the decomposer runs once per
    picture, the combiner only when eyebrows move.
    """
    separable: bool = False
    named: bool = False
    """Whether there are many of this kind, each with a name of its own."""
    precisions: tuple[str, ...] = tuple(PRECISIONS)

    @property
    def files(self) -> tuple[str, ...]:
        """Stems of all published files."""
        return (*self.stages, *self.merged)

    def dtype(self, checkpoint: str, precision: str) -> DType:
        """What a network computes in."""
        return PRECISIONS[precision] if checkpoint in self.half else FLOAT32

    def census(self, checkpoint: str) -> dict[str, Shape]:
        """Every parameter of a network by its state-dict key, with its shape."""
        graph = Graph()
        censuses = {each: Census(graph) for each in self.checkpoints}
        nets = {each: Net(graph, census, separable=self.separable) for each, census in censuses.items()}
        for build in self.stages.values():
            build(nets, _Anything(graph))
        return censuses[checkpoint].shapes

    def model(self, name: str, file: str, precision: str, arrays: Mapping[str, Mapping[str, Array]]) -> onnx.ModelProto:
        """One published file of the model `name`. `arrays`: checkpoint → state dict, already checked."""
        graph = Graph()
        nets = {
            each: Net(graph, Weights(graph, found, f"{each}."), self.dtype(each, precision), self.separable)
            for each, found in arrays.items()
        }
        signatures = stage_signatures(name, precision)
        outer = {spec.name: graph.input(spec.name, _static(spec), spec.dtype) for spec in signatures[file].inputs}
        made: dict[str, Value] = {}
        for stage in self.merged.get(file, (file,)):
            prefix = f"{stage}_" if file in self.merged else ""
            given = {
                spec.name: made[wire] if (wire := WIRES.get(spec.name, spec.name)) in made else outer[prefix + spec.name]
                for spec in signatures[stage].inputs
            }
            done = self.stages[stage](nets, given)
            # In a merged graph the values between stages are rounded as in the files that they replace.
            made.update((spec.name, done[spec.name].to(spec.dtype)) for spec in signatures[stage].outputs)
        outputs = {spec.name: (made[spec.name.removeprefix(prefix)], _static(spec)) for spec in signatures[file].outputs}
        return graph.model(file, outputs, OPSET)


class _Anything(dict[str, Value]):
    """Inputs by whatever name."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._graph = graph

    def __missing__(self, name: str) -> Value:
        return Value(self._graph, name)


def _static(spec: TensorSpec) -> Shape:
    return tuple(size for size in spec.shape if size is not None)


def family(name: str) -> Family:
    """The family of the model `name`. Raises KeyError for one that cannot be exported."""
    if name in FAMILIES:
        return FAMILIES[name]
    found = FAMILIES[name.partition(":")[0]]
    if not found.named:
        raise KeyError(name)
    return found


def names() -> Iterator[str]:
    """What can be exported, for people."""
    yield from (f"{name}:NAME" if each.named else name for name, each in FAMILIES.items())


def _decomposer(nets: Nets, given: Values) -> Values:
    net = nets["eyebrow_decomposer"]
    prepared = colour.prepare(given["input_image"], tha3.SIDE).to(net.dtype)
    done = tha3.decomposer(net, crop(net, prepared, *tha3.EYEBROW))
    return {"background_layer": done.background, "eyebrow_layer": done.eyebrow, "image_prepared": prepared}


def _combiner(nets: Nets, given: Values) -> Values:
    net = nets["eyebrow_morphing_combiner"]
    done = tha3.combiner(net, given["eyebrow_background_layer"], given["eyebrow_layer"], given["eyebrow_pose"])
    return {"eyebrow_image": tha3.with_eyebrow(net, given["image_prepared"], done.image)}


def _morpher(nets: Nets, given: Values, features: Value) -> Values:
    net = nets["face_morpher"]
    face = tha3.face_morpher(net, given["im_morpher_crop"], features, given["face_pose"])
    full, half = tha3.with_face(net, given["image_prepared"], face.image)
    return {"face_morphed_full": full, "face_morphed_half": half}


def _tha3_rotator(nets: Nets, given: Values) -> Values:
    net = nets["two_algo_face_body_rotator"]
    done = tha3.rotator(net, given["face_morphed_half"], given["rotation_pose"])
    return {"full_warped_image": resize(net, done.warped, TWICE), "full_grid_change": resize(net, done.grid, TWICE)}


def _tha3_editor(nets: Nets, given: Values) -> Values:
    moved = (given["rotated_warped_image"], given["rotated_grid_change"])
    done = tha3.editor(nets["editor"], given["morphed_image"], *moved, given["rotation_pose"])
    result, frame = colour.finish(done.image, tha3.SIDE)
    return {"result": result, "cv_result": frame}


def _tha3(name: str, variant: str, *half: str) -> Family:
    cut = ENCODED[name]

    def combiner(nets: Nets, given: Values) -> Values:
        done = _combiner(nets, given)
        return {**done, cut: tha3.face_encoder(nets["face_morpher"], done["eyebrow_image"])}

    stages = {
        "decomposer": _decomposer,
        "combiner": combiner,
        "morpher": lambda nets, given: _morpher(nets, given, given[cut]),
        "rotator": _tha3_rotator,
        "editor": _tha3_editor,
    }
    return Family(
        ("eyebrow_decomposer", "eyebrow_morphing_combiner", "face_morpher", "two_algo_face_body_rotator", "editor"),
        stages,
        f"tha3/{name.partition(':')[2]}/{{precision}}",
        (f"{variant}_float", f"{variant}_half"),
        _merges("rotator", "editor"),
        half=half,
        separable=variant == "separable",
    )


def _merges(*last: str) -> dict[str, tuple[str, ...]]:
    return {"merge": ("combiner", "morpher", *last), "merge_no_eyebrow": ("morpher", *last)}


def _tha4_body_morpher(nets: Nets, given: Values) -> Values:
    done = tha4.body_morpher(nets["body_morpher"], given["face_morphed_half"], given["rotation_pose"])
    return {"half_res_posed_image": done.image, "half_res_grid_change": done.grid}


def _tha4_upscaler(nets: Nets, given: Values) -> Values:
    net = nets["upscaler"]
    posed, grid = (resize(net, given[name], TWICE) for name in ("half_res_posed_image", "half_res_grid_change"))
    done = tha4.upscaler(net, given["rest_image"], posed, grid, given["rotation_pose"])
    result, frame = colour.finish(done.image, tha4.SIDE)
    return {"result": result, "cv_result": frame}


def _tha4(*half: str) -> Family:
    stages = {
        "decomposer": _decomposer,
        "combiner": _combiner,
        "morpher": lambda nets, given: _morpher(nets, given, tha3.face_encoder(nets["face_morpher"], given["im_morpher_crop"])),
        "body_morpher": _tha4_body_morpher,
        "upscaler": _tha4_upscaler,
    }
    return Family(
        ("eyebrow_decomposer", "eyebrow_morphing_combiner", "face_morpher", "body_morpher", "upscaler"),
        stages,
        "tha4/{precision}",
        ("tha4",),
        _merges("body_morpher", "upscaler"),
        half=half,
    )


def _student_face(nets: Nets, given: Values) -> Values:
    return {"face_morphed": student.face_morpher(nets["face_morpher"], given["pose"])}


def _student_body(nets: Nets, given: Values) -> Values:
    net = nets["body_morpher"]
    image = student.with_face(net, colour.prepare(given["input_image"], student.SIDE), given["face_morphed"])
    result, frame = colour.finish(student.body_morpher(net, image, given["pose"]).image, student.SIDE)
    return {"result": result, "cv_result": frame}


FAMILIES: dict[str, Family] = {
    "tha3:seperable": _tha3("tha3:seperable", "separable", "two_algo_face_body_rotator", "editor"),
    "tha3:standard": _tha3("tha3:standard", "standard", "face_morpher", "two_algo_face_body_rotator", "editor"),
    "tha4": _tha4("eyebrow_morphing_combiner", "face_morpher", "body_morpher", "upscaler"),
    "tha4_student": Family(
        ("face_morpher", "body_morpher"),
        {"face_morpher": _student_face, "body_morpher": _student_body},
        "custom_tha4_models/{name}",
        named=True,
        precisions=("fp32",),
    ),
}
