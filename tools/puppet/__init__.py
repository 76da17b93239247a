"""Draws the bundled character and compiles it to one ONNX graph: ``python -m tools.puppet --out data/character``."""
