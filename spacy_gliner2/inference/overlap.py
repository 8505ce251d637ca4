"""Which of several overlapping candidates stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .settings import OverlapPolicy


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A piece of the text that the model proposes for a label.

    rank (float): The negative of its score, so that sorting puts the best first.
    start (int): Offset of its first character.
    end (int): Offset after its last character.
    """

    rank: float
    start: int
    end: int

    @property
    def score(self) -> float:
        """RETURNS (float): Its probability."""
        return -self.rank


def best_per_span(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the best of the candidates for each piece of the text.

    candidates (Sequence): Candidates for one label, in any order.
    RETURNS (list): One for each piece, best first; of equals the earlier and shorter first.
    """
    found: dict[tuple[int, int], Candidate] = {}
    for candidate in sorted(candidates):
        found.setdefault((candidate.start, candidate.end), candidate)
    return list(found.values())


def rank(candidates: Sequence[Candidate], policy: OverlapPolicy) -> list[Candidate]:
    """Order the candidates of which one is to be chosen.

    candidates (Sequence): Candidates for one label, in any order.
    policy (str): The policy; with "longest", what lies within another candidate is none.
    RETURNS (list): One for each piece of the text, best first.
    """
    ranked = best_per_span(candidates)
    return _outermost(ranked) if policy == "longest" else ranked


def resolve_overlaps(candidates: Sequence[Candidate], policy: OverlapPolicy) -> list[Candidate]:
    """Keep the candidates that the policy lets stand beside each other.

    candidates (Sequence): Candidates for one label, in any order.
    policy (str): The policy.
    RETURNS (list): Those that stay, best first.
    """
    ranked = rank(candidates, policy)
    if policy in ("allow", "longest") or len(ranked) < 2:
        return ranked
    return _greedy(ranked, _overlap if policy == "flat" else _cross)


def _overlap(a: Candidate, b: Candidate) -> bool:
    return a.start < b.end and b.start < a.end


def _cross(a: Candidate, b: Candidate) -> bool:
    return a.start < b.start < a.end < b.end or b.start < a.start < b.end < a.end


def _greedy(
    ranked: list[Candidate], conflict: Callable[[Candidate, Candidate], bool]
) -> list[Candidate]:
    """Take the best, then the best that does not conflict with what was taken, and so on.

    Taken candidates are found by the blocks of the text that they touch, so that a text with many
    mentions takes no longer for each of them.
    """
    kept: list[Candidate] = []
    blocks: dict[int, list[Candidate]] = {}
    for candidate in ranked:
        touched = range(candidate.start // BLOCK, (candidate.end - 1) // BLOCK + 1)
        if any(conflict(candidate, other) for i in touched for other in blocks.get(i, ())):
            continue
        kept.append(candidate)
        for i in touched:
            blocks.setdefault(i, []).append(candidate)
    return kept


BLOCK = 256
"""Characters of a block."""


def _outermost(ranked: list[Candidate]) -> list[Candidate]:
    """Keep what lies within no other: in text order, what reaches further than all before it."""
    kept = set()
    reach = -1
    for candidate in sorted(ranked, key=lambda c: (c.start, -c.end)):
        if candidate.end > reach:
            kept.add(candidate)
            reach = candidate.end
    return [candidate for candidate in ranked if candidate in kept]
