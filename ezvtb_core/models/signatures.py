"""Inputs and outputs of every published model file: family and precision → stage → signature. Both release layouts.

A stage is the stem of a file. Names, order, shapes and element types are those of upstream's exporters; the merged
files are the staged graphs joined, and carry each stage's name as a prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ezvtb_core.backends import Signature, TensorSpec

ENCODED = {
    "tha3:seperable": "/face_morpher/body/downsample_blocks.3/downsample_blocks.3.3/Relu_output_0",
    "tha3:standard": "/face_morpher/downsample_blocks.3/downsample_blocks.3.2/Relu_output_0",
}
"""Model → name of the tensor (1,512,24,24) where upstream cuts the face morpher's encoder off and joins it to the combiner,
so that frames whose eyebrows rest skip it."""
IMAGE = TensorSpec("input_image", (512, 512, 4), "uint8")
"""The picture, straight BGRA."""
FRAME = TensorSpec("cv_result", (512, 512, 4), "uint8")
"""The frame, straight BGRA."""


def stage_signatures(name: str, precision: str) -> dict[str, Signature]:
    """Stage → signature of the model `name` in `precision`, merged stages included.

    `name`: `tha3:seperable`, `tha3:standard`, `tha4`, `tha4_student` or `tha4_student:NAME`. `precision`: `fp32` or `fp16`;
    students exist in fp32 only, whatever is asked for. Raises KeyError for any other name or precision.
    """
    floats = {"fp32": "float32", "fp16": "float16"}[precision]
    if name in ENCODED:
        return _tha3(TensorSpec(ENCODED[name], (1, 512, 24, 24), floats), floats)
    if name == "tha4":
        return _tha4(floats)
    if name.partition(":")[0] == "tha4_student":
        return _student()
    raise KeyError(name)


def batched(signature: Signature) -> Signature:
    """The same signature with a batch dimension before `input_image`: some exporters of students write one."""
    spec = replace(IMAGE, shape=(1, *IMAGE.shape))
    return Signature(tuple(spec if each == IMAGE else each for each in signature.inputs), signature.outputs)


def _shared(floats: str, poses: str) -> tuple[Signature, Signature, Signature]:
    """Decomposer, combiner and morpher without the cut-off encoder, which THA3 and THA4 have in common."""
    prepared = _image("image_prepared", 512, floats)
    background, eyebrows = _image("background_layer", 128, floats), _image("eyebrow_layer", 128, floats)
    posed = _image("eyebrow_image", 192, floats)
    return (
        Signature((IMAGE,), (background, eyebrows, prepared)),
        Signature(
            (prepared, replace(background, name="eyebrow_background_layer"), eyebrows, _pose("eyebrow_pose", 12, poses)),
            (posed,),
        ),
        Signature(
            (prepared, replace(posed, name="im_morpher_crop"), _pose("face_pose", 27, poses)),
            (_image("face_morphed_full", 512, floats), _image("face_morphed_half", 256, floats)),
        ),
    )


def _tha3(encoded: TensorSpec, floats: str) -> dict[str, Signature]:
    # Poses and `result` are float32 in the fp16 files too; they cast inside.
    decomposer, combiner, morpher = _shared(floats, "float32")
    combiner = Signature(combiner.inputs, (*combiner.outputs, encoded))
    morpher = Signature((*morpher.inputs, encoded), morpher.outputs)
    rotation = _pose("rotation_pose", 6, "float32")
    warped, grid = _image("full_warped_image", 512, floats), _grid("full_grid_change", 512, floats)
    rotator = Signature((_image("face_morphed_half", 256, floats), rotation), (warped, grid))
    editor = Signature(
        (
            _image("morphed_image", 512, floats),
            replace(warped, name="rotated_warped_image"),
            replace(grid, name="rotated_grid_change"),
            rotation,
        ),
        (_image("result", 512, "float32"), FRAME),
    )
    last = {"rotator": (rotation,), "editor": (rotation,)}
    return {
        "decomposer": decomposer,
        "combiner": combiner,
        "morpher": morpher,
        "rotator": rotator,
        "editor": editor,
        **_merged(combiner, morpher, last, "editor"),
    }


def _tha4(floats: str) -> dict[str, Signature]:
    # Every float is of the file's precision, poses and `result` included.
    decomposer, combiner, morpher = _shared(floats, floats)
    rotation = _pose("rotation_pose", 6, floats)
    posed, grid = _image("half_res_posed_image", 256, floats), _grid("half_res_grid_change", 256, floats)
    return {
        "decomposer": decomposer,
        "combiner": combiner,
        "morpher": morpher,
        "body_morpher": Signature((_image("face_morphed_half", 256, floats), rotation), (posed, grid)),
        "upscaler": Signature((_image("rest_image", 512, floats), posed, grid, rotation), (_image("result", 512, floats), FRAME)),
        **_merged(combiner, morpher, {"body_morpher": (rotation,), "upscaler": (rotation,)}, "upscaler"),
    }


def _student() -> dict[str, Signature]:
    face = _image("face_morphed", 128, "float32")
    return {
        "face_morpher": Signature((_pose("pose", 39, "float32"),), (face,)),
        "body_morpher": Signature((IMAGE, face, _pose("pose", 45, "float32")), (_image("result", 512, "float32"), FRAME)),
    }


def _merged(
    combiner: Signature, morpher: Signature, last: Mapping[str, tuple[TensorSpec, ...]], final: str
) -> dict[str, Signature]:
    """The merged graphs: what their stages read from outside; `last` are such inputs of the stages after the morpher."""
    made = {spec.name for spec in combiner.outputs} | {"im_morpher_crop"}
    rest = tuple(_prefixed(stage, spec) for stage, specs in last.items() for spec in specs)
    frame = (_prefixed(final, FRAME),)
    with_eyebrows = (
        *(_prefixed("combiner", spec) for spec in combiner.inputs),
        *(_prefixed("morpher", spec) for spec in morpher.inputs if spec.name not in made),
    )
    return {
        "merge": Signature((*with_eyebrows, *rest), frame),
        "merge_no_eyebrow": Signature((*(_prefixed("morpher", spec) for spec in morpher.inputs), *rest), frame),
    }


def _prefixed(stage: str, spec: TensorSpec) -> TensorSpec:
    return replace(spec, name=f"{stage}_{spec.name}")


def _image(name: str, side: int, floats: str) -> TensorSpec:
    return TensorSpec(name, (1, 4, side, side), floats)


def _grid(name: str, side: int, floats: str) -> TensorSpec:
    return TensorSpec(name, (1, 2, side, side), floats)


def _pose(name: str, size: int, floats: str) -> TensorSpec:
    return TensorSpec(name, (1, size), floats)
