"""How to extract: the values that change from pipeline to pipeline and from call to call."""

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from ..checks import check_count, check_share

OverlapPolicy = Literal["flat", "nested", "longest", "allow"]
WordSplitter = Literal["gliner2", "char", "spacy"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to extract.

    threshold (float): Smallest score of what comes out, where the schema sets none of its own.
    overlap_policy (str): Which of several overlapping mentions with one label stay: "flat", the
        best that do not overlap; "nested", also those within one another; "longest", those
        within no other; "allow", all.
    word_splitter (str): What the model takes for words: "gliner2", as it was trained; "char",
        every character outside of Latin script, for languages without blanks; "spacy", the
        tokens of the Doc.
    window (int): Most words that the model reads at once.
    stride (int): Words from the start of one window to the start of the next.
    max_batch_items (int): Most tokens in a batch.
    """

    threshold: float = 0.5
    overlap_policy: OverlapPolicy = "flat"
    word_splitter: WordSplitter = "gliner2"
    window: int = 384
    stride: int = 320
    max_batch_items: int = 1024

    def __post_init__(self) -> None:
        check_share("threshold", self.threshold)
        _check_choice("overlap_policy", self.overlap_policy, get_args(OverlapPolicy))
        _check_choice("word_splitter", self.word_splitter, get_args(WordSplitter))
        for key in ("window", "stride", "max_batch_items"):
            check_count(key, getattr(self, key), 1)
        if self.stride > self.window:
            raise ValueError(
                f"stride: {self.stride} is above window ({self.window}), so that words between two "
                "windows would be lost; make it smaller"
            )

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """RETURNS (tuple): The names of the settings."""
        return tuple(part.name for part in fields(cls))


def _check_choice(key: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{key}: {value!r} is none of {', '.join(choices)}; choose one of them")
