"""What hotkeys there are and what they ask of the engine; in OBS they are pressed by tests/obs/test_hotkeys.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ezvtb_core.link import expression_files
from ezvtb_core.link.expression_files import ExpressionFile
from ezvtb_core.link.settings import Settings
from ezvtb_core.link.status import EngineStatus
from obs_bridge import libobs as c
from obs_bridge.hotkeys import Hotkeys, Switches
from obs_bridge.registration import Instance

HOLD, TOGGLE = Settings(), Settings(expression_mode="toggle")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_bundled_expression_has_a_name_of_its_own(locale):
    found = {expression.name: expression.label(locale) for expression in expression_files.scan()[0]}
    assert set(expression_files.ORDER) <= set(found)
    assert len(set(found.values())) == len(found)
    assert not set(found) & set(found.values())


class Library:
    """Gives hotkeys numbers."""

    def __init__(self, first: int = 10) -> None:
        self.made: list[tuple[bytes, bytes]] = []
        self.held = 0
        self._first = first

    def obs_hotkey_register_source(self, source: int, name: bytes, label: bytes, callback: object, data: int) -> int:
        assert self.held == 1
        self.made.append((name, label))
        return self._first + len(self.made)

    def obs_source_release(self, source: int) -> None:
        self.held -= 1


def process_of(library: Library, alive: bool = True) -> Any:
    def strong(instance: Instance) -> int:
        library.held += alive
        return int(alive)

    return SimpleNamespace(libobs=library, keep={"callbacks": {"hotkey": 1}}, strong=strong)


SMILE = ExpressionFile("smile", {"en": "Smile", "zh-CN": "微笑"}, {}, False)


def test_a_source_gets_each_hotkey_once():
    library, instance = Library(), Instance(5, 6, 7)
    Hotkeys(process_of(library), "en-US", [SMILE]).register(instance)
    assert [name for name, _ in library.made] == [b"ezvtuber.recentre", b"ezvtuber.record", b"ezvtuber.express.smile"]
    assert library.made[2][1] == b"EZVTuber: expression Smile"
    assert instance.hotkeys == {11: "recentre", 12: "record", 13: "express:smile"}
    # The script was loaded again, with an expression more.
    Hotkeys(process_of(library), "zh-CN", [SMILE, ExpressionFile("mine", {"en": "Mine", "zh-CN": "我的"}, {}, True)]).register(
        instance
    )
    assert [name for name, _ in library.made[3:]] == [b"ezvtuber.express.mine"]
    assert "我的" in library.made[3][1].decode()
    assert library.held == 0


def test_a_source_that_is_going_gets_none():
    library, instance = Library(), Instance(5, 6, 7)
    Hotkeys(process_of(library, alive=False), "en-US", [SMILE]).register(instance)
    assert (library.made, instance.hotkeys) == ([], {})


def test_a_hotkey_that_obs_refuses_is_tried_again_later():
    library, instance = Library(c.OBS_INVALID_HOTKEY_ID - 1), Instance(5, 6, 7)
    Hotkeys(process_of(library), "en-US", []).register(instance)
    assert list(instance.hotkeys.values()) == ["record"]


def test_held_expressions_are_on_as_long_as_the_key_is_down():
    switches, status = Switches(), EngineStatus()
    assert switches.command("express:smile", True, HOLD, status) == "express_on:smile"
    assert switches.command("express:smile", False, HOLD, status) == "express_off:smile"


def test_each_press_turns_an_expression_over_whatever_the_engine_has_said_so_far():
    now = [0.0]
    switches = Switches(lambda: now[0])
    off, on = EngineStatus(), EngineStatus(expressions=["smile"])
    asked = [switches.command("express:smile", pressed, TOGGLE, off) for pressed in (True, False, True, False)]
    assert asked == ["express_on:smile", None, "express_off:smile", None]
    now[0] = 10.0
    assert switches.command("express:smile", True, TOGGLE, on) == "express_off:smile"
    now[0] = 20.0
    # The engine was started anew meanwhile: nothing is on.
    assert switches.command("express:smile", True, TOGGLE, off) == "express_on:smile"
    assert switches.command("express:other:name", True, TOGGLE, off) == "express_on:other:name"


def test_recording_starts_and_stops_with_each_press_and_recentre_has_no_other_side():
    switches, status = Switches(), EngineStatus()
    asked = [switches.command("record", pressed, HOLD, status) for pressed in (True, False, True, False)]
    assert asked == ["record_start", None, "record_stop", None]
    assert [switches.command("recentre", pressed, HOLD, status) for pressed in (True, False)] == ["recentre", None]
    assert Switches().command("record", True, HOLD, EngineStatus(recording=True)) == "record_stop"


def test_an_expression_that_is_learned_later_gets_its_hotkey_too():
    library, instance = Library(), Instance(5, 6, 7)
    hotkeys = Hotkeys(process_of(library), "zh-CN", [SMILE])
    hotkeys.register(instance)
    hotkeys.learn([SMILE, ExpressionFile("mine", {"en": "My face"}, {}, True)])
    hotkeys.register(instance)
    assert [name for name, _ in library.made] == [
        b"ezvtuber.recentre",
        b"ezvtuber.record",
        b"ezvtuber.express.smile",
        b"ezvtuber.express.mine",
    ]
    assert hotkeys.labels == {"smile": "微笑", "mine": "My face"}
