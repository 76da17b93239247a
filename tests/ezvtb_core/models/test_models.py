from __future__ import annotations

import pytest

from ezvtb_core import models
from ezvtb_core.link.settings import OPTIONS, Settings
from ezvtb_core.models import ModelError


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "puppet"),
        ({"character": "a.png"}, "picture"),
        ({"model": "puppet", "character": "a.png"}, "puppet"),
        ({"model": "picture"}, "picture"),
    ],
)
def test_resolve(values, expected):
    assert models.resolve(Settings(**values)) == expected


def test_every_choice_of_the_setting_is_a_family():
    for choice in OPTIONS["model"].choices:
        if choice.value != models.AUTO:
            assert models.family(choice.value).build


def test_variants_belong_to_their_family():
    assert models.family("puppet:anything") is models.family("puppet")


def test_unknown_family_names_the_known_ones():
    with pytest.raises(ModelError, match="puppet, picture"):
        models.family("nonsense:x")
