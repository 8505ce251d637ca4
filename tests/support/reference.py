"""The reference package, its results in a form that ours can be compared with.

Where we differ by intention, `Reference` does as we do, at the place where the difference arises,
so that all the rest of its runtime is compared as it is. Each of these differences has a test of
its own, which shows what the reference does without this.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from gliner2 import GLiNER2, RegexValidator, Schema

from spacy_gliner2.schema import FrozenSchema, Validator

from .cases import Case
from .normal import Found, Value, records_form

BATCH = 8

NEAR = 2e-5
"""Some times what the order of additions changes in a score."""


class Reference(GLiNER2):
    """The reference's model, with what we do otherwise.

    The full stop that it adds to a text is no part of a candidate, and results are told apart by
    their task and not by what the model read as their name.

    closed (bool): Whether a full stop was added to the texts that are being read.
    margins (list): For each text read, how near to another outcome its closest decision was.
    """

    closed = False

    def _extract_sample(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        self.margin = self.count_margin
        results: dict[Any, Any] = super()._extract_sample(*args, **kwargs)
        self.margins.append(self.margin)
        return results

    def _compute_direct_span_logits_batched(self, *args: Any) -> Any:
        gaps = [1.0]
        hook = self.count_pred.register_forward_hook(
            lambda _, __, logits: gaps.append(_least_gap(logits.topk(2).values))
        )
        try:
            return super()._compute_direct_span_logits_batched(*args)
        finally:
            hook.remove()
            self.count_margin = min(gaps)

    def _extract_classification_result(
        self, results: dict[Any, Any], schema_name: str, *args: Any
    ) -> None:
        name, config, probabilities = self._compute_classification_probabilities(*args)
        own: dict[str, Any] = {}
        self._decode_classification_probabilities(own, name, config, probabilities)
        chosen = own[name] if isinstance(own[name], list) else [own[name]]
        scores = dict(zip(config["labels"], probabilities.tolist(), strict=True))
        results["classifications", name] = (tuple(label for label, _ in chosen), scores)
        self._near(probabilities, config.get("cls_threshold", 0.5))
        self.margin = min(self.margin, _least_gap(probabilities))  # top_k ranks them all

    def _extract_span_result(
        self, results: dict[Any, Any], schema_name: str, task_type: str, *args: Any
    ) -> None:
        metadata = next(part for part in args if isinstance(part, dict) and "entity_order" in part)
        if task_type == "relations":
            for name, description in metadata["relation_descriptions"].items():
                if schema_name == f"{name}: {description}":
                    schema_name = name
        own: dict[str, Any] = {}
        super()._extract_span_result(own, schema_name, task_type, *args)
        results[task_type, schema_name] = own[schema_name]

    def _decode_span_probabilities(self, *args: Any) -> None:
        scores, words, threshold, metadata = args[4], args[7], args[12], args[13]
        self._near(scores, threshold)
        self.margin = min(self.margin, _least_gap(scores[..., :-words, 0]))  # of the choices
        for group in ("entity_metadata", "relation_metadata", "field_metadata"):
            for options in metadata[group].values():
                if options.get("threshold") is not None:
                    self._near(scores, options["threshold"])
        super()._decode_span_probabilities(*args)

    def _near(self, scores: torch.Tensor, threshold: float) -> None:
        self.margin = min(self.margin, float((scores - threshold).abs().min()))

    def _find_spans(
        self,
        scores: torch.Tensor,
        threshold: float,
        text_len: int,
        text: str,
        start_map: Sequence[int],
        end_map: Sequence[int],
    ) -> list[tuple[str, float, int, int]]:
        found = super()._find_spans(scores, threshold, text_len, text, start_map, end_map)
        self.margin = min(self.margin, _least_gap(torch.tensor([span[1] for span in found])))
        return list(self._written(found, text))

    def _written(
        self, found: Iterable[tuple[str, float, int, int]], text: str
    ) -> Iterator[tuple[str, float, int, int]]:
        """Clip candidates to what the user wrote; of those that become one keep the best."""
        last = len(text[:-1].rstrip()) if self.closed else len(text)
        best: dict[tuple[int, int], tuple[str, float, int, int]] = {}
        for _, score, start, end in found:
            end = min(end, last)
            if start < end and ((start, end) not in best or best[start, end][1] < score):
                best[start, end] = (text[start:end], score, start, end)
        yield from (best[span] for span in sorted(best))


def _least_gap(values: torch.Tensor) -> float:
    """RETURNS (float): The smallest difference of two values in a row."""
    gaps = values.sort().values.diff()
    return float(gaps.min()) if gaps.numel() else 1.0


def load_reference(path: Path | str, word_splitter: str | None = None) -> Reference:
    """Load a checkpoint with the reference's own code."""
    model: Reference = Reference.from_pretrained(str(path), word_splitter=word_splitter)
    return model.eval()


def reference_schema(data: dict[str, Any]) -> Schema:
    """Make the reference's schema of ours, with its builder, which takes validators too."""
    frozen = FrozenSchema.from_dict(data)
    schema = Schema()
    for structure in frozen.structures:
        builder = schema.structure(structure.name)
        for part in structure.fields:
            builder.field(
                part.name,
                dtype=part.dtype,
                choices=list(part.choices) if part.choices else None,
                description=part.description,
                threshold=part.threshold,
                validators=_validators(part.validators),
            )
    if frozen.entities:
        schema.entities(
            {
                part.label: _set(
                    description=part.description,
                    dtype=part.dtype,
                    threshold=part.threshold,
                    validators=_validators(part.validators),
                )
                for part in frozen.entities
            }
        )
    if frozen.relations:
        schema.relations(
            {
                part.label: _set(description=part.description, threshold=part.threshold)
                for part in frozen.relations
            }
        )
    for task in frozen.classifications:
        described = {part.label: part.description for part in task.labels if part.description}
        schema.classification(
            task.task,
            [part.label for part in task.labels],
            multi_label=task.multi_label,
            cls_threshold=task.cls_threshold,
            top_k=task.top_k,
            **_set(
                prompt=task.prompt,
                class_act=task.class_act,
                examples=list(task.examples),
                label_descriptions=described,
            ),
        )
    return schema


def read_by_reference(model: GLiNER2, case: Case) -> tuple[list[int], list[int]]:
    """RETURNS (tuple): The token ids that a case becomes, and the position of each row in them."""
    schema = reference_schema(case.schema).build()
    batch = model.processor.collate_fn_inference([(case.text, schema)])
    return batch.input_ids[0].tolist(), batch.text_word_indices[0].tolist()


def _set(**options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if value not in (None, [], {})}


def _validators(validators: Sequence[Validator]) -> list[RegexValidator] | None:
    return [
        RegexValidator(part.pattern, mode=part.mode, exclude=part.exclude, flags=part.flags)
        for part in validators
    ] or None


def run_reference(
    model: Reference, cases: Sequence[Case], overlap_policy: str | None = None
) -> list[tuple[Found, float]]:
    """Run cases, those that can go through the reference together in batches.

    model (Reference): The model.
    cases (Sequence): The cases.
    overlap_policy (str): One of the reference's, None for its default.
    RETURNS (list): For each case what was found, and its margin: how near to another outcome the
        closest decision was.
    """
    groups: dict[tuple[bool, float], list[int]] = {}
    for i, case in enumerate(cases):
        # An empty text becomes a full stop, too, and there it is all that the model reads.
        closed = not case.text.endswith((".", "!", "?"))
        groups.setdefault((closed, case.threshold), []).append(i)
    outcomes: dict[int, tuple[Found, float]] = {}
    for (closed, threshold), members in groups.items():
        members.sort(key=lambda i: (len(cases[i].text), i))
        model.closed, model.margins, model.count_margin = closed, [], 1.0
        results = model.batch_extract(
            [cases[i].text for i in members],
            [reference_schema(cases[i].schema) for i in members],
            batch_size=BATCH,
            threshold=threshold,
            format_results=False,
            include_confidence=True,
            include_spans=True,
            overlap_policy=overlap_policy,
        )
        for i, result, margin in zip(members, results, model.margins, strict=True):
            outcomes[i] = (_found(result, FrozenSchema.from_dict(cases[i].schema)), margin)
    return [outcomes[i] for i in range(len(cases))]


def is_marginal(margin: float) -> bool:
    """RETURNS (bool): Whether a decision was so near that it may fall out otherwise."""
    return margin < NEAR


def _found(result: dict[Any, Any], schema: FrozenSchema) -> Found:
    found = Found(records={part.name: [] for part in schema.structures})
    for (task, name), value in result.items():
        if task == "classifications":
            found.decisions[name] = value
        elif task == "entities":
            _add_entities(found, value)
        elif task == "relations":
            _add_relations(found, name, value)
        else:
            records = [list(_record_values(record)) for record in value or ()]
            found.records[name] = records_form(_once(records))
    return found


def _add_entities(found: Found, value: list[dict[str, Any]]) -> None:
    for label, items in value[0].items() if value else ():
        for item in items if isinstance(items, list) else [items] if items else []:
            found.entities[label, (item["start"], item["end"])] = item["confidence"]


def _add_relations(found: Found, name: str, value: list[dict[str, Any]]) -> None:
    for pair in value:
        head, tail = pair["head"], pair["tail"]
        key = (name, (head["start"], head["end"]), (tail["start"], tail["end"]))
        scores = (head["confidence"], tail["confidence"])
        if key not in found.relations or min(found.relations[key]) < min(scores):
            found.relations[key] = scores


def _record_values(record: dict[str, Any]) -> Iterator[tuple[Value, float]]:
    for name, items in record.items():
        for item in items if isinstance(items, list) else [items] if items else []:
            value = (name, item.get("start"), item.get("end"), item["text"])
            yield value, item["confidence"]


def _once(records: list[list[tuple[Value, float]]]) -> Iterator[list[tuple[Value, float]]]:
    """Of records with the same values keep the best; those without any span all stay."""
    best: dict[frozenset[Value], list[tuple[Value, float]]] = {}
    for record in records:
        values = frozenset(value for value, _ in record)
        if all(start is None for _, start, _, _ in values):
            yield record
        elif values not in best or _total(best[values]) < _total(record):
            best[values] = record
    yield from best.values()


def _total(record: list[tuple[Value, float]]) -> float:
    return sum(score for _, score in record)
