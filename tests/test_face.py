"""The familiar face: code written for the `gliner2` package, with its import changed."""

import enum
from datetime import date
from typing import Literal, Optional

import pytest
from pydantic import BaseModel, Field

from spacy_gliner2 import Extraction, GLiNER2, Schema, SchemaError

APPLE = "Apple CEO Tim Cook announced iPhone 15 in Cupertino."
KOREAN = (
    "환자 김민수는 서울대병원에서 제2형 당뇨병으로 진단받았다. "
    "담당의는 메트포르민을 처방하였고 보건복지부 고시 제2023-15호에 따라 심사하였다. "
    "심사 결과 급여가 인정되었으며, 행위코드 AA157이 적용되었다."
)


@pytest.fixture(scope="module")
def extractor():
    return GLiNER2.from_pretrained("embedded")


def items(result):
    """Every dict with offsets in a result."""
    if isinstance(result, dict):
        if "start" in result:
            yield result
        for value in result.values():
            yield from items(value)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from items(value)


def test_entities_by_label(extractor):
    labels = ["company", "person", "product", "location"]
    result = extractor.extract_entities(APPLE, labels)
    assert list(result) == ["entities"]
    assert list(result["entities"]) == labels
    assert result["entities"]["person"] == ["Tim Cook"]


def test_all_four_tasks_in_one_schema(extractor):
    schema = (
        extractor.create_schema()
        .entities(["company", "person", "product", "location"])
        .classification("sentiment", ["positive", "negative", "neutral"])
        .relations(["works_for", "manufactures"])
        .structure("product_info")
        .field("name", dtype="str")
        .field("price", dtype="float")
    )
    result = extractor.extract("The new iPhone 15 by Apple costs $999.", schema)
    assert list(result) == ["product_info", "entities", "sentiment", "relation_extraction"]
    assert result["sentiment"] in ("positive", "negative", "neutral")
    assert list(result["relation_extraction"]) == ["works_for", "manufactures"]
    assert all(list(record) == ["name", "price"] for record in result["product_info"])


def test_a_price_is_a_number(extractor):
    schema = (
        extractor.create_schema()
        .entities(["company"])
        .structure("product_info")
        .field("name", dtype="str")
        .field("price", dtype="float")
    )
    result = extractor.extract("Buy the Nikon D750 camera for $1,299.00 today.", schema)
    assert [record["price"] for record in result["product_info"]] == [1299.0]


def test_a_regular_expression_decides_about_mentions(extractor):
    pattern = r"[\w.+-]+@[\w-]+\.[\w.]+"
    schema = Schema().entities(["email"]).regex_validator("email", pattern)
    text = "Write to ada@example.org or ask Ada Lovelace in London."
    found = extractor.extract(text, schema, threshold=0.01)["entities"]["email"]
    assert found == ["ada@example.org"]
    everything = extractor.extract(text, Schema().entities(["email"]), threshold=0.01)
    assert len(everything["entities"]["email"]) > 1


def test_the_threshold_has_two_names(extractor):
    schema = Schema().entities(["person", "company"])
    options = {"include_confidence": True, "include_spans": True}
    found = list(items(extractor.extract(APPLE, schema, confidence_threshold=0.8, **options)))
    assert found
    assert all(item["confidence"] >= 0.8 for item in found)
    assert found == list(items(extractor.extract(APPLE, schema, 0.8, **options)))
    with pytest.raises(TypeError, match="one option"):
        extractor.extract(APPLE, schema, threshold=0.5, confidence_threshold=0.8)


def test_a_batch_is_its_texts(extractor):
    schema = Schema().entities(["person", "location"])
    texts = [APPLE, "", "Marie Curie lived in Paris."]
    alone = [extractor.extract(text, schema) for text in texts]
    assert extractor.extract_batch(texts, schema) == alone
    assert extractor.batch_extract(texts, [schema] * 3, batch_size=2) == alone
    assert extractor.batch_extract([], schema) == []
    with pytest.raises(ValueError, match="has 1 for 3 texts"):
        extractor.batch_extract(texts, [schema])


def test_a_medical_schema_in_korean(extractor):
    entities = ["약제명", "질병명", "고시번호", "행위코드", "치료재료"]
    relations = ["TREATS", "APPROVES", "APPLIES_TO", "AMENDS"]
    schema = (
        extractor.create_schema()
        .entities(entities)
        .relations(relations)
        .structure("심사사례")
        .field("환자정보", dtype="str")
        .field("심사결과", dtype="str")
        .field("결정사유", dtype="str")
    )
    for threshold in (0.5, 0.05):
        result = extractor.extract(
            KOREAN, schema, threshold=threshold, include_confidence=True, include_spans=True
        )
        assert list(result["entities"]) == entities
        assert list(result["relation_extraction"]) == relations
        assert all(list(r) == ["환자정보", "심사결과", "결정사유"] for r in result["심사사례"])
        for item in items(result):
            assert KOREAN[item["start"] : item["end"]] == item["text"]
    assert list(items(result))


def test_results_are_complete_when_nothing_is_found(extractor):
    schema = Schema().entities({"a": {"dtype": "str"}, "b": ""}).relations("r").structure("s")
    result = extractor.extract("Hm.", schema.field("f"), threshold=1.0)
    assert result == {
        "s": [],
        "entities": {"a": None, "b": []},
        "relation_extraction": {"r": []},
    }


def test_labels_come_with_their_confidence(extractor):
    tasks = {
        "topic": {"labels": ["sport", "politics"], "multi_label": True, "cls_threshold": 0.0},
        "tone": ["calm", "angry"],
    }
    result = extractor.classify_text("The match ended in a draw.", tasks, include_confidence=True)
    assert [item["label"] for item in result["topic"]] == ["sport", "politics"]
    assert set(result["tone"]) == {"label", "confidence"}


def test_records_from_field_strings(extractor):
    fields = ["name::str::what it is called", "price::float", "kind::[phone|car]", "tags"]
    frozen = Schema.from_dict({"structures": {"p": {"fields": fields}}}).freeze()
    kinds = [(f.name, f.dtype, f.choices, f.description) for f in frozen.structures[0].fields]
    assert kinds == [
        ("name", "str", None, "what it is called"),
        ("price", "float", None, None),
        ("kind", "str", ("phone", "car"), None),
        ("tags", "list", None, None),
    ]
    for record in extractor.extract_json("The iPhone 15 costs $999.", {"p": fields})["p"]:
        assert list(record) == ["name", "price", "kind", "tags"]


def test_the_extraction_itself_is_at_hand(extractor):
    found = extractor.extract(APPLE, Schema().entities("person"), format_results=False)
    assert isinstance(found, Extraction)
    assert found.mentions[0].text == "Tim Cook"


class Kind(enum.Enum):
    PHONE = "phone"
    CAR = "car"


class Offer(BaseModel):
    seller: str
    until: Optional[date] = None  # noqa: UP045  (as users write it)


class ProductInfo(BaseModel):
    name: str = Field(description="what it is called")
    price: float | None = None
    colours: list[str] = []
    kind: Kind | None = None
    size: Literal["small", "large"] = "small"
    offers: list[Offer] = []


def test_a_pydantic_class_is_a_schema(extractor):
    frozen = Schema.from_pydantic(ProductInfo).freeze()
    product, offer = frozen.structures
    assert (product.name, offer.name) == ("product_info", "offer")
    assert [(f.name, f.dtype, f.choices) for f in product.fields] == [
        ("name", "str", None),
        ("price", "float", None),
        ("colours", "list", None),
        ("kind", "str", ("phone", "car")),
        ("size", "str", ("small", "large")),
    ]
    assert [(f.name, f.dtype) for f in offer.fields] == [("seller", "str"), ("until", "date")]
    assert set(extractor.extract(APPLE, ProductInfo)) == {"product_info", "offer"}


def test_a_pydantic_type_without_a_counterpart_is_refused():
    class Odd(BaseModel):
        where: complex

    with pytest.raises(SchemaError, match=r"Odd\.where.*no counterpart"):
        Schema.from_pydantic(Odd)


def test_a_saved_checkpoint_loads_again(extractor, tmp_path):
    extractor.save_pretrained(tmp_path / "model")
    again = GLiNER2.from_pretrained(tmp_path / "model")
    schema = Schema().entities(["person"])
    assert again.extract(APPLE, schema) == extractor.extract(APPLE, schema)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda e: e.extract(3, Schema()), TypeError, "text: 3 is a int"),
        (lambda e: e.batch_extract("one", Schema()), TypeError, "is one text"),
        (lambda e: e.batch_extract(["a", None], Schema()), TypeError, r"texts\[1\]"),
        (lambda e: e.extract("a", Schema(), colour=1), TypeError, "colour: no option"),
        (lambda e: e.extract("a", Schema(), overlap_policy="x"), ValueError, "overlap_policy: 'x'"),
        (lambda e: e.extract("a", 7), SchemaError, "schema: 7 is a int"),
        (
            lambda e: e.extract("a", Schema().structure("entities").field("f")),
            SchemaError,
            "rename",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(extractor, call, error, message):
    with pytest.raises(error, match=message):
        call(extractor)
