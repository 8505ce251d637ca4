"""From documents to results, through a pipeline: a failing document spoils no other one."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..rows import ANNOTATIONS, ERROR, Row, annotations, find_places
from .inputs import Item
from .outputs import Result


class Failures:
    """An error handler that keeps why documents failed, by their numbers."""

    def __init__(self) -> None:
        self.reasons: dict[int, str] = {}
        self._other = "failed in another process; --n-process 1 shows why"

    def __call__(self, name: str | None, proc: Any, docs: list[Doc] | None, error: Any) -> None:
        """Take note of a failure.

        name (str): The component that raised it; None if another process did.
        proc (Any): The component.
        docs (list): The documents; None if another process had them.
        error (Exception): What it raised.
        """
        reason = f"{type(error).__name__}: {error}"
        if docs is None:
            self._other = reason
        for doc in docs or ():
            self.reasons[doc._context] = reason

    def take(self, number: int) -> str:
        """RETURNS (str): Why a document failed, which is forgotten then."""
        return self.reasons.pop(number, self._other)


def annotate_items(
    nlp: Language,
    items: Iterable[Item],
    *,
    text_field: str = "text",
    prefix: str = "",
    batch_size: int | None = None,
    n_process: int = 1,
) -> Iterator[Result]:
    """Run a pipeline on documents.

    nlp (Language): The pipeline; its error handler is set.
    items (Iterable): The documents.
    text_field (str): The field that holds the text.
    prefix (str): What the names of the fields that are added begin with.
    batch_size (int): Documents that are read ahead; None for the pipeline's own number.
    n_process (int): Processes that share the work.
    YIELDS (Result): One for each document, in order.
    """
    failures = Failures()
    nlp.set_error_handler(failures)  # type: ignore[arg-type]
    places = find_places(nlp)
    waiting: deque[Item] = deque()

    def docs() -> Iterator[tuple[Doc, int]]:
        for item in items:
            waiting.append(item)
            try:
                yield _make_doc(nlp, item, text_field, prefix), item.number
            except ValueError as error:
                failures.reasons[item.number] = str(error)

    def failed(item: Item) -> Result:
        doc = _bare_doc(nlp, item, text_field)
        reason = failures.take(item.number)
        return Result(item.number, own_fields(item, prefix), doc, {prefix + ERROR: reason}, reason)

    annotated = nlp.pipe(docs(), as_tuples=True, batch_size=batch_size, n_process=n_process)
    for doc, number in annotated:
        while waiting[0].number != number:
            yield failed(waiting.popleft())
        item = waiting.popleft()
        found = {prefix + name: value for name, value in annotations(doc, places).items()}
        yield Result(item.number, own_fields(item, prefix), doc, found)
    while waiting:
        yield failed(waiting.popleft())


def _make_doc(nlp: Language, item: Item, text_field: str, prefix: str) -> Doc:
    if item.error is not None:
        raise ValueError(item.error)
    check_names(item.fields, text_field, prefix)
    if item.doc is not None:
        return item.doc
    text = item.fields.get(text_field)
    if not isinstance(text, str):
        raise ValueError(
            f"has no text under {text_field!r}; name the field that holds it (--text-field)"
        )
    return nlp.make_doc(text)


def own_fields(item: Item, prefix: str) -> Row:
    """RETURNS (dict): A document's own fields; why it failed in an earlier run makes way."""
    return {name: value for name, value in item.fields.items() if name != prefix + ERROR}


def check_names(fields: Row, text_field: str, prefix: str) -> None:
    """Refuse a document that has a field already which is to be added.

    fields (dict): Its own fields.
    text_field (str): The field that holds the text, which makes way for nothing.
    prefix (str): What the names of the fields that are added begin with.
    RAISES (ValueError): If it has one.
    """
    for name in (*ANNOTATIONS, *([ERROR] if text_field == prefix + ERROR else [])):
        if prefix + name in fields:
            raise ValueError(
                f"has a field {prefix + name!r} already; give those that are added another name "
                "with --prefix"
            )


def _bare_doc(nlp: Language, item: Item, text_field: str) -> Doc:
    """RETURNS (Doc): The document without annotations, as far as there is a text."""
    if item.doc is not None:
        return item.doc
    try:
        return nlp.make_doc(item.fields.get(text_field, ""))
    except (ValueError, TypeError):
        return Doc(nlp.vocab)
