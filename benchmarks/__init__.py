"""Ours against the reference package and ONNX Runtime, in one run: `python -m benchmarks`."""
