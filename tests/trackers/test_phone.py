"""trackers/phone.py: the address that a person typed."""

from pathlib import Path

import pytest

from ezvtb_core.link.locale import say
from ezvtb_core.link.settings import Settings
from tests.captures.phone_streams import ifacialmocap
from tests.peers import Sender, free_port, wait_until
from trackers.context import Context
from trackers.ifacialmocap import IFacialMocapTracker
from trackers.sockets import lan_address, numeric_address
from trackers.vtube_studio import VTubeStudioTracker


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("  192.168.1.20\n", "192.168.1.20"),
        ("１９２．１６８．１．２０", "192.168.1.20"),
        ("192。168。1。20", "192.168.1.20"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::1", "::1"),
        ("", None),
        ("iphone", None),
        ("iphone.local", None),
        ("192.168.1", None),
        ("192.168.1.300", None),
        ("192.168.1.20:49983", None),
        ("0.0.0.0", None),
        ("224.0.0.1", None),
        ("255.255.255.255", None),
        ("fe80::1%eth0", None),
        ("192.168.1.20; rm", None),
    ],
)
def test_only_numbers_are_addresses(typed: str, address: str | None) -> None:
    assert numeric_address(typed) == address


def test_the_own_address_is_of_the_way_to_the_phone() -> None:
    assert lan_address("127.0.0.1") == "127.0.0.1"
    assert lan_address("::1") in ("::1", "127.0.0.1")  # the second where there is no IPv6


@pytest.mark.parametrize("made", [IFacialMocapTracker, VTubeStudioTracker])
def test_a_name_is_refused_in_a_sentence_but_what_comes_is_used(
    made: type[IFacialMocapTracker] | type[VTubeStudioTracker], tmp_path: Path
) -> None:
    port = free_port()
    settings = Settings(phone_address="my-iphone.local", ifacialmocap_port=port, vtube_studio_port=port)
    tracker = made(settings, Context(calibrations=tmp_path))
    tracker.start()
    try:
        assert wait_until(lambda: tracker.status().state == "error")
        assert "my-iphone.local is not the address of a phone" in say(tracker.status().notice, "en-US")
        if made is IFacialMocapTracker:
            with Sender(port) as sender:
                sender.send(ifacialmocap([0.0] * 52, (0, 0, 0)))
                assert wait_until(lambda: tracker.status().state == "live")
    finally:
        tracker.stop()


def test_a_phone_that_no_way_leads_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = VTubeStudioTracker(
        Settings(phone_address="10.9.8.7", vtube_studio_port=free_port()), Context(calibrations=tmp_path)
    )
    monkeypatch.setattr(tracker._receiver, "send", lambda payload, address, port: False)
    tracker.start()
    try:
        assert wait_until(lambda: "no way from this computer to the phone 10.9.8.7" in say(tracker.status().notice, "en-US"))
    finally:
        tracker.stop()
