"""ezvtb_core/commands/finding.py: what `doctor --json` says of one thing."""

from ezvtb_core.commands.finding import NOTE, Finding
from ezvtb_core.link.messages import Notice


def test_a_finding_for_programs_has_everything() -> None:
    finding = Finding("port", NOTE, Notice("doctor_port_taken", tracker="vmc", port=39539, owner="x (1)"), {"port": 39539})
    said = finding.to_json("en-US")
    assert (said["area"], said["level"], said["code"], said["facts"]) == ("port", "note", "doctor_port_taken", {"port": 39539})
    assert "39539" in said["text"]
    assert said["text"] != finding.to_json("zh-CN")["text"]
