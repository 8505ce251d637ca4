"""Names of a package that load what they stand for when they are first used."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """Make a package's `__getattr__`.

    package (str): The name of the package.
    modules (Mapping): By name, the module that has it, as seen from the package.
    RETURNS (Callable): From a name to what it stands for.
    """

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return load
