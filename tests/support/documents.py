"""Code blocks of the documentation: read them, run them, renew the results that they show.

A statement that is an expression shows its result in the comment that follows it, as a Python
literal; numbers with a point are shown with two digits. A statement that fails shows its error
there, as `ErrorName: message`. `python -m tests.support.documents FILE...` renews what is shown.
"""

import ast
import os
import pprint
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ERROR = re.compile(r"[A-Za-z]+(Error|Warning): ")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and where the text begins in its file."""

    language: str
    text: str
    start: int


@dataclass(frozen=True)
class Result:
    """What a statement gave, what its comment shows (None without one), and the comment's lines."""

    code: str
    value: Any
    shown: str | None
    lines: range


def read_blocks(path: Path, *languages: str) -> list[Block]:
    """Read the blocks of a file that are in one of the languages."""
    found = _BLOCK.finditer(path.read_text(encoding="utf8"))
    blocks = [Block(match[1], match[2], match.start(2)) for match in found]
    return [block for block in blocks if block.language in languages]


def run_block(block: Block, names: dict[str, Any]) -> Iterator[Result]:
    """Run a block's statements one by one, and tell what each gave that shows a result."""
    lines = block.text.splitlines()
    for statement in ast.parse(block.text).body:
        end = statement.end_lineno or 0
        last = end
        while last < len(lines) and lines[last].startswith("#"):
            last += 1
        code = "\n".join(lines[statement.lineno - 1 : end])
        shown = "\n".join(line[2:] for line in lines[end:last]) or None
        yield Result(code, _run(statement, code, names, shown), shown, range(end, last))


def _run(statement: ast.stmt, code: str, names: dict[str, Any], shown: str | None) -> Any:
    try:
        if isinstance(statement, ast.Expr):
            return eval(code, names)
        exec(code, names)
    except Exception as error:
        if shown is None or not _ERROR.match(shown):
            raise
        return f"{type(error).__name__}: {error}"
    return None


def is_shown(result: Result) -> bool:
    """Tell whether a result is what its comment shows."""
    if result.shown is None:
        return True
    if _ERROR.match(result.shown):
        return str(result.value).split() == result.shown.split()
    return same(ast.literal_eval(result.shown), result.value)


def same(shown: Any, value: Any) -> bool:
    """Compare what is shown with a value; numbers with a point may differ by a hundredth."""
    if isinstance(shown, float) and isinstance(value, float):
        return abs(shown - value) < 0.0151
    if isinstance(shown, dict) and isinstance(value, dict):
        return list(shown) == list(value) and all(same(shown[k], value[k]) for k in shown)
    if isinstance(shown, list | tuple) and isinstance(value, list | tuple):
        return len(shown) == len(value) and all(map(same, shown, value))
    return type(shown) is type(value) and bool(shown == value)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_rounded(part) for part in value)
    return value


def _renew(block: Block, names: dict[str, Any]) -> str:
    lines: list[str] = block.text.splitlines()
    for result in reversed(list(run_block(block, names))):
        if result.shown is not None and not is_shown(result):
            value = result.value
            error = isinstance(value, str) and _ERROR.match(value)
            text = value if error else pprint.pformat(_rounded(value), 1000, sort_dicts=False)
            if len(text) > 98 and not error:
                text = pprint.pformat(_rounded(value), width=96, sort_dicts=False)
            comment = [f"# {line}" for line in text.splitlines()]
            lines[result.lines.start : result.lines.stop] = comment
    return "\n".join(lines) + "\n"


def renew(path: Path) -> None:
    """Run a file's blocks and write what they give where they show something else."""
    names: dict[str, Any] = {}
    renewed = [(block, _renew(block, names)) for block in read_blocks(path, "python")]
    text = path.read_text(encoding="utf8")
    for block, new in reversed(renewed):
        text = text[: block.start] + new + text[block.start + len(block.text) :]
    path.write_text(text, encoding="utf8")


if __name__ == "__main__":
    paths = [Path(name).resolve() for name in sys.argv[1:]] or FILES
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        for path in paths:
            renew(path)
