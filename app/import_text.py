"""Files that somebody else wrote, read within limits: encodings guessed, YAML that may be a bomb refused.

YAML goes through PyYAML's safe loader only. Before anything is built, the events are counted as if every alias were
written out (a "billion laughs" file is small and would fill the memory): too many, or too deep, is refused. PyYAML is
imported where it is used: few starts import anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import AppCode, AppError

if TYPE_CHECKING:
    import yaml

MOST_BYTES = 16_000_000
MOST_YAML_BYTES = 4_000_000
_MOST_NODES = 500_000
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class YamlText:
    """The data of a document, and where its parts stand."""

    data: Any
    root: yaml.Node | None

    def line(self, *path: str) -> int:
        """The line of a key (1 is the first), or of the nearest part around it that can be found."""
        node, line = self.root, 1
        for step in path:
            found = next((pair for pair in _pairs(node) if str(pair[0].value) == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


def text_of(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """The file as text: UTF-8 or UTF-16 with its mark, UTF-8, else Windows' Cyrillic. Raises AppError or OSError."""
    if not path.is_file():
        raise AppError(AppCode.IMPORT_NO_FILE, path=str(path))
    with path.open("rb") as stream:
        raw = stream.read(most_bytes + 1)
    if len(raw) > most_bytes:
        raise AppError(AppCode.IMPORT_TOO_LARGE, path=str(path))
    return decoded(raw, str(path))


def decoded(raw: bytes, path: str) -> str:
    """The text of these bytes. Raises AppError(IMPORT_BROKEN) with the line of what is no text."""
    encodings = ["utf-16"] if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1251"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeError:
            continue
        bad = next((at for at, sign in enumerate(text) if sign < " " and sign not in "\t\r\n\f"), None)
        if bad is None:
            return text
        raise AppError(AppCode.IMPORT_BROKEN, path=path, line=text.count("\n", 0, bad) + 1)
    raise AppError(AppCode.IMPORT_BROKEN, path=path, line=1)


def yaml_of(path: Path) -> YamlText:
    """The only document of a YAML file. Raises AppError: IMPORT_TOO_LARGE, IMPORT_BROKEN with its line."""
    import yaml

    text = text_of(path, MOST_YAML_BYTES)
    loader = None
    try:
        _weigh(text, str(path))
        loader = _loader()(text)
        root = loader.get_single_node()
        return YamlText(None if root is None else loader.construct_document(root), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise AppError(AppCode.IMPORT_BROKEN, path=str(path), line=mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError):
        # Also what the safe constructors throw at dates and numbers that are none.
        raise AppError(AppCode.IMPORT_BROKEN, path=str(path), line=1) from None
    finally:
        if loader is not None:
            loader.dispose()


def mapping(value: Any) -> dict[str, Any]:
    """`value` as a mapping by texts; empty when it is none."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _loader() -> type[Any]:
    import yaml

    found: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return found


def _weigh(text: str, path: str) -> None:
    """Count what the document would be with every alias written out. Raises AppError(IMPORT_TOO_LARGE)."""
    import yaml

    weights: dict[str, int] = {}
    open_anchors: list[tuple[str | None, int]] = []
    nodes = 0
    for event in yaml.parse(text, Loader=_loader()):
        if isinstance(event, yaml.AliasEvent):
            nodes += weights.get(event.anchor, 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_anchors.append((event.anchor, nodes))
            nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_anchors.pop()
            if anchor is not None:
                weights[anchor] = nodes - before
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
        if nodes > _MOST_NODES or len(open_anchors) > _DEEPEST:
            raise AppError(AppCode.IMPORT_TOO_LARGE, path=path)


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if node is not None and node.id == "mapping" else []
