"""What the panel says where two sides know something about the same trouble."""

from __future__ import annotations

from ezvtb_core.link.messages import Notice
from ezvtb_core.link.status import EngineStatus
from obs_bridge.controls import with_reasons
from obs_bridge.panel import status_lines

MISSING = Notice("camera_source_missing", name="Camera")
SILENT = Notice("sound_source_missing", name="Voice")


def test_an_engine_that_is_fed_nothing_leaves_it_to_obs_to_say_why():
    waiting = Notice("webcam_no_source")
    status = EngineStatus(notice=waiting, tracker_notice=waiting, sound_notice=Notice("sound_obs_waiting", name="Voice"))
    told = with_reasons(status, {"camera": MISSING, "sound": SILENT})
    assert (told.notice, told.tracker_notice, told.sound_notice) == (MISSING, MISSING, SILENT)
    lines = status_lines(told, [MISSING, SILENT], [], {}, "en-US")
    assert [line.name for line in lines] == ["status_engine", "status_sound"]


def test_what_else_an_engine_says_stays():
    status = EngineStatus(tracker_notice=Notice("webcam_no_model", folder="models"), sound_notice=Notice("sound_obs_choose"))
    assert with_reasons(status, {"camera": MISSING, "sound": SILENT}) == status
    assert with_reasons(EngineStatus(tracker_notice=Notice("webcam_no_source")), {}).tracker_notice == Notice("webcam_no_source")
