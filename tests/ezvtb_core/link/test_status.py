"""The engine's status as JSON."""

from __future__ import annotations

import json

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus, PictureStatus


def test_a_status_survives_json_and_unknown_fields_are_left_out():
    status = EngineStatus(state="running", fps=29.5, warnings=[Notice("settings_newer", got=2, known=1)])
    data = json.loads(json.dumps(status.to_json()))
    assert EngineStatus.from_json({**data, "mood": "good"}) == status


def test_what_is_said_about_the_picture_survives_json():
    picture = PictureStatus(85, [Notice("picture_head_small", got=80, wanted=115), Notice("picture_dirt", pixels=9)], 1)
    data = json.loads(json.dumps(EngineStatus(picture=picture).to_json()))
    assert EngineStatus.from_json(data).picture == picture
    for nothing in (None, 3, {}, {"score": "high"}):
        assert EngineStatus.from_json({**data, "picture": nothing}).picture is None


def test_sound_recording_and_expressions_survive_json():
    status = EngineStatus(
        sound_state="lost",
        sound_notice=Notice("microphone_gone", name="USB"),
        recording=True,
        message=Notice("recording_runs"),
        expressions=["smile"],
    )
    assert EngineStatus.from_json(json.loads(json.dumps(status.to_json()))) == status
