"""The only package that knows OBS. Standard library only, Python 3.8+; it runs inside the OBS process."""
