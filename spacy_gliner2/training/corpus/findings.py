"""What can be wrong with a corpus, and where it is."""

from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """A flaw; the value says whether the corpus cannot be used like that, and what it is."""

    UNREADABLE = (True, "records cannot be used")
    MISSING = (True, "values are not in the text as whole words")
    UNKNOWN_LABEL = (True, "labels of the corpus are not in the component's schema")
    NO_TEXTS = (True, "corpora have no texts")
    NO_ANNOTATION = (False, "texts say nothing of any task")
    TOO_WIDE = (False, "values have more words than the model's spans, and cannot be learned")
    INSIDE_WORD = (False, "values begin or end inside a word, and are learned as whole words")
    TOO_MANY = (False, "instances are more than the 19 of one label that the model tells apart")
    LONE_LABEL = (False, "class labels are the only one of their task in a text without a schema")
    SEVERAL_LABELS = (
        False,
        "texts have several right labels of a task that has one: make it multi_label",
    )
    LOOSE_END = (False, "heads or tails of relations are no mentions of entities")
    LEAK = (False, "texts of the evaluation data are in the training data too")
    TWICE = (False, "texts are in the training data more than once")
    BLANK = (False, "texts are blank")
    UNUSED_LABEL = (False, "labels of the component's schema are not in the training data")
    UNLEARNED_LABEL = (False, "labels of the evaluation data are not in the training data")
    NEVER_ABSENT = (
        False,
        "labels are in every text that is asked for them: nothing teaches that they can be absent",
    )
    FEW = (False, "labels have fewer than 20 examples in the training data")

    @property
    def fails(self) -> bool:
        """RETURNS (bool): Whether the corpus cannot be used like that."""
        return self.value[0]

    @property
    def text(self) -> str:
        """RETURNS (str): What it is, after a number."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw and where it is.

    kind (Kind): The flaw.
    where (str): File and line or number; empty for what concerns the whole.
    what (str): The value, the label or the error.
    """

    kind: Kind
    where: str
    what: str


@dataclass(slots=True)
class LabelCount:
    """How often a label occurs.

    gold (int): Its mentions, relations, records, or texts of which it is true.
    present (int): Texts that have it.
    absent (int): Texts that were asked for it and do not have it.
    """

    gold: int = 0
    present: int = 0
    absent: int = 0

    def add(self, gold: int) -> None:
        """Count a text that was asked for the label.

        gold (int): How often it occurs there.
        """
        self.gold += gold
        self.present += gold > 0
        self.absent += gold == 0


@dataclass(slots=True)
class CorpusCounts:
    """What is in a corpus.

    texts (int): Its texts.
    words (int): Their words.
    longest (int): Words of the longest text.
    entities (dict): By label.
    relations (dict): By label.
    structures (dict): By structure.
    fields (dict): By structure and field, "structure.field".
    classifications (dict): By task and label, "task: label".
    """

    texts: int = 0
    words: int = 0
    longest: int = 0
    entities: dict[str, LabelCount] = field(default_factory=dict)
    relations: dict[str, LabelCount] = field(default_factory=dict)
    structures: dict[str, LabelCount] = field(default_factory=dict)
    fields: dict[str, LabelCount] = field(default_factory=dict)
    classifications: dict[str, LabelCount] = field(default_factory=dict)


TASKS = ("entities", "relations", "structures", "fields", "classifications")
"""The parts of `CorpusCounts` that count labels."""
