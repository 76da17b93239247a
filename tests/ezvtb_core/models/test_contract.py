"""What every posing model promises. A new family is tested here as soon as it is in the table.

Large networks are stood in for by graphs with the published signatures (`tiny`), which go the same way through our code; a
student of the original authors is tested as well, on fewer poses.
"""

from __future__ import annotations

import numpy as np
import pytest

from ezvtb_core import models, pose
from ezvtb_core.assemble import build_model
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.link.settings import Settings
from tests.conftest import SHARED
from tests.ezvtb_core.models import tiny

REAL = "tha4_student:lambda_00"
CASES = [
    pytest.param(("puppet", "auto", (), True), id="puppet"),
    pytest.param(("picture", "auto", (), True), id="picture"),
    *(
        pytest.param((name, precision, stems, eyebrows), id=f"{name}-{precision}-{'merged' if stems else 'staged'}-{eyebrows}")
        for name in ("tha3:seperable", "tha3:standard", "tha4")
        for precision in ("fp32", "fp16")
        for stems in ((), ("decomposer", "combiner", "merge"), ("decomposer", "combiner", "merge_no_eyebrow"))
        for eyebrows in (True, False)
    ),
    pytest.param((tiny.STUDENT, "auto", (), True), id="student"),
    pytest.param((REAL, "auto", (), True), id=REAL, marks=[pytest.mark.slow, pytest.mark.needs("shared")]),
]


@pytest.fixture(params=CASES)
def model(request, tmp_path):
    name, precision, stems, eyebrows = request.param
    root = tmp_path
    if name == REAL:
        root = SHARED / "models"
    elif name in tiny.FOLDERS:
        tiny.layout(tmp_path, name, precision if precision != "auto" else "fp32", stems)
    own = name in (REAL, tiny.STUDENT, "puppet")
    character = "" if own else str(tiny.picture(tmp_path / "a.png"))
    settings = Settings(
        model=name, precision=precision, models_folder=str(root), character=character, eyebrows=eyebrows, cpu_threads=1
    )
    pool = SessionPool()
    made = build_model(settings, pool, "ort-cpu")
    yield made
    made.close()
    made.close()
    assert len(pool) == 0


def test_every_family_is_here():
    assert {case.values[0][0].partition(":")[0] for case in CASES} == set(models.FAMILIES)


def poses(model) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    count = 1 if model.spec.name == REAL else 5
    more = [random.uniform(pose.LOWEST, pose.HIGHEST).astype(np.float32) for _ in range(count)]
    return [pose.neutral(), pose.LOWEST, pose.HIGHEST, *more]


def test_frames_are_straight_bgra_of_the_promised_size(model):
    width, height = model.size
    for each in poses(model):
        frame = model.render(each)
        assert frame.shape == (height, width, 4) and frame.dtype == np.uint8 and frame.flags.c_contiguous
        assert frame[..., 3].any()


def test_same_pose_same_frame_whatever_came_between(model):
    expected = [model.render(each).copy() for each in poses(model)]
    for each, frame in reversed(list(zip(poses(model), expected, strict=True))):
        assert np.array_equal(model.render(each), frame)


def test_every_value_that_is_read_moves_something_and_no_other_does(model):
    still = model.render(pose.neutral()).copy()
    read = set(np.r_[model.spec.reads].tolist())
    moved = set()
    tried = range(pose.SIZE) if model.spec.name != REAL else (0, 12, pose.INDEX["head_x"], pose.BREATHING)
    for index in tried:
        changed = pose.neutral()
        changed[index] = 1.0
        if not np.array_equal(model.render(changed), still):
            moved.add(index)
    assert moved <= read
    assert pose.BREATHING in moved
    if model.spec.name.partition(":")[0] not in ("puppet", "picture"):
        assert moved == read & set(tried)


def test_pose_is_not_written_to(model):
    given = pose.HIGHEST.copy()
    model.render(given)
    assert np.array_equal(given, pose.HIGHEST)


def test_facts(model):
    assert model.spec.name.partition(":")[0] in models.FAMILIES
    assert model.spec.licence
    assert "CPU" in model.device
