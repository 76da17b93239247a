from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from ezvtb_core import backends, image_doctor, pose
from ezvtb_core.assemble import Assembly, build_model, movement
from ezvtb_core.backends import SessionOptions
from ezvtb_core.backends.fake import FakeSession
from ezvtb_core.image_doctor import Fit
from ezvtb_core.link import paths
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose
from tests.ezvtb_core.engine_fakes import FakeSink, until
from tests.ezvtb_core.models.published import publish


def test_bundled_character_is_drawn_without_any_setting():
    model = build_model(Settings())
    frame = model.render(pose.neutral())
    assert model.spec.name == "puppet"
    assert (frame[..., 3] == 255).mean() > 0.1
    assert (frame[:8, :8, 3] == 0).all()
    model.close()


def test_users_picture_is_drawn_without_a_network(tmp_path):
    Image.new("RGB", (300, 400), (10, 20, 30)).save(tmp_path / "a.png")
    model = build_model(Settings(character=str(tmp_path / "a.png")), backend="no such backend")
    assert model.render(pose.neutral())[500, 256].tolist() == [30, 20, 10, 255]


def test_the_settings_say_how_a_picture_is_fitted(tmp_path, monkeypatch):
    """A network gets the head in its place; what needs no network keeps the whole picture; a student's own is used as it is."""
    asked = []
    load = image_doctor.load

    def recorded(path, fit, keep_whole=False):
        asked.append((path.name, fit, keep_whole))
        return load(path, fit, keep_whole)

    monkeypatch.setattr(image_doctor, "load", recorded)
    folder = publish(tmp_path / "models", "tha4_student:me")
    for copy in (tmp_path / "a.png", folder / "character.png"):
        shutil.copyfile(paths.STILL_IMAGE, copy)
    own = str(tmp_path / "a.png")
    model = build_model(Settings(character=own, character_fit="manual", head_x=40, head_y=30, head_size=20))
    assert model.report is not None and model.report.mode == "manual"
    student = Settings(model="tha4_student:me", models_folder=str(tmp_path / "models"))
    build_model(student, backend="fake").close()
    build_model(student.with_values({"character": own}), backend="fake").close()
    assert asked == [
        ("a.png", Fit("manual", 0.4, 0.3, 0.2), True),
        ("character.png", Fit("template"), False),
        ("a.png", Fit("auto"), False),
        ("character.png", Fit("template"), False),  # is it the student's own?
    ]


def test_a_student_says_when_the_picture_is_not_the_one_it_was_trained_for(tmp_path):
    folder = publish(tmp_path / "models", "tha4_student:me")
    shutil.copyfile(paths.STILL_IMAGE, folder / "character.png")
    other = Image.open(paths.STILL_IMAGE).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    other.save(tmp_path / "other.png")

    def sentences(character: str) -> list[str]:
        student = Settings(model="tha4_student:me", models_folder=str(tmp_path / "models"), character=character)
        model = build_model(student, backend="fake")
        assert model.report is not None
        return [notice.code for notice in model.report.notices]

    assert sentences(str(tmp_path / "other.png"))[0] == "picture_of_another"
    assert "picture_of_another" not in sentences("") + sentences(str(folder / "character.png"))


def test_backend_that_is_not_there_is_a_sentence():
    with pytest.raises(NoticeError, match="no such backend"):
        build_model(Settings(), backend="no such backend")


def test_backend_of_the_settings_is_used_unless_another_is_named(monkeypatch):
    asked = []
    choose = backends.choose
    monkeypatch.setattr(backends, "choose", lambda setting: asked.append(setting) or choose(setting))
    build_model(Settings(backend="cpu")).close()
    build_model(Settings(backend="cpu"), backend="fake").close()
    build_model(Settings()).close()
    assert asked == ["cpu", "fake", "auto"]
    with pytest.raises(NoticeError, match="CUDAExecutionProvider"):
        build_model(Settings(backend="cuda"))


def test_device_and_threads_of_the_settings_reach_the_session(monkeypatch):
    seen = []
    monkeypatch.setattr(FakeSession, "__init__", recording(FakeSession.__init__, seen))
    build_model(Settings(device=3, cpu_threads=5), backend="fake").close()
    assert [options for _, _, options in seen] == [SessionOptions(threads=5, device=3)]


def recording(init, seen):
    def made(self, *given):
        seen.append(given)
        init(self, *given)

    return made


def test_models_of_an_assembly_share_their_session():
    assembly = Assembly("fake")
    models = [assembly.model(Settings()), assembly.model(Settings())]
    assert len(assembly.sessions) == 1
    for model in models:
        model.close()
    assert len(assembly.sessions) == 0


def test_sources_move_differently_and_each_always_the_same():
    def watched(name: str) -> np.ndarray:
        moving = movement(name)
        return np.array([moving.pose(None, 50 + step / 30, Settings()) for step in range(90)])

    assert np.array_equal(watched("a"), watched("a"))
    assert not np.array_equal(watched("a"), watched("b"))
    assert np.ptp(watched("a"), axis=0).max() > 0.05


def test_engine_from_settings_to_frames():
    heard: list[TrackedPose] = []
    engine, sink = Assembly().engine(Settings(), listener=heard.append), FakeSink()
    engine.attach(sink)
    engine.start()
    until(lambda: len(sink.frames) >= 3)
    engine.stop()
    assert len(sink.frames[0]) == 512 * 512 * 4
    assert heard and heard[0].pose.shape == (45,)
    assert engine.status().model == "puppet"
    assert engine.status().device.startswith("CPU, 2 threads")
