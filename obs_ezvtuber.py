"""EZVTuber for OBS. OBS loads this file as a script; run outside OBS it is the command line: `python3 obs_ezvtuber.py --help`."""

import os
import sys

# Old Pythons must be able to read this file, so that they can say what is wrong.
if sys.version_info < (3, 8):
    _SENTENCE = (
        "EZVTuber needs Python 3.10 or newer (inside OBS 3.8 will do); this is Python %d.%d. "
        "Get it from https://www.python.org/downloads/ and try again." % sys.version_info[:2]
    )
    if __name__ != "__main__":
        raise ImportError(_SENTENCE)  # inside OBS: goes to the script log; SystemExit would end OBS
    sys.stderr.write(_SENTENCE + "\n")
    sys.exit(2)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

if __name__ == "__main__":
    from ezvtb_core.commands import entry

    sys.exit(entry.main(sys.argv[1:], os.environ))

# The Reload button runs this file again in the same module; our packages must follow, or an update would need a restart.
if "script" in globals():
    for _name in [name for name in sys.modules if name.split(".")[0] in ("obs_bridge", "ezvtb_core", "trackers")]:
        del sys.modules[_name]

from obs_bridge import script  # noqa: E402 - the path and the purge come first

# First on the path only while our packages are found (OBS puts the script's folder last, where any installed package of the
# same name would win), not longer: other scripts must not find our folders under names of theirs.
sys.path.remove(HERE)


def script_description():
    """The text on the Tools > Scripts page."""
    return script.description()


def script_load(settings):
    """OBS calls this when the script was added, reloaded, or its scene collection opened."""
    script.load()


def script_unload():
    """OBS calls this before it reloads or removes the script, switches the scene collection, or ends."""
    script.unload()


def script_properties():
    """The Tools > Scripts page: version, status, Install/Repair, open folder."""
    import obspython

    return script.fill_page(obspython.obs_properties_create())
