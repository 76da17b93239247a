"""What THA3 and THA4 have in common: the large networks that animate any picture, in five files or fewer.

The face depends on the eyebrows and on nothing that follows, the rotation on everything, so each stage runs only when its own
part of the pose or something before it has changed. Merged files hold several stages in one graph and compute all of them
each time; they are used only where the stages are not all there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ezvtb_core.backends import Signature, TensorSpec
from ezvtb_core.models import ModelError, ModelRequest, ModelSpec
from ezvtb_core.models.planned import IMAGE, Graph, PlannedModel, Wires, open_plan
from ezvtb_core.models.signatures import stage_signatures
from ezvtb_core.pose import EYEBROWS, SIZE

EYEBROW_POSE, FACE_POSE, ROTATION_POSE = "eyebrow_pose", "face_pose", "rotation_pose"
SLICES = {EYEBROW_POSE: EYEBROWS, FACE_POSE: slice(12, 39), ROTATION_POSE: slice(39, SIZE)}
"""Source of the plan → the part of the pose that it is."""


@dataclass(frozen=True)
class Wiring:
    """How a stage is connected."""

    inputs: Wires
    outputs: Wires


DECOMPOSER = Wiring(
    {"input_image": IMAGE}, {"background_layer": "background", "eyebrow_layer": "eyebrows", "image_prepared": "prepared"}
)
"""The same in THA3 and THA4: what depends on the picture only."""
COMBINER_INPUTS: Wires = {
    "image_prepared": "prepared",
    "eyebrow_background_layer": "background",
    "eyebrow_layer": "eyebrows",
    "eyebrow_pose": EYEBROW_POSE,
}


def build(request: ModelRequest, wiring: Mapping[str, Wiring], multiplied: bool = False) -> PlannedModel:
    """See `Family.build`. `wiring`: stage → its connections, in the order in which they run; the last one draws the frame.
    `multiplied`: as for `PlannedModel`.

    Without eyebrows their part of the pose is never set, which leaves it zero: what depends on it is computed once per picture.
    """
    folder = request.folder
    assert folder is not None
    if request.picture is None:
        raise ModelError("model_needs_character", name=request.name)
    signatures = stage_signatures(folder.name, folder.precision)
    graphs = []
    for stem in files_to_use(set(folder.files), tuple(wiring)):
        wires = wiring[stem] if stem in wiring else _merged(wiring, signatures[stem])
        graphs.append(Graph(stem, folder.files[stem], (signatures[stem],), wires.inputs, wires.outputs))
    slices = {source: part for source, part in SLICES.items() if request.eyebrows or source != EYEBROW_POSE}
    spec = ModelSpec(name=folder.name, licence=folder.licence, reads=tuple(slices.values()))
    return PlannedModel(spec, open_plan(graphs, request.open_session), slices, request.picture, multiplied)


def files_to_use(there: set[str], stages: tuple[str, ...]) -> tuple[str, ...]:
    """Which of the files of a folder are run: every stage for itself, else as few of them in one graph as possible.

    `merge_no_eyebrow` begins behind the combiner, which then is a stage of its own and rests while the eyebrows do.
    """
    if there.issuperset(stages):
        return stages
    if there.issuperset(("decomposer", "combiner", "merge_no_eyebrow")):
        return ("decomposer", "combiner", "merge_no_eyebrow")
    return ("decomposer", "merge")


def _merged(wiring: Mapping[str, Wiring], signature: Signature) -> Wiring:
    """Connections of a merged graph: those of its stages that lead out of it, with the name of the stage in front."""

    def outward(specs: tuple[TensorSpec, ...], known: Wires) -> Wires:
        return {spec.name: known[spec.name] for spec in specs}

    inputs = {f"{stage}_{name}": value for stage, wires in wiring.items() for name, value in wires.inputs.items()}
    outputs = {f"{stage}_{name}": value for stage, wires in wiring.items() for name, value in wires.outputs.items()}
    return Wiring(outward(signature.inputs, inputs), outward(signature.outputs, outputs))
