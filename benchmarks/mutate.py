"""Faults planted in functions, for the unit tests to find: `python -m benchmarks.mutate`."""

import ast
import copy
import importlib
import io
import random
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from types import CodeType, FunctionType
from typing import Annotated

import pytest
import typer

TESTS = {
    "merge": ["tests/test_merge.py"],
    "overlap": ["tests/test_overlap.py", "tests/test_merge.py"],
    "windows": ["tests/test_windows.py"],
}
"""Modules of `inference`, and the tests of each."""

_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.USub: ast.UAdd,
}


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """YIELDS (tuple): Where and what was changed, and the changed module."""
    for n, node in enumerate(ast.walk(tree)):
        for name, value in ast.iter_fields(node):
            for i, part in enumerate(value if isinstance(value, list) else [value]):
                new = _changed(part)
                if new is not None:
                    mutant = copy.deepcopy(tree)
                    place = list(ast.walk(mutant))[n]
                    if isinstance(value, list):
                        getattr(place, name)[i] = new
                    else:
                        setattr(place, name, new)
                    line = getattr(node, "lineno", "?")
                    yield f"{line}: {ast.unparse(node):.60} -> {ast.unparse(place):.60}", mutant


def _changed(part: object) -> ast.AST | None:
    if type(part) in _OTHER:
        return _OTHER[type(part)]()  # type: ignore[index]
    if isinstance(part, ast.Constant) and type(part.value) is int:
        return ast.copy_location(ast.Constant(part.value + 1), part)
    if isinstance(part, ast.Constant) and type(part.value) is bool:
        return ast.copy_location(ast.Constant(not part.value), part)
    return None


def _functions(code: CodeType) -> dict[str, CodeType]:
    return {c.co_name: c for c in code.co_consts if isinstance(c, CodeType)}


def survives(module: str, mutant: ast.Module) -> bool | None:
    """RETURNS (bool): Whether all tests pass with the mutant; None if no function differs."""
    loaded = importlib.import_module(f"spacy_gliner2.inference.{module}")
    new = _functions(compile(ast.fix_missing_locations(mutant), str(loaded.__file__), "exec"))
    kept = {}
    for name, function in vars(loaded).items():
        if isinstance(function, FunctionType) and function.__module__ == loaded.__name__:
            code = new.get(name)
            if code is not None and code != function.__code__:
                kept[function], function.__code__ = function.__code__, code
    try:
        return _passes(module) if kept else None
    finally:
        for function, code in kept.items():
            function.__code__ = code


def _passes(module: str) -> bool:
    for name in [n for n in sys.modules if n.startswith("tests.test_")]:
        del sys.modules[name]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        return pytest.main([*TESTS[module], *options]) == 0


def main(
    sample: Annotated[int, typer.Option(help="Mutants of each module; 0 for all")] = 0,
    only: Annotated[str, typer.Option(help="One of the modules")] = "",
) -> None:
    """Plant one fault after the other, and name those that no test finds."""
    for module in [only] if only else TESTS:
        file = importlib.import_module(f"spacy_gliner2.inference.{module}").__file__
        assert file is not None
        with open(file, encoding="utf8") as source:
            found = list(mutants(ast.parse(source.read())))
        random.Random(0).shuffle(found)
        killed = tried = 0
        for text, mutant in found:
            outcome = survives(module, mutant)
            if outcome is not None:
                tried += 1
                killed += not outcome
                if outcome:
                    typer.echo(f"survived, {module}.py:{text}")
            if sample and tried == sample:
                break
        typer.echo(f"{module}: {killed} of {tried} mutants found")


if __name__ == "__main__":
    typer.run(main)
