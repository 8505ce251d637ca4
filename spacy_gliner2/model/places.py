"""Where in a batch the states are that the heads read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from ..inference.prompt import Group, Kind
from ..inference.sequences import TokenSequence
from .config import TokenPooling


@dataclass(frozen=True, slots=True)
class Asked:
    """A group of labels that one sequence of a batch is asked for.

    owner (int): The sequence.
    base (int): The sequence's first token among all tokens.
    group (Group): The group.
    """

    owner: int
    base: int
    group: Group

    @property
    def classifies(self) -> bool:
        """RETURNS (bool): Whether it is a classification, which reads no words."""
        return self.group.kind is Kind.CLASSIFICATION

    @property
    def parent(self) -> int:
        """RETURNS (int): Position of its [P] among all tokens."""
        return self.base + self.group.parent

    @property
    def children(self) -> list[int]:
        """RETURNS (list): Position of the token before each label among all tokens."""
        return [self.base + child for child in self.group.children]


@dataclass(frozen=True, slots=True)
class States:
    """The states that the heads read.

    labels (tuple): Those before the labels of each group. *Shape:* (labels, hidden) each.
    parents (Tensor): That of the [P] of each group which is no classification.
        *Shape:* (groups, hidden)
    tokens (tuple): Those of the tokens that rows are made of, of each sequence with such a group.
        *Shape:* (tokens, hidden) each.
    """

    labels: tuple[Tensor, ...]
    parents: Tensor
    tokens: tuple[Tensor, ...]


class Places:
    """Where in a batch the states are that the heads read, each named once.

    sequences (Sequence): The sequences.
    pooling (str): How the tokens of a word become one state: all of them are read, or the first.
    asked (list): All groups of all sequences.
    readers (list): The sequences that are asked for more than classifications.
    wanted (Tensor): Positions, among all tokens, of the states that are read. *Shape:* (states,)
    """

    def __init__(self, sequences: Sequence[TokenSequence], pooling: TokenPooling) -> None:
        bases = [0, *accumulate(len(sequence) for sequence in sequences)][:-1]
        self.asked = [
            Asked(n, base, group)
            for n, (own, base) in enumerate(zip(sequences, bases, strict=True))
            for group in own.prompt.groups
        ]
        self.readers = list(dict.fromkeys(one.owner for one in self.asked if not one.classifies))
        labels = [one.children for one in self.asked]
        parents = [one.parent for one in self.asked if not one.classifies]
        tokens = [list(_tokens(sequences[n], bases[n], pooling)) for n in self.readers]
        self._sizes = [len(own) for own in (*labels, parents, *tokens)]
        positions = [i for own in (*labels, parents, *tokens) for i in own]
        self.wanted, self._where = torch.tensor(positions, dtype=torch.long).unique(
            return_inverse=True
        )

    def pick(self, states: Tensor) -> States:
        """Take apart the states that were wanted.

        states (Tensor): The states at the positions `wanted`. *Shape:* (states, hidden)
        RETURNS (States): The states by who reads them.
        """
        parts = states[self._where.to(states.device)].split(self._sizes)
        count = len(self.asked)
        return States(parts[:count], parts[count], parts[count + 1 :])


def _tokens(sequence: TokenSequence, base: int, pooling: TokenPooling) -> Iterator[int]:
    if pooling == "first":
        return (base + first for first, _ in sequence.rows)
    return (base + first + i for first, size in sequence.rows for i in range(size))
