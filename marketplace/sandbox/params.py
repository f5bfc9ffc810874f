"""Form bodies as the SDK sends them: `line_items[0][price_data][currency]=eur`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl


def decode(body: str) -> dict[str, Any]:
    """Nested dictionaries and lists of strings from a flat form body."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        path = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        place(tree, path, value)
    return {name: listed(value) for name, value in tree.items()}


def place(tree: dict[str, Any], path: list[str], value: str) -> None:
    """Put `value` at the end of `path`; an empty step (`a[]=x`) takes the next number."""
    for step in path[:-1]:
        tree = tree.setdefault(step or str(len(tree)), {})
    tree[path[-1] or str(len(tree))] = value


def listed(value: Any) -> Any:
    """Turn the dictionaries whose keys are 0, 1, 2… into lists, all the way down."""
    if not isinstance(value, dict):
        return value
    inside = {name: listed(part) for name, part in value.items()}
    return list(inside.values()) if inside and all(name.isdigit() for name in inside) else inside
