"""The schema as the model reads it: token ids, and where in them each label stands.

Format: sections 2.4 to 2.8 of the reference. Each group of labels (a structure, the entities, a
relation, a classification) is written as `( [P] prompt ( [X] label [X] label ) )`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from ..schema import Classification, FrozenSchema, Structure
from .subwords import Subwords


class Kind(Enum):
    """What a group of labels is; the value is the token that stands before each label."""

    STRUCTURE = "[C]"
    ENTITIES = "[E]"
    RELATION = "[R]"
    CLASSIFICATION = "[L]"


@dataclass(frozen=True, slots=True)
class Group:
    """One group of labels in the prompt.

    kind (Kind): What the group is.
    index (int): Which of the schema's structures, relations or classifications it is.
    parent (int): Position of its [P] among the prompt's tokens.
    children (tuple): Position of the token before each label.
    """

    kind: Kind
    index: int
    parent: int
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A schema as token ids; what stands before the words of every text.

    ids (tuple): The token ids.
    groups (tuple): The groups of labels, in the order of the ids.
    prefix (tuple): First position and number of the tokens of each row that comes before the
        words: the choices and what is between them.
    choices (dict): By structure and field, the row of each choice in the prefix.
    """

    ids: tuple[int, ...]
    groups: tuple[Group, ...]
    prefix: tuple[tuple[int, int], ...]
    choices: dict[tuple[int, int], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Layout:
    """An order other than the usual one, for training.

    order (tuple): Which of the groups, as they usually come, is the first, and so on.
    swapped (frozenset): Relations, by index, that have the tail before the head.
    """

    order: tuple[int, ...]
    swapped: frozenset[int] = frozenset()


def make_prompt(schema: FrozenSchema, subwords: Subwords, layout: Layout | None = None) -> Prompt:
    """Write a schema in the way that the model reads.

    schema (FrozenSchema): The schema.
    subwords (Subwords): Turns texts into ids.
    layout (Layout): In which order; None for the usual one.
    RETURNS (Prompt): The prompt.
    """
    ids: list[int] = []
    groups: list[Group] = []
    for kind, index, prompt, labels in _laid_out(schema, layout):
        if groups:
            ids.extend(subwords.ids("[SEP_STRUCT]"))
        groups.append(_write_group(kind, index, prompt, labels, ids, subwords))
    ids.extend(subwords.ids("[SEP_TEXT]"))
    tokens, choices = _choice_prefix(schema.structures)
    prefix = []
    for token in tokens:
        token_ids = subwords.ids(token)
        prefix.append((len(ids), len(token_ids)))
        ids.extend(token_ids)
    return Prompt(tuple(ids), tuple(groups), tuple(prefix), choices)


def _laid_out(
    schema: FrozenSchema, layout: Layout | None
) -> Iterable[tuple[Kind, int, str, tuple[str, ...]]]:
    groups = list(_groups(schema))
    if layout is None:
        return groups
    return [
        (kind, index, prompt, labels[::-1])
        if kind is Kind.RELATION and index in layout.swapped
        else (kind, index, prompt, labels)
        for kind, index, prompt, labels in (groups[i] for i in layout.order)
    ]


def _groups(schema: FrozenSchema) -> Iterator[tuple[Kind, int, str, tuple[str, ...]]]:
    """YIELDS (tuple): Kind, index, prompt text and labels of each group, in the model's order."""
    for i, structure in enumerate(schema.structures):
        described = [(part.name, part.description) for part in structure.fields]
        yield (
            Kind.STRUCTURE,
            i,
            structure.name + _descriptions(described),
            tuple(part.name for part in structure.fields),
        )
    if schema.entities:
        described = [(part.label, part.description) for part in schema.entities]
        labels = tuple(part.label for part in schema.entities)
        yield Kind.ENTITIES, 0, "entities" + _descriptions(described), labels
    for i, relation in enumerate(schema.relations):
        prompt = relation.label
        if relation.description:
            prompt += f": {relation.description}"
        yield Kind.RELATION, i, prompt, ("head", "tail")
    for i, task in enumerate(schema.classifications):
        yield (
            Kind.CLASSIFICATION,
            i,
            _classification_prompt(task),
            tuple(part.label for part in task.labels),
        )


def _descriptions(described: Iterable[tuple[str, str | None]]) -> str:
    return "".join(f" [DESCRIPTION] {label}: {text}" for label, text in described if text)


def _classification_prompt(task: Classification) -> str:
    prompt = task.task
    if task.prompt:
        prompt += f": {task.prompt}"
    prompt += _descriptions((part.label, part.description) for part in task.labels)
    return prompt + "".join(f" [EXAMPLE] {text} [OUTPUT] {label}" for text, label in task.examples)


def _write_group(
    kind: Kind,
    index: int,
    prompt: str,
    labels: tuple[str, ...],
    ids: list[int],
    subwords: Subwords,
) -> Group:
    ids.extend(subwords.ids("("))
    parent = len(ids)
    ids.extend(subwords.ids("[P]"))
    ids.extend(subwords.ids(prompt))
    ids.extend(subwords.ids("("))
    children = []
    for label in labels:
        children.append(len(ids))
        ids.extend(subwords.ids(kind.value))
        ids.extend(subwords.ids(label))
    ids.extend(subwords.ids(")"))
    ids.extend(subwords.ids(")"))
    return Group(kind, index, parent, tuple(children))


def _choice_prefix(
    structures: tuple[Structure, ...],
) -> tuple[list[str], dict[tuple[int, int], tuple[int, ...]]]:
    tokens: list[str] = []
    choices: dict[tuple[int, int], tuple[int, ...]] = {}
    for i, structure in enumerate(structures):
        fields = [(j, part) for j, part in enumerate(structure.fields) if part.choices]
        if not fields:
            continue
        tokens += ["(", f"{structure.name}:"]
        for k, (j, part) in enumerate(fields):
            if k:
                tokens.append(",")
            tokens += [part.name, "("]
            rows = []
            for n, choice in enumerate(part.choices or ()):
                if n:
                    tokens.append("|")
                rows.append(len(tokens))
                tokens.append(choice)
            choices[i, j] = tuple(rows)
            tokens.append(")")
        tokens.append(")")
    return tokens, choices
