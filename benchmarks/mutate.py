"""Faults planted in functions, for the unit tests to find: `python -m benchmarks.mutate`."""

import ast
import copy
import importlib
import inspect
import io
import random
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from types import CodeType, FunctionType
from typing import Annotated

import pytest
import typer

_SCHEMA = ["tests/test_messages.py", "tests/test_schema.py"]

TESTS = {
    "inference.merge": ["tests/test_merge.py"],
    "inference.overlap": ["tests/test_overlap.py", "tests/test_merge.py"],
    "inference.windows": ["tests/test_windows.py"],
    "inference.decode": ["tests/test_decode.py"],
    "inference.values": ["tests/test_values.py"],
    "schema.builder": _SCHEMA,
    "schema.config": [*_SCHEMA, "tests/test_schema_in_config.py"],
    "schema.errors": _SCHEMA,
    "schema.expressions": _SCHEMA,
    "schema.forms": _SCHEMA,
    "schema.from_file": _SCHEMA,
    "schema.from_pydantic": ["tests/test_schema_from_pydantic.py"],
    "schema.merge": ["tests/test_schema_merge.py"],
    "schema.parts": _SCHEMA,
    "schema.schema": _SCHEMA,
    "schema.shorthand": _SCHEMA,
}
"""Modules, and the tests of each; faults are planted in their functions and methods."""

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


def _codes(code: CodeType, path: str = "") -> Iterator[tuple[str, CodeType]]:
    """YIELDS (tuple): The name of each function or method of a module, and its code."""
    for part in code.co_consts:
        if isinstance(part, CodeType):
            name = path + part.co_name
            yield name, part
            yield from _codes(part, f"{name}.")


def _functions(owner: object, module: str, path: str = "") -> Iterator[tuple[str, FunctionType]]:
    """YIELDS (tuple): The name of each function or method that is in use, and itself."""
    for name, value in list(vars(owner).items()):
        value = getattr(value, "fget", None) or inspect.unwrap(getattr(value, "__func__", value))
        if getattr(value, "__module__", None) == module:
            if isinstance(value, FunctionType):
                yield path + name, value
            elif isinstance(value, type) and not path:
                yield from _functions(value, module, f"{name}.")


def survives(module: str, mutant: ast.Module) -> bool | None:
    """RETURNS (bool): Whether all tests pass with the mutant; None if no function differs."""
    loaded = importlib.import_module(f"spacy_gliner2.{module}")
    code = compile(ast.fix_missing_locations(mutant), str(loaded.__file__), "exec")
    new = dict(_codes(code))
    kept = {}
    for name, function in _functions(loaded, loaded.__name__):
        other = new.get(name)
        if other is not None and other != function.__code__ and not function.__closure__:
            kept[function], function.__code__ = function.__code__, other
    for value in vars(loaded).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()
    try:
        return _passes(module) if kept else None
    finally:
        for function, own in kept.items():
            function.__code__ = own


def _passes(module: str) -> bool:
    for name in [n for n in sys.modules if n.startswith("tests.test_")]:
        del sys.modules[name]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        return pytest.main([*TESTS[module], *options]) == 0


def main(
    sample: Annotated[int, typer.Option(help="Mutants of each module; 0 for all")] = 0,
    only: Annotated[str, typer.Option(help="Modules whose name begins so")] = "",
    seconds: Annotated[float, typer.Option(help="Of the processor, for all modules")] = 1e9,
) -> None:
    """Plant one fault after the other, and name those that no test finds."""
    modules = [module for module in TESTS if module.startswith(only)]
    for module in modules:
        end = time.process_time() + seconds / len(modules)
        assert _passes(module), f"{module}: its tests fail without a fault"
        file = importlib.import_module(f"spacy_gliner2.{module}").__file__
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
            if (sample and tried == sample) or time.process_time() > end:
                break
        typer.echo(f"{module}: {killed} of {tried} mutants found")


if __name__ == "__main__":
    typer.run(main)
