"""What an encoder's graph computes before its values are tame: from raw sound to the logarithm of its powers."""

from collections.abc import Collection

import onnx


def find_front_end(graph: onnx.GraphProto, full_precision: Collection[str]) -> set[str]:
    """Names of the nodes that use constants of modules in full precision, or make a logarithm, and of all before.

    Args:
        graph: of an encoder; its nodes have names.
        full_precision: names of modules, as initializers begin with them, see `full_precision_modules`.
    """
    prefixes = tuple(f"{name}." for name in full_precision)
    makers = {output: node for node in graph.node for output in node.output}
    waiting = [
        node
        for node in graph.node
        if node.op_type == "Log" or (prefixes and any(name.startswith(prefixes) for name in node.input))
    ]
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.name not in found:
            found.add(node.name)
            waiting += [makers[name] for name in node.input if name in makers]
    return found
