"""Whether the config.pbtxt that stands in a repository describes a new version of its model too."""

from typing import Final

from ...framework.errors import ExportError
from .models import OWNER
from .pbtxt import Document, read_pbtxt, to_pbtxt
from .settings import Device

_PORT_FIELDS: Final = ("data_type", "dims", "reshape", "optional", "label_filename")


def check_compatible(found: Document, wanted: Document, file: str, device: Device) -> None:
    """Compare what belongs to the graphs; all else is the user's.

    Args:
        found: what the file says.
        wanted: what would be written.
        file: what errors call it.
        device: that was asked for; `auto` agrees with all.

    Raises:
        ExportError: naming the first field that differs.
    """
    old, new = _graph_fields(found), _graph_fields(read_pbtxt(to_pbtxt(wanted), file))
    if device != "auto":
        old["instance_group: kind"], new["instance_group: kind"] = _kinds(found), _kinds(wanted)
    for field in {**new, **old}:
        if old.get(field) != new.get(field):
            raise ExportError(
                f"{file} does not describe the new version, which needs another name: {field} is {old.get(field)}, "
                f"but must be {new.get(field)}."
            )


def _graph_fields(config: Document) -> dict[str, str]:
    """Values by the place of the field."""
    fields = {name: str(config.get(name)) for name in ("backend", "max_batch_size")}
    for kind in ("input", "output"):
        ports = config.get(kind, [])
        fields[f"{kind}: name"] = _show([port.get("name") for port in ports])
        for port in ports:
            for field in _PORT_FIELDS:
                if field in port:
                    fields[f"{kind} {port.get('name')!r}: {field}"] = _show(port[field])
    for parameter in config.get("parameters", []):
        if parameter.get("key") == OWNER:
            fields[f"parameter {OWNER}"] = parameter.get("value", {}).get("string_value", "")
    return fields


def _kinds(config: Document) -> str:
    return _show(sorted({group.get("kind", "KIND_AUTO") for group in config.get("instance_group", [])}))


def _show(value: object) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
