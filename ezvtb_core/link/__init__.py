"""What OBS and the worker share: settings, texts, frame buffer, host protocol. Standard library only, Python 3.8+."""
