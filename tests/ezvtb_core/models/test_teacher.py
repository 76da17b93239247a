from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core import pose
from ezvtb_core.assemble import build_model
from ezvtb_core.backends.pool import SessionPool
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.models import ModelError
from ezvtb_core.models.teacher import files_to_use
from tests.ezvtb_core.models import tiny

pytestmark = pytest.mark.needs("ort-cpu")
STAGES = {
    "tha3:seperable": ("decomposer", "combiner", "morpher", "rotator", "editor"),
    "tha3:standard": ("decomposer", "combiner", "morpher", "rotator", "editor"),
    "tha4": ("decomposer", "combiner", "morpher", "body_morpher", "upscaler"),
}
WITH_MERGE = ("decomposer", "combiner", "merge")
WITHOUT_EYEBROW = ("decomposer", "combiner", "merge_no_eyebrow")


def settings(root, name="tha3:seperable", **values) -> Settings:
    character = str(tiny.picture(root / "a.png"))
    return Settings(model=name, models_folder=str(root), character=character, cpu_threads=1, **values)


def posed(**values: float) -> np.ndarray:
    made = pose.neutral()
    for name, value in values.items():
        made[pose.INDEX[name]] = value
    return made


def ran(model, given: np.ndarray) -> set[str]:
    before = model.plan.runs
    model.render(given)
    counts = {name: count - before[name] for name, count in model.plan.runs.items()}
    assert set(counts.values()) <= {0, 1}
    return {name for name, count in counts.items() if count}


@pytest.mark.parametrize("name", STAGES)
def test_only_what_depends_on_a_change_runs(tmp_path, name):
    tiny.layout(tmp_path, name)
    model = build_model(settings(tmp_path, name))
    decomposer, combiner, morpher, *last = STAGES[name]
    assert ran(model, posed()) == {decomposer, combiner, morpher, *last}
    assert ran(model, posed()) == set()
    assert ran(model, posed(head_x=0.5)) == set(last)
    assert ran(model, posed(head_x=0.5, mouth_aaa=1.0)) == {morpher, *last}
    assert ran(model, posed(head_x=0.5, mouth_aaa=1.0, eyebrow_angry_left=1.0)) == {combiner, morpher, *last}
    assert ran(model, posed(breathing=1.0)) == {combiner, morpher, *last}
    assert model.plan.runs[decomposer] == 1
    model.close()


@pytest.mark.parametrize("name", STAGES)
def test_still_eyebrows_are_computed_once_and_do_not_matter(tmp_path, name):
    tiny.layout(tmp_path, name)
    model = build_model(settings(tmp_path, name, eyebrows=False))
    frames = [
        model.render(posed(mouth_aaa=1.0, head_y=value, eyebrow_angry_left=value)).copy() for value in (0.0, 0.25, 0.5, 0.75)
    ]
    assert model.plan.runs["combiner"] == 1 and model.plan.runs["morpher"] == 1
    assert all(0 not in range(part.start, part.stop) for part in model.spec.reads)
    neutral = build_model(settings(tmp_path, name, eyebrows=True))
    for value, frame in zip((0.0, 0.25, 0.5, 0.75), frames, strict=True):
        assert np.array_equal(neutral.render(posed(mouth_aaa=1.0, head_y=value)), frame)


def test_files_in_the_order_in_which_they_save_work():
    stages = STAGES["tha4"]
    assert files_to_use({*stages, *WITH_MERGE, *WITHOUT_EYEBROW}, stages) == stages
    assert files_to_use({*WITH_MERGE, *WITHOUT_EYEBROW}, stages) == WITHOUT_EYEBROW
    assert files_to_use({*WITH_MERGE, "upscaler"}, stages) == ("decomposer", "merge")


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize(("stems", "opened"), [(WITH_MERGE, ["decomposer", "merge"]), (WITHOUT_EYEBROW, list(WITHOUT_EYEBROW))])
def test_merged_files_are_used_when_only_they_are_there(tmp_path, name, stems, opened):
    tiny.layout(tmp_path, name, stems=stems)
    model = build_model(settings(tmp_path, name))
    assert ran(model, posed()) == set(opened)
    assert ran(model, posed(head_x=1.0)) == {opened[-1]}
    assert ("combiner" in opened) == ("combiner" in ran(model, posed(head_x=1.0, eyebrow_angry_left=1.0)))


def test_sources_with_the_same_model_share_its_sessions_and_do_not_mix_frames(tmp_path):
    tiny.layout(tmp_path, "tha3:seperable")
    pool, wanted = SessionPool(), settings(tmp_path)
    models = [build_model(wanted, pool) for _ in range(2)]
    assert len(pool) == 5
    poses = [[posed(head_x=step / 20, mouth_aaa=side * step / 20) for step in range(20)] for side in (0, 1)]
    alone = build_model(wanted)
    expected = [[alone.render(each).copy() for each in side] for side in poses]
    wrong: list[int] = []

    def draw(side: int) -> None:
        for _ in range(3):
            for each, frame in zip(poses[side], expected[side], strict=True):
                if not np.array_equal(models[side].render(each), frame):
                    wrong.append(side)

    threads = [threading.Thread(target=draw, args=(side,)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    for model in models:
        model.close()
    assert len(pool) == 0


def test_a_picture_is_needed(tmp_path):
    tiny.layout(tmp_path, "tha4")
    with pytest.raises(ModelError, match="tha4 animates a picture: choose one"):
        build_model(Settings(model="tha4", models_folder=str(tmp_path)))


BAD = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:200]),
    "a web page": lambda path: path.write_text("<!DOCTYPE html><html><body>404 not found</body></html>"),
    "empty": lambda path: path.write_bytes(b""),
    "swapped": lambda path: path.write_bytes((path.parent / "rotator.onnx").read_bytes()),
    "another shape": lambda path: (
        tiny.layout(path.parent / "x", "tha3:seperable", "fp16", ("editor",)).joinpath(path.name).replace(path)
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_and_nothing_stays_open(tmp_path, kind):
    folder = tiny.layout(tmp_path, "tha3:seperable")
    BAD[kind](folder / "editor.onnx")
    pool = SessionPool()
    with pytest.raises(NoticeError) as caught:
        build_model(settings(tmp_path), pool)
    assert "editor.onnx" in str(caught.value) and "{" not in str(caught.value)
    assert len(pool) == 0


@pytest.mark.needs("linux")
def test_memory_stays_flat(tmp_path):
    """Tensors of the real sizes, every stage in every frame."""
    tiny.layout(tmp_path, "tha3:seperable")
    model = build_model(settings(tmp_path))

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096

    def draw(frames: int) -> None:
        for step in range(frames):
            model.render(posed(head_x=step / frames, mouth_aaa=step / frames, eyebrow_angry_left=step / frames))

    draw(100)
    before = resident()
    draw(400)
    assert resident() - before < 8e6
    model.close()
