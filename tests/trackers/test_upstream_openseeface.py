"""trackers/upstream_openseeface.py against the original client, executed on recorded datagrams with its filters switched off."""

import numpy as np
import pytest

from tests.peers import capture
from tests.trackers.recorded_faces import archive
from trackers.openseeface_packet import parse
from trackers.upstream_openseeface import First, upstream_openseeface


@pytest.mark.parametrize("name", ["osf_capture", "osf_capture_expr"])
def test_equal_to_the_original(name: str) -> None:
    golden = archive(f"golden/{name}_upstream.npz")
    faces = [parse(payload)[0] for _, payload in capture(f"{name}.bin")][int(golden["first_datagram"]) :]
    first = First(faces[0].pitch, faces[0].yaw, faces[0].roll)
    poses = np.array([upstream_openseeface(face, first) for face in faces])
    assert len(poses) == len(golden["pose"])
    assert np.abs(poses - golden["pose"]).max() < 1e-4
