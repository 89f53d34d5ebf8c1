"""ONNX Runtime as what runs graphs: its providers and their options, and torch's memory bound to its graphs."""
