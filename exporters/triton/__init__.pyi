from .repository import TritonExport as TritonExport, write_triton as write_triton
