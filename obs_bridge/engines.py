"""The engine hosts of this OBS, and redrawing open panels when something they say has changed."""

from __future__ import annotations

from typing import Dict

from ezvtb_core.link.hosts import EngineHost
from ezvtb_core.link.in_process import ThreadHost
from ezvtb_core.link.worker_process import ProcessHost
from obs_bridge.chores import Chores
from obs_bridge.registration import Holder, Instance


class Engines:
    """One host of each kind for all sources. A host that no source uses only sleeps."""

    def __init__(self, process: Holder, chores: Chores) -> None:
        self._process = process
        self._chores = chores
        self.hosts: Dict[str, EngineHost] = {host.kind: host(self.changed) for host in (ProcessHost, ThreadHost)}

    def stop(self, timeout: float) -> None:
        """End all hosts; each is waited for, at most `timeout` seconds."""
        for host in self.hosts.values():
            host.stop(timeout)

    def restart(self) -> None:
        """Start what runs again, because it has more to work with now."""
        for host in self.hosts.values():
            if host.host_status().state != "stopped":
                host.restart()

    def refresh_later(self, instance: Instance, delay: float = 0.0) -> None:
        """Draw the source's open panel again when nothing else asked for it for `delay` seconds."""
        self._chores.later(lambda: self._refresh(instance), delay, "refresh %d" % instance.data)

    def _refresh(self, instance: Instance) -> None:
        """On a thread of ours, so that Qt queues the redrawing for the user interface instead of doing it here."""
        source = self._process.strong(instance)
        if source:
            self._process.libobs.obs_source_update_properties(source)
            self._process.libobs.obs_source_release(source)

    def changed(self, name: str) -> None:
        """What the panel of the source with this name says is not what it said before."""
        for instance in list(self._process.instances.values()):
            if instance.state is not None and instance.state.name == name:
                self.refresh_later(instance)
