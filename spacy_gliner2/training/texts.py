"""From a text with its gold to sequences with targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..inference.prompt import Layout, make_prompt
from ..inference.sequences import make_sequence
from ..inference.settings import Settings
from ..inference.windows import make_windows, text_capacity
from ..inference.words import Offsets, read_words
from ..model.shim import GLiNER2Shim
from ..schema import FrozenSchema
from .gold import Gold
from .loss_options import LossOptions
from .piece_finder import PieceFinder
from .problems import Problem, Problems
from .targets import Placer, TargetMaker, TrainingSequence


@dataclass(frozen=True, slots=True)
class TrainingText:
    """A text to learn from.

    text (str): The text.
    schema (FrozenSchema): What to extract from it.
    gold (Gold): What is right.
    words (tuple): With the word splitter "spacy", start and end of each token.
    layout (Layout): In which order the schema is written; None for the usual one.
    own (bool): Whether the schema is the text's own, so that another may fit where it does not.
    """

    text: str
    schema: FrozenSchema
    gold: Gold
    words: tuple[Offsets, ...] | None = None
    layout: Layout | None = None
    own: bool = False


def known_tasks(item: TrainingText, options: LossOptions) -> TrainingText:
    """Take the tasks out of the schema of which nothing is to be learned.

    item (TrainingText): The text.
    options (LossOptions): What is learned; without negatives, relations and structures that the
        text has none of are taken out, too.
    RETURNS (TrainingText): The same with a smaller schema.
    """
    schema, gold = item.schema, item.gold
    negatives = options.negatives != "none"
    relations, records = gold.relations or {}, gold.records or {}
    smaller = {
        "entities": () if gold.entities is None else schema.entities,
        "relations": tuple(
            part
            for part in schema.relations
            if gold.relations is not None and (negatives or relations.get(part.label))
        ),
        "structures": tuple(
            part
            for part in schema.structures
            if gold.records is not None and (negatives or records.get(part.name))
        ),
        "classifications": tuple(
            task for task in schema.classifications if task.task in gold.labels
        ),
    }
    return replace(item, schema=schema.model_copy(update=smaller))


class TextPreparer:
    """Makes sequences with targets.

    shim (GLiNER2Shim): Has the tokenizer and the sizes of the network.
    options (LossOptions): What is learned.
    problems (Problems): Counts what cannot be learned.
    """

    def __init__(self, shim: GLiNER2Shim, options: LossOptions, problems: Problems) -> None:
        self._shim = shim
        self._options = options
        self._problems = problems

    def prepare(self, item: TrainingText, settings: Settings) -> Sequence[TrainingSequence]:
        """Make the sequences of a text.

        item (TrainingText): The text; of all tasks of its schema something is to be learned.
        settings (Settings): How the text is read.
        RETURNS (Sequence): One for each window; none if the schema is empty, or is the text's own
            and leaves no room for it.
        RAISES (ValueError): If the component's schema leaves no room for any text.
        """
        if not item.gold:
            self._problems.add(Problem.NO_ANNOTATION, repr(item.text[:40]))
        if not item.schema:
            return ()
        network = self._shim.checkpoint.network
        subwords = self._shim.subwords
        prompt = make_prompt(item.schema, subwords, item.layout)
        words = read_words(item.text, settings.word_splitter, item.words)
        try:
            capacity = text_capacity(network.encoder.max_positions, len(prompt.ids))
        except ValueError:
            if not item.own:
                raise
            self._problems.add(Problem.NO_ROOM, repr(item.text[:40]))
            return ()
        ids = [found[:capacity] for found in subwords.all_ids(words.forms)]
        windows = make_windows(
            [len(found) for found in ids],
            window=settings.window,
            stride=settings.stride,
            capacity=capacity,
            max_width=network.config.max_width,
        )
        finder = PieceFinder(
            item.text,
            words,
            splitter=settings.word_splitter,
            max_width=network.config.max_width,
            offsets=self._options.offsets,
            problems=self._problems,
        )
        swapped = item.layout.swapped if item.layout else frozenset()
        placer = Placer(item.schema, prompt, swapped, finder, self._problems)
        placed = placer.place(item.gold)
        maker = TargetMaker(item.schema, prompt, placed, windows, self._options, self._problems)
        total = sum(window.end - window.start for window in windows)
        return [
            TrainingSequence(
                make_sequence(prompt, ids, window),
                maker.make(window, (window.end - window.start) / total),
            )
            for window in windows
        ]
