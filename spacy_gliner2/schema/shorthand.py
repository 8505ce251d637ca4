"""Field strings: `name::dtype::[choice|choice]::description` (section 4.4 of the reference)."""

from typing import Any, Literal, get_args

FieldDtype = Literal["list", "str", "float", "int", "bool", "date"]


def parse_field(text: str) -> dict[str, Any]:
    """Read a field string.

    text (str): A name, then any of a dtype, choices in brackets and a description, each after
        "::" and in any order.
    RETURNS (dict): The field as a mapping.
    """
    name, *parts = text.split("::")
    field: dict[str, Any] = {"name": name}
    for part in parts:
        if part in get_args(FieldDtype):
            field["dtype"] = part
        elif part.startswith("[") and part.endswith("]"):
            field["choices"] = [choice.strip() for choice in part[1:-1].split("|")]
        elif part:
            field["description"] = part
    if "choices" in field:
        field.setdefault("dtype", "str")
    return field
