from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ezvtb_core import pose
from ezvtb_core.assemble import Assembly, build_model, movement
from ezvtb_core.link.messages import NoticeError
from ezvtb_core.link.settings import Settings
from ezvtb_core.pose import TrackedPose
from tests.ezvtb_core.engine_fakes import FakeSink, until


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


def test_backend_that_is_not_there_is_a_sentence():
    with pytest.raises(NoticeError, match="no such backend"):
        build_model(Settings(), backend="no such backend")


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
