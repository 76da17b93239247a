"""trackers/traffic.py: counting, and several ports as one."""

import time

from ezvtb_core.link.messages import Notice
from trackers.traffic import Counter, Traffic, merge


def test_counts_and_rates() -> None:
    counter = Counter(lambda payload, sender, arrival: payload == b"good", "UDP port 5")
    now = time.monotonic()
    assert counter.offer(b"good", "a:1", now - 5.0)
    assert counter.offer(b"good", "a:1", now)
    assert not counter.offer(b"bad", "b:2", now)
    counter.reject("c:3", now)
    traffic = counter.traffic(True, None)
    assert (traffic.accepted, traffic.rejected, traffic.rate, traffic.rejected_rate) == (2, 2, 1.0, 2.0)
    assert (traffic.sender, traffic.stranger, traffic.last_accepted, traffic.last_rejected) == ("a:1", "c:3", now, now)


def test_merge() -> None:
    problem = Notice("udp_port_in_use", port=5)
    one = Traffic(
        listening=True, accepted=3, rejected=1, rate=2.0, sender="a:1", stranger="x:1", last_accepted=1.0, last_rejected=9.0
    )
    two = Traffic(problem=problem, accepted=4, rejected=5, rejected_rate=3.0, sender="b:2", stranger="y:2", last_accepted=2.0)
    both = merge([one, two])
    assert both.listening
    assert both.problem == problem
    assert (both.accepted, both.rejected, both.rate, both.rejected_rate) == (7, 6, 2.0, 3.0)
    assert (both.sender, both.stranger, both.last_accepted, both.last_rejected) == ("b:2", "x:1", 2.0, 9.0)
    assert merge([one]) == one
