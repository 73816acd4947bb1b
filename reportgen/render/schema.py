"""The JSON Schema of the report's JSON, and its reference as Markdown, both made of the types in `shape`."""

from __future__ import annotations

import ast
import inspect
import io
import sys
import textwrap
import tokenize
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

from reportgen.findings import Severity
from reportgen.render.shape import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", int: "integer", bool: "boolean", type(None): "null"}


def json_schema(*, closed: bool = False) -> dict[str, Any]:
    """What `--json` and `diagnose --format json` write, as a JSON Schema (2020-12).

    closed: refuse fields that aren't listed, as our own tests do; readers must not, since new ones may come.
    """
    kinds = {_name(kind): kind for kind in kinds_of(Document)}
    made = {name: _object(kind, closed) for name, kind in kinds.items()}
    return {
        "$schema": DIALECT,
        "title": "reportgen's report as JSON",
        "description": "A number that isn't finite is null. New fields may come within one `schema` number.",
        **made.pop("Document"),
        "$defs": made,
    }


def reference() -> str:
    """Every object of the JSON with its fields, types and meanings, as Markdown."""
    parts = []
    for kind in kinds_of(Document):
        rows = [f"| `{field}` | {_spoken(hint)} | {_cell(meaning)} |" for field, hint, meaning in described(kind)]
        parts.append(f"### {_name(kind)}\n\n{_summary(kind)}\n\n| field | type | meaning |\n|---|---|---|\n"
                     + "\n".join(rows))  # fmt: skip
    return "\n\n".join(parts) + "\n"


def kinds_of(kind: type) -> list[type]:
    """A type of objects and every other that it is made of, in reading order."""
    found, waiting = [], [kind]
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found.append(one)
            waiting += [inner for _, hint, _ in described(one) for inner in _objects(hint)]
    names = [_name(one) for one in found]
    assert len(set(names)) == len(names), "two types of one name"
    return found


def described(kind: type) -> list[tuple[str, Any, str]]:
    """Field, type and meaning of each field; the meaning is the comment behind it."""
    hints, said = get_type_hints(kind, include_extras=True), _comments(kind)
    names = [item.name for item in fields(kind)] if is_dataclass(kind) else list(hints)
    return [(name, hints[name], said.get(name, "")) for name in names]


def _objects(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and (is_dataclass(hint) or is_typeddict(hint)):
        yield hint
    for inner in get_args(hint) if get_origin(hint) is not Literal else ():
        yield from _objects(inner)


def _name(kind: type) -> str:
    return kind.__name__.removesuffix("Said")


def _summary(kind: type) -> str:
    return (inspect.getdoc(kind) or "").split("\n")[0]


def _object(kind: type, closed: bool) -> dict[str, Any]:
    listed = described(kind)
    return {
        "type": "object",
        "description": _summary(kind),
        "properties": {
            name: {**_typed(hint), **({"description": meaning} if meaning else {})} for name, hint, meaning in listed
        },
        "required": [name for name, hint, _ in listed if get_origin(hint) is not NotRequired],
        **({"additionalProperties": False} if closed else {}),
    }


def _typed(hint: Any) -> dict[str, Any]:
    """A type as JSON Schema."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return {}
    if hint is Severity:
        return {"enum": [one.word for one in Severity]}
    if hint is float:
        return {"type": ["number", "null"]}
    if hint in PLAIN:
        return {"type": PLAIN[hint]}
    if origin in (NotRequired, Required):
        return _typed(inner[0])
    if origin is Literal:
        return {"enum": list(inner)} if len(inner) > 1 else {"const": inner[0]}
    if origin in (Union, types.UnionType):
        return _either([_typed(one) for one in inner])
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        return {"type": "array", "items": _typed(inner[0])}
    if origin is tuple:
        return {"type": "array", "prefixItems": [_typed(one) for one in inner], "minItems": len(inner),
                "maxItems": len(inner)}  # fmt: skip
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _typed(inner[1])}
    if is_dataclass(hint) or is_typeddict(hint):
        return {"$ref": f"#/$defs/{_name(hint)}"}
    raise TypeError(f"no JSON for {hint}")


def _either(several: list[dict[str, Any]]) -> dict[str, Any]:
    """One of several types; plain ones share a list."""
    if all(set(one) == {"type"} for one in several):
        names = [name for one in several for name in ([one["type"]] if isinstance(one["type"], str) else one["type"])]
        return {"type": list(dict.fromkeys(names))}
    return {"anyOf": several}


def _spoken(hint: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return "any"
    if hint is Severity:
        return ", ".join(f"`{one.word}`" for one in Severity)
    if hint is float:
        return "number"
    if hint in PLAIN:
        return PLAIN[hint]
    if origin is NotRequired:
        return f"{_spoken(inner[0])}, may be missing"
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_spoken(one) for one in inner)
    if origin is list or (origin is tuple and inner[-1] is Ellipsis):
        return f"list of {_spoken(inner[0])}"
    if origin is tuple:
        return f"[{', '.join(_spoken(one) for one in inner)}]"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"object of {_spoken(inner[1])}"
    return f"[{_name(hint)}](#{_name(hint).lower()})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _comments(kind: type) -> dict[str, str]:
    """Field -> the comment behind it in the source, bases first."""
    source = textwrap.dedent(inspect.getsource(kind))
    remarks = {token.start[0]: token.string.lstrip("# ") for token in
               tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT}  # fmt: skip
    (body,) = ast.parse(source).body
    assert isinstance(body, ast.ClassDef)
    bases = [vars(sys.modules[kind.__module__])[base.id] for base in body.bases if isinstance(base, ast.Name)]
    said = {name: meaning for base in bases if is_typeddict(base) for name, meaning in _comments(base).items()}
    for item in body.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.end_lineno in remarks:
            said[item.target.id] = remarks[item.end_lineno].replace("None:", "null:").replace("None for", "null for")
    return said
