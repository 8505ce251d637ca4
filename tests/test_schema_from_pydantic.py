"""A pydantic class as a schema: its fields, nested classes, and what has no counterpart."""

import enum
import re
import typing
from datetime import date, datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from spacy_gliner2.schema import Schema, SchemaError
from spacy_gliner2.schema.from_pydantic import schema_from_pydantic


def fields_of(annotation, **info):
    model = type(
        "Thing",
        (BaseModel,),
        {"__annotations__": {"part": annotation}, "part": Field(None, **info)},
    )
    (structure,) = schema_from_pydantic(model).to_dict()["structures"]
    assert structure["name"] == "thing"
    (field,) = structure["fields"]
    return field


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


@pytest.mark.parametrize(
    ("annotation", "field"),
    [
        (str, {"dtype": "str"}),
        (float, {"dtype": "float"}),
        (int, {"dtype": "int"}),
        (bool, {"dtype": "bool"}),
        (date, {"dtype": "date"}),
        (datetime, {"dtype": "date"}),
        (int | None, {"dtype": "int"}),
        (typing.Optional[int], {"dtype": "int"}),  # noqa: UP045 - older code writes it so
        (list[str], {}),
        (set[str], {}),
        (tuple[str, ...], {}),
        (list[str] | None, {}),
        (list[str | None], {}),
        (Literal["a", "b"], {"dtype": "str", "choices": ["a", "b"]}),
        (Literal["a", "b"] | None, {"dtype": "str", "choices": ["a", "b"]}),
        (list[Literal[1, 2]], {"choices": ["1", "2"]}),
        (Size, {"dtype": "str", "choices": ["1", "2"]}),
        (list[Size], {"choices": ["1", "2"]}),
    ],
)
def test_a_type_is_a_dtype_or_choices(annotation, field):
    assert fields_of(annotation) == {"name": "part", **field}


@pytest.mark.parametrize(
    "annotation",
    [list[int], str | int, str | int | None, dict[str, str], tuple[str, str], Any, object],
)
def test_a_type_without_counterpart_is_refused_with_the_field_and_those_that_have_one(annotation):
    with pytest.raises(
        SchemaError, match=re.escape("the field Thing.part has the type") + ".*; use str, float"
    ):
        fields_of(annotation)


def test_a_description_and_an_alias_are_taken():
    assert fields_of(str, description="what it is", alias="the part") == {
        "name": "the part",
        "dtype": "str",
        "description": "what it is",
    }


class Part(BaseModel):
    name: str


class WholeThing(BaseModel):
    title: str
    parts: list[Part]
    other: Part | None


class OnlyParts(BaseModel):
    first: Part
    second: list[WholeThing]


class Titled(BaseModel):
    model_config = ConfigDict(title="A title")
    name: str


def names(model):
    return [s["name"] for s in schema_from_pydantic(model).to_dict()["structures"]]


def test_classes_within_are_structures_beside_it_and_come_once():
    assert names(WholeThing) == ["whole_thing", "part"]
    (whole, part) = schema_from_pydantic(WholeThing).structures
    assert [f.name for f in whole.fields] == ["title"]
    assert [f.name for f in part.fields] == ["name"]


def test_a_class_of_nothing_but_classes_is_no_structure():
    assert names(OnlyParts) == ["part", "whole_thing"]


def test_a_title_is_the_name():
    assert names(Titled) == ["A title"]


@pytest.mark.parametrize("model", [int, Part(name="a"), "Part", None])
def test_what_is_no_class_of_pydantic_is_refused(model):
    with pytest.raises(SchemaError, match="is no pydantic class; give one, or a mapping"):
        schema_from_pydantic(model)


def test_a_class_within_itself_is_refused_and_one_that_comes_twice_is_not():
    class Node(BaseModel):
        name: str
        below: "Node"

    with pytest.raises(SchemaError, match="Node contains itself; give its fields a class"):
        Schema.from_pydantic(Node)
    assert names(WholeThing)
