"""What of the annotation could not be learned from: counted, and reported once."""

import warnings
from collections import Counter
from enum import Enum


class Problem(Enum):
    """A reason why annotation was left out or changed; the value says what became of it."""

    UNKNOWN = "labels, fields or choices are not in the schema, and were ignored"
    ALONE = "class labels are the only one of their task, which needs two, and were ignored"
    SEVERAL = "texts have several right labels of a task that has one; make it multi_label"
    NOT_FOUND = "are not in the text, and were ignored"
    TOO_WIDE = "have more words than max_width of the checkpoint, and were ignored"
    INSIDE_WORD = "begin or end inside of a word, and were expanded to whole words"
    TOO_MANY = "instances beyond the 19 that the model can tell apart were ignored"
    APART = "relations have their ends in no common window, and were ignored; a longer one helps"
    NO_ANNOTATION = "texts have no annotation for any task of the schema, and were ignored"
    NO_ROOM = "texts have a schema that leaves the encoder no room for the text, and were ignored"


class Problems:
    """Counts problems, with what they were about.

    found (dict): For each kind, how often it occurred with what.
    """

    def __init__(self) -> None:
        self.found: dict[Problem, Counter[str]] = {}
        self._reported: set[Problem] = set()

    def add(self, problem: Problem, what: str, count: int = 1) -> None:
        """Count a problem.

        problem (Problem): Its kind.
        what (str): What it is about.
        count (int): How often it occurred.
        """
        self.found.setdefault(problem, Counter())[what] += count

    def report(self, name: str) -> None:
        """Warn of each kind of problem that was not reported before.

        name (str): The component.
        """
        for problem, counts in self.found.items():
            if problem in self._reported:
                continue
            self._reported.add(problem)
            where = (
                ""
                if problem is Problem.APART  # which depends on windows, and so on the model
                else "; 'python -m spacy gliner2 debug-data' lists everything"
            )
            most = ", ".join(f"{what} ({n})" for what, n in counts.most_common(5))
            more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
            warnings.warn(
                f"component {name!r}, training: {counts.total()} {problem.value}: {most}"
                f"{more}. What follows of this kind is only counted, in the component's problems"
                f"{where}",
                stacklevel=2,
            )
