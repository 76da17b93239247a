"""Every colour of the character, ``#rrggbb``: sea foam hair that ends in dusk, amber eyes, cream and navy, coral accents."""

SKIN = "#ffeadd"
SKIN_SHADE = "#f7c3b0"
SKIN_DEEP = "#e79f91"
SKIN_LINE = "#a4574f"
BLUSH = "#ff8f86"

HAIR = ("#b4efe0", "#86d9d3", "#57b2c1", "#5387bd", "#9583cf")
HAIR_SHADE = ("#7ccfcd", "#55b0bd", "#3a8aa6", "#3f68a6", "#6c5db2")
HAIR_BACK = ("#4a9fb2", "#3d83a6", "#3c6699", "#57609f", "#8270b8")
HAIR_DEEP = "#4b4c93"
HAIR_GLOW = "#ecfff6"
HAIR_LINE = "#1f5271"
BROW = "#1f4e69"

CLOTH = "#fff8ec"
CLOTH_SHADE = "#dcd3e2"
CLOTH_DEEP = "#b3aac8"
CLOTH_LINE = "#5c5580"
NAVY = "#33457e"
NAVY_SHADE = "#243264"
NAVY_LIGHT = "#5a74b4"
NAVY_LINE = "#161f47"
CORAL = "#ff8474"
CORAL_SHADE = "#dc5565"
CORAL_LIGHT = "#ffb3a0"
CORAL_LINE = "#8f2c45"
GOLD = "#ffd873"
GOLD_SHADE = "#f0a552"
GOLD_LINE = "#9a5a2c"
WAVE = "#7fd3d6"
WAVE_SHADE = "#5ab1c4"

LASH = "#3a2036"
LASH_WARM = "#8a3f3f"
SCLERA = "#fffaf6"
SCLERA_SHADE = "#cfc4e0"
IRIS = ("#5e1d33", "#b4412f", "#f18a3a", "#ffd576")
IRIS_RING = "#57182c"
PUPIL = "#451127"
IRIS_GLOW = "#fff1a8"

MOUTH_LINE = "#963f45"
MOUTH_DARK = "#8c2f43"
MOUTH_LIGHT = "#c9525c"
TONGUE = "#f58d88"
TEETH = "#fffaf5"
