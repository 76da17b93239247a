from __future__ import annotations

import gc
import inspect
import logging
import re
import weakref
from pathlib import Path

import numpy as np
import pytest

from ezvtb_core import core as module
from ezvtb_core import get_core
from ezvtb_core.commands.bench.machine import memory
from ezvtb_core.core import Core
from ezvtb_core.core_options import CoreError
from ezvtb_core.frame_graphs import FrameGraphError
from ezvtb_core.link import paths
from ezvtb_core.link.catalogue import CatalogueError
from ezvtb_core.pose import HIGHEST, LOWEST
from tests.ezvtb_core import frame_files
from tests.ezvtb_core.models import tiny

pytestmark = pytest.mark.needs("ort-cpu")
PLAIN = {"use_tensorrt": False, "use_interpolation": False}
STUDENT = {"model_version": "v4_student", "model_name": "tiny"}


@pytest.fixture(autouse=True)
def everything_is_released():
    yield
    gc.collect()
    assert len(module._sessions) == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """All there is, in the layout of 2026; the graphs compute next to nothing."""
    root = tmp_path_factory.mktemp("models")
    tiny.layout(root, "tha3:seperable", "fp32")
    tiny.layout(root, "tha3:standard", "fp16")
    tiny.layout(root, "tha4", "fp16")
    tiny.layout(root, tiny.STUDENT)
    for scale in (2, 3, 4):
        frame_files.rife(root / "rife" / f"rife_x{scale}_fp32.onnx", scale, batched=True)
    frame_files.enlarging(root / "waifu2x" / "noise0_scale2x_fp32.onnx", batched=True)
    return root


@pytest.fixture
def make(files):
    """Cores on `files`, closed at the end."""
    made: list[Core] = []

    def one(**options) -> Core:
        made.append(get_core(**{**PLAIN, **STUDENT, "models_folder": str(files), **options}))
        return made[-1]

    yield one
    for core in made:
        core.close()


def picture(shade: int = 90) -> np.ndarray:
    made = np.full((512, 512, 4), shade, np.uint8)
    made[::2, ::3, 1] = 7
    return made


def posed(**values: float) -> np.ndarray:
    from ezvtb_core.pose import INDEX

    made = np.zeros((1, 45), np.float32)
    for name, value in values.items():
        made[0, INDEX[name]] = value
    return made


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def warnings_of(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "ezvtb_core.core"]


def test_names_and_defaults_are_the_published_ones():
    """ezvtuber-rt's interface document; below, what its later callers pass besides."""
    published = {
        "device_id": 0,
        "use_tensorrt": True,
        "model_seperable": True,
        "model_half": True,
        "model_cache": True,
        "model_vram_cache": True,
        "model_cache_size": 1,
        "use_interpolation": True,
        "interpolation_scale": 2,
        "interpolation_half": True,
        "use_cacher": True,
        "cacher_quality": 85,
        "cacher_ram_size": 2,
        "cacher_on_database": False,
    }
    later = {
        "use_sr": False,
        "sr_x4": True,
        "sr_half": True,
        "sr_noise": 1,
        "model_version": "v3",
        "model_name": "",
        "model_use_eyebrow": True,
        "sr_a4k": False,
    }
    found = inspect.signature(get_core).parameters
    assert {name: parameter.default for name, parameter in found.items() if name in {**published, **later}} == {
        **published,
        **later,
    }
    assert list(found)[: len(published)] == list(published)
    ours = set(found) - set(published) - set(later) - {"cacher_db_path"}
    assert ours == {"models_folder"} and found["models_folder"].kind is inspect.Parameter.KEYWORD_ONLY


def test_one_pose_gives_a_list_and_a_list_of_poses_an_array(make):
    core = make()
    core.setImage(picture())
    single = core.inference(posed(head_x=0.5))
    assert isinstance(single, list) and len(single) == 1
    assert single[0].shape == (512, 512, 4) and single[0].dtype == np.uint8 and single[0].flags.c_contiguous
    expected = [core.inference(posed(head_x=value))[0].copy() for value in (0.1, 0.9, 0.4)]
    given = [posed(head_x=value) for value in (0.1, 0.9, 0.4)]
    kept = list(given)
    several = core.inference(given)
    assert several.shape == (3, 512, 512, 4) and several.dtype == np.uint8
    assert all(np.array_equal(*pair) for pair in zip(several, expected, strict=True))
    assert all(one is other for one, other in zip(given, kept, strict=True))
    assert core.inference([posed()]).shape == (1, 512, 512, 4)


def test_memory_of_frames_is_used_again_by_the_next_call(make):
    core = make(use_interpolation=True, interpolation_scale=3)
    core.setImage(picture())
    first = core.inference(posed())
    kept = [frame.copy() for frame in first]
    second = core.inference(posed(head_x=1.0))
    assert [address(frame) for frame in first] == [address(frame) for frame in second]
    assert np.array_equal(first[-1], second[-1]) and not np.array_equal(first[-1], kept[-1])
    assert address(core.inference([posed()])) == address(first[0])


def test_drawing_on_a_frame_does_not_spoil_the_next_one(make):
    core = make()
    core.setImage(picture())
    frame = core.inference(posed())[0]
    kept = frame.copy()
    frame[:] = 1
    assert np.array_equal(core.inference(posed())[0], kept)


def test_array_given_as_picture_or_pose_may_change_afterwards(make):
    core, image, pose = make(), picture(), posed(head_y=0.2)
    core.setImage(image)
    kept = core.inference(pose)[0].copy()
    image[:], pose[:] = 0, 1
    assert np.array_equal(core.inference(posed(head_y=0.2))[0], kept)


def test_new_picture_shows_at_once_and_loads_nothing(make):
    core = make()
    frames = []
    loaded = None
    for shade in (10, 200, 10):
        core.setImage(picture(shade))
        frames.append(core.inference(posed())[0].copy())
        loaded = loaded or len(module._sessions)
        assert len(module._sessions) == loaded
    assert not np.array_equal(frames[0], frames[1]) and np.array_equal(frames[0], frames[2])
    # The face network of a student does not look at the picture.
    assert core._model.plan.runs == {"face_morpher": 1, "body_morpher": 3}


def test_picture_that_is_no_view_of_contiguous_memory(make):
    core, image = make(), picture()
    core.setImage(image)
    kept = core.inference(posed())[0].copy()
    core.setImage(np.asfortranarray(image))
    assert np.array_equal(core.inference(posed())[0], kept)
    core.setImage(np.repeat(image, 2, axis=1)[:, ::2])
    assert np.array_equal(core.inference(posed())[0], kept)


@pytest.mark.parametrize(
    ("image", "got"),
    [
        (np.zeros((512, 512, 3), np.uint8), r"uint8 \(512, 512, 3\)"),
        (np.zeros((1, 512, 512, 4), np.uint8), r"uint8 \(1, 512, 512, 4\)"),
        (np.zeros((512, 512, 4), np.float32), r"float32 \(512, 512, 4\)"),
        (None, "NoneType"),
    ],
)
def test_anything_but_a_picture_is_refused(make, image, got):
    core = make()
    core.setImage(picture())
    kept = core.inference(posed())[0].copy()
    with pytest.raises(CoreError, match=rf"expected a uint8 array \(512, 512, 4\), BGRA; got {got}"):
        core.setImage(image)
    assert np.array_equal(core.inference(posed())[0], kept)


def test_poses_of_other_shapes_and_types_mean_the_same(make):
    core = make()
    core.setImage(picture())
    kept = core.inference(posed(head_x=0.5))[0].copy()
    for pose in (posed(head_x=0.5)[0], posed(head_x=0.5).astype(np.float64), posed(head_x=0.5).astype(np.float16)):
        assert np.array_equal(core.inference(pose)[0], kept)
        assert np.array_equal(core.inference([pose])[0], kept)
    assert np.array_equal(core.inference(np.zeros((1, 45), int))[0], core.inference(posed())[0])


def test_values_outside_their_ranges_are_limited(make):
    core = make()
    core.setImage(picture())
    for limit, sign in ((HIGHEST, 1), (LOWEST, -1)):
        kept = core.inference(limit)[0].copy()
        assert np.array_equal(core.inference(limit + np.float32(sign * 0.5))[0], kept)


@pytest.mark.parametrize(
    ("pose", "said"),
    [
        (np.zeros((1, 44), np.float32), r"float32 array \(1, 45\), or a list of such poses; got float32 \(1, 44\)"),
        (np.zeros((2, 45), np.float32), r"got float32 \(2, 45\)"),
        (np.zeros((1, 45), bool), r"got bool \(1, 45\)"),
        (np.zeros((1, 45), object), r"got object \(1, 45\)"),
        ([0.0] * 45, "got float"),
        (None, "got NoneType"),
        ([], r"expected a list of 1\.\. poses, got 0"),
        (posed(head_x=np.nan), r"value 39 of the pose \(head_x\) is nan"),
        ([posed(), posed(mouth_aaa=np.inf)], r"value 26 of the pose \(mouth_aaa\) is inf"),
        (np.full((1, 45), 1e300), r"value 0 of the pose \(eyebrow_troubled_left\) is inf"),
    ],
)
def test_anything_but_poses_is_refused(make, pose, said):
    core = make()
    core.setImage(picture())
    with pytest.raises(CoreError, match=said):
        core.inference(pose)
    assert core.inference(posed())[0].shape == (512, 512, 4)


def test_a_picture_comes_before_frames(make):
    with pytest.raises(CoreError, match="Call setImage first"):
        make().inference(posed())


def test_context_manager_close_and_the_last_reference_release_everything(make):
    with make() as core:
        core.setImage(picture())
        core.inference(posed())
    assert len(module._sessions) == 0
    core.close()
    for call in (lambda: core.setImage(picture()), lambda: core.inference(posed())):
        with pytest.raises(CoreError, match="closed"):
            call()


def test_the_last_reference_releases_everything(files):
    core = get_core(**PLAIN, **STUDENT, models_folder=files)
    gone = weakref.ref(core)
    assert len(module._sessions) == 2
    del core
    assert gone() is None and len(module._sessions) == 0


def test_two_cores_share_what_they_load_and_nothing_else(make):
    one, other = make(), make()
    assert len(module._sessions) == 2
    one.setImage(picture(10))
    kept = one.inference(posed())[0].copy()
    other.setImage(picture(200))
    assert not np.array_equal(other.inference(posed(head_x=1.0))[0], kept)
    assert np.array_equal(one.inference(posed())[0], kept)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_in_between_frames_lead_from_the_frame_before_to_the_real_one(make, scale):
    plain, core = make(), make(use_interpolation=True, interpolation_scale=scale, interpolation_half=False)
    plain.setImage(picture())
    core.setImage(picture())
    before = picture()
    for value in (0.2, 0.9, 0.1):
        real = plain.inference(posed(head_x=value))[0].copy()
        frames = core.inference(posed(head_x=value))
        assert isinstance(frames, list) and len(frames) == scale
        for frame, expected in zip(frames, frame_files.faded(before, real, scale), strict=True):
            assert np.abs(frame - expected).max() <= 0.5 + 1e-3
        assert np.array_equal(frames[-1], real)
        before = real
    core.setImage(picture(200))
    first = core.inference(posed(head_x=0.5))[0]
    plain.setImage(picture(200))
    real = plain.inference(posed(head_x=0.5))[0]
    assert np.abs(first - frame_files.faded(picture(200), real, scale)[0]).max() <= 0.5 + 1e-3


def test_one_pose_or_as_many_as_the_scale_give_as_many_frames(make):
    core = make(use_interpolation=True, interpolation_scale=3)
    core.setImage(picture())
    core.inference(posed())
    kept = np.array(core.inference(posed(head_x=0.9)))
    for poses in ([posed(head_x=0.9)], [posed(head_x=0.3), posed(head_x=0.6), posed(head_x=0.9)]):
        core.inference(posed())
        found = core.inference(poses)
        assert found.shape == (3, 512, 512, 4) and np.array_equal(found, kept)
    with pytest.raises(CoreError, match=r"expected a list of 1 \| 3 poses, got 2"):
        core.inference([posed(), posed()])


def test_all_frames_are_enlarged(make):
    plain = make(use_interpolation=True, interpolation_scale=3)
    core = make(use_interpolation=True, interpolation_scale=3, use_sr=True, sr_x4=False)
    for each in (plain, core):
        each.setImage(picture())
    found = core.inference([posed(head_x=0.7)])
    assert found.shape == (3, 1024, 1024, 4)
    for large, frame in zip(found, plain.inference(posed(head_x=0.7)), strict=True):
        assert np.array_equal(large, frame_files.repeated(frame))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"model_version": "v3", "model_half": False}, "tha3:seperable"),
        ({"model_version": "v3", "model_seperable": False}, "tha3:standard"),
        ({"model_version": "v4"}, "tha4"),
        ({}, tiny.STUDENT),
    ],
)
def test_each_model_of_both_generations_draws(make, options, name):
    core = make(**options)
    assert core._model.spec.name == name
    core.setImage(picture())
    still = core.inference(posed())[0].copy()
    assert not np.array_equal(core.inference(posed(head_x=1.0))[0], still)


def test_eyebrows_can_be_left_out(make):
    core = make(model_version="v4", model_use_eyebrow=False)
    core.setImage(picture())
    still = core.inference(posed())[0].copy()
    assert np.array_equal(core.inference(posed(eyebrow_happy_left=1.0))[0], still)
    assert core._model.plan.runs["combiner"] == 1


def test_student_without_a_name_is_the_default_one(make, tmp_path):
    tiny.layout(tmp_path, tiny.STUDENT).rename(tmp_path / "tha4_student")
    for name in ("", None):
        core = make(model_name=name, models_folder=tmp_path)
        assert core._model.spec.name == "tha4_student"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model_version": "v3", "model_half": True}, "tha3:seperable fp16 is not there; {}"),
        ({"model_version": "v4", "model_half": False}, "tha4 fp32 is not there; {}"),
        ({"use_interpolation": True}, "rife/rife_x2_fp16.onnx is not there; {}"),
    ],
)
def test_the_other_precision_is_used_with_a_word_about_it(make, files, caplog, options, said):
    make(**{"model_half": True, **options})
    (warning,) = warnings_of(caplog)
    assert warning.startswith(said.format(files)) and warning.endswith("is used instead.")


def test_nothing_is_said_when_everything_is_there(make, caplog):
    make(use_interpolation=True, interpolation_half=False)
    assert warnings_of(caplog) == []


def test_tensorrt_is_replaced_with_a_word_about_it(make, caplog):
    core = make(use_tensorrt=True)
    core.setImage(picture())
    core.inference(posed())
    assert warnings_of(caplog) == [f"use_tensorrt=True: this version has no TensorRT yet; {core.device} is used instead."]
    assert caplog.records[0].levelno == logging.WARNING


def test_missing_files_are_named(make, tmp_path):
    with pytest.raises(CatalogueError, match=rf"tha3:standard.*{re.escape(str(tmp_path))}"):
        make(model_version="v3", model_seperable=False, models_folder=tmp_path)
    tiny.layout(tmp_path, tiny.STUDENT)
    with pytest.raises(FrameGraphError, match=rf"rife_x4_fp16\.onnx.*{re.escape(str(tmp_path))}.*use_interpolation=False"):
        make(use_interpolation=True, interpolation_scale=4, models_folder=tmp_path)
    with pytest.raises(FrameGraphError, match=rf"Real-ESRGAN/exported_256_fp16\.onnx.*{re.escape(str(tmp_path))}.*use_sr=False"):
        make(use_sr=True, models_folder=tmp_path)


def test_folder_that_does_not_exist_is_named(make, tmp_path):
    with pytest.raises(CatalogueError, match="nowhere"):
        make(models_folder=tmp_path / "nowhere")


def test_files_are_looked_for_below_the_current_folder_then_in_the_installation(tmp_path, monkeypatch):
    """As upstream's callers have them: ./data/models."""
    monkeypatch.setattr(paths, "MODELS", tmp_path / "installed")
    tiny.layout(tmp_path / "installed", tiny.STUDENT)
    tiny.layout(tmp_path / "data" / "models", "tha3:seperable", "fp16")
    frame_files.rife(tmp_path / "data" / "models" / "rife_512" / "x2" / "fp16.onnx", 2, batched=False)
    monkeypatch.chdir(tmp_path)
    with get_core() as core:
        core.setImage(picture())
        assert len(core.inference(posed())) == 2
    with get_core(**PLAIN, **STUDENT) as core:
        assert core._model.spec.name == tiny.STUDENT


def test_anime4k_is_refused_with_what_there_is(make):
    with pytest.raises(CoreError, match=r"no Anime4K.*waifu2x"):
        make(use_sr=True, sr_a4k=True)


def test_easyvtuber_of_2025_runs_unchanged(make):
    """Every keyword and attribute that its model process uses."""
    model = make(
        device_id=0,
        use_tensorrt=True,
        model_seperable=True,
        model_half=True,
        model_cache=True,
        model_vram_cache=True,
        model_cache_size=0.5,
        model_use_eyebrow=False,
        use_interpolation=True,
        interpolation_scale=3,
        interpolation_half=True,
        use_cacher=True,
        cacher_quality=85,
        cacher_ram_size=0.25,
        use_sr=False,
        sr_half=False,
        sr_x4=False,
        sr_noise=1,
    )
    model.setImage(picture())
    shared = [np.zeros((512, 512, 4), np.uint8) for _ in range(3)]
    pose = np.zeros((1, 45), dtype=np.float32)
    for step in range(3):
        pose[0, 39] = step / 3
        frames = model.inference(pose)
        for target, frame in zip(shared, frames, strict=True):
            np.copyto(target, frame)
        assert 0 <= model.cacher.hits / (model.cacher.hits + model.cacher.miss + 1) <= 1
    assert model.cacher.miss == 3 and model.cacher.hits == 0


def test_easyvtuber_of_2026_runs_unchanged(make):
    """Poses on the way to the newest one, frames as one array, counters of what was there already."""
    scale = 2
    model = make(
        use_tensorrt=True,
        model_version="v4_student",
        model_name="tiny",
        model_seperable=False,
        model_half=False,
        model_cache_size=1.0,
        model_use_eyebrow=True,
        use_interpolation=True,
        interpolation_scale=scale,
        interpolation_half=False,
        cacher_ram_size=2.0,
        use_sr=True,
        sr_half=False,
        sr_x4=False,
        sr_a4k=False,
    )
    model.setImage(picture())
    model.inference([np.zeros((1, 45), dtype=np.float32)])
    last = np.zeros((45,), dtype=np.float32)
    for newest in (posed(head_x=0.6)[0], posed(head_x=0.6, head_y=0.5)[0]):
        step = (newest - last) / scale
        frames = model.inference([(last + step * (index + 1)).reshape(1, 45) for index in range(scale)])
        last = newest
        assert frames.shape == (scale, 1024, 1024, 4)
    counted = [(counter.hits, counter.miss) for counter in (model.cacher, model.sr_cacher, model.tha.cacher)]
    # Three different poses; two frames enlarged for each; the face was the same in all of them.
    assert counted == [(0, 3), (0, 6), (2, 4)]


def test_counters_are_there_while_there_is_a_cache_to_speak_of(make):
    core = make()
    core.setImage(picture())
    core.inference(posed())
    core.inference(posed())
    assert (core.cacher.hits, core.cacher.miss) == (1, 1) and core.sr_cacher is None
    assert make(cacher_ram_size=0).cacher is None
    assert make(use_cacher=False).cacher is None


@pytest.mark.needs("linux")
def test_memory_stays_flat(make):
    core = make(use_interpolation=True, interpolation_scale=2, interpolation_half=False)
    core.setImage(picture())
    moving = np.random.default_rng(0).uniform(0, 1, (500, 1, 45)).astype(np.float32)
    before = None
    for number, pose in enumerate(moving):
        core.inference(pose if number % 2 else [pose])
        if number == 50:
            before = memory()
    after = memory()
    assert before is not None and after is not None
    assert after.now - before.now < 8
