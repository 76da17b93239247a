"""The avatar engine. Importing this package imports nothing else (OBS loads it in its own process)."""

__version__ = "0.1.0"
