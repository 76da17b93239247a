"""A second OBS script for the tests: runs Python inside the OBS process on request, over a local socket.

OBS offers no way to press the Reload button or to read a panel's texts from outside; from inside both are one call.
"""

import ctypes
import json
import os
import socket
import sys
import threading
import traceback


def holder():
    """The process-wide part of EZVTuber."""
    return sys.modules["_ezvtuber_obs_process"]


def instances():
    """Every live source of ours, oldest first."""
    return list(holder().instances.values())


def panel_texts(number=0):
    """The info lines of a source's panel, as (name, text, level)."""
    return [(line.name, line.text, line.level) for line in holder().implementation.panel(instances()[number]).lines]


def status(number=0):
    """The engine status behind a source."""
    implementation = holder().implementation
    state = instances()[number].state
    return implementation._engines.hosts[state.host].status(state.name).to_json()


def reload_script(name="obs_ezvtuber"):
    """Do what the Reload button does, on the UI thread."""
    capsule = sys.modules[name].__script_data__
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    title = ctypes.pythonapi.PyCapsule_GetName
    title.restype, title.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer = get(capsule, title(capsule))
    scripting = _scripting_library()
    libobs = ctypes.CDLL(None)
    libobs.obs_queue_task.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_bool]
    libobs.obs_queue_task(0, ctypes.cast(scripting.obs_script_reload, ctypes.c_void_p), pointer, True)


def _scripting_library():
    """The one that is loaded already; its name changed with OBS 30."""
    with open("/proc/self/maps") as maps:  # noqa: PTH123 - one line, inside OBS
        return ctypes.CDLL(next(line.split()[-1] for line in maps if "libobs-scripting.so" in line))


def _serve():
    server = socket.socket(socket.AF_UNIX)
    server.bind(os.environ["EZVTUBER_TEST_PROBE"])
    server.listen(1)
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rw") as stream:
            for line in stream:
                names = dict(globals())
                try:
                    exec(json.loads(line), names)
                    answer = {"result": names.get("result")}
                except Exception:  # noqa: BLE001 - whatever it was, the test is told
                    answer = {"error": traceback.format_exc()}
                stream.write(json.dumps(answer) + "\n")
                stream.flush()


if "obspython" in sys.modules and "_started" not in globals():
    _started = True
    threading.Thread(target=_serve, daemon=True).start()
