"""OpenVINO as what runs graphs, in place of ONNX Runtime."""
