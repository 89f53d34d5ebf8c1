"""From an adapted model to one ONNX artefact, and from the artefact to predictions without torch."""
