"""The settings by theme; `link/settings.py` puts them together. Standard library only, Python 3.8+."""
