"""Registration of the `gliner2` factory.

spaCy imports this module whenever it makes any pipeline, so that it imports nothing heavy.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from thinc.api import Config

if TYPE_CHECKING:
    from thinc.api import Model

    from .model.adapter_config import AdapterConfig
    from .pipe import GLiNER2Pipe
    from .training.augmentation import Augmentation
    from .training.loss_options import LossOptions
    from .training.optimisation import Optimisation

DEFAULT_CONFIG_TEXT = """
[gliner2]
schema = {}
threshold = 0.5
annotate_ents = true
overwrite = false
spans_key = "gliner2"
overlap_policy = "flat"
alignment_mode = "expand"
word_splitter = "gliner2"
window = 384
stride = 320
max_batch_items = 1024
relations_attr = "relations"
structures_attr = "structures"
score_attr = "score"
cats_prefix = false
publish_trf_data = false
lora = null

[gliner2.ents_filter]
@misc = "spacy-gliner2.highest_score_filter.v1"

[gliner2.scorer]
@scorers = "spacy-gliner2.scorer.v1"

[gliner2.loss]
@misc = "spacy-gliner2.loss.v1"

[gliner2.optimisation]
@misc = "spacy-gliner2.optimisation.v1"

[gliner2.augmentation]
@misc = "spacy-gliner2.augmentation.v1"

[gliner2.model]
@architectures = "spacy-gliner2.GLiNER2Model.v1"
name = "embedded"
revision = null
precision = "float32"
device = null
"""

DEFAULT_CONFIG = Config().from_str(DEFAULT_CONFIG_TEXT)["gliner2"]

DEFAULT_SCORE_WEIGHTS: dict[str, float | None] = {
    "ents_f": 0.25,
    "ents_p": 0.0,
    "ents_r": 0.0,
    "ents_per_type": None,
    "spans_gliner2_f": None,
    "spans_gliner2_p": None,
    "spans_gliner2_r": None,
    "spans_gliner2_per_type": None,
    "cats_score": 0.25,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
    "cats_auc_per_type": None,
    "cats_score_per_task": None,
    "rel_micro_f": 0.25,
    "rel_micro_p": 0.0,
    "rel_micro_r": 0.0,
    "rel_f_per_type": None,
    "rel_lenient_f": None,
    "rel_lenient_p": None,
    "rel_lenient_r": None,
    "rel_lenient_f_per_type": None,
    "structures_f": 0.25,
    "structures_p": 0.0,
    "structures_r": 0.0,
    "structures_f_per_type": None,
    "structures_lenient_f": None,
    "structures_lenient_p": None,
    "structures_lenient_r": None,
    "structures_lenient_f_per_type": None,
}


@Language.factory(
    "gliner2",
    default_config=DEFAULT_CONFIG,
    assigns=[
        "doc.ents",
        "doc.spans",
        "doc.cats",
        "token.ent_iob",
        "token.ent_type",
        "doc._.relations",
        "doc._.structures",
        "doc._.trf_data",
        "span._.score",
    ],
    default_score_weights=DEFAULT_SCORE_WEIGHTS,
)
def make_gliner2(
    nlp: Language,
    name: str,
    model: "Model[Any, Any]",
    schema: dict[str, Any],
    threshold: float,
    annotate_ents: bool,
    ents_filter: Callable[..., Any],
    overwrite: bool,
    spans_key: str,
    overlap_policy: str,
    alignment_mode: str,
    word_splitter: str,
    window: int,
    stride: int,
    max_batch_items: int,
    relations_attr: str,
    structures_attr: str,
    score_attr: str,
    cats_prefix: bool,
    publish_trf_data: bool,
    scorer: Callable[..., Any] | None,
    loss: "LossOptions",
    optimisation: "Optimisation",
    augmentation: "Augmentation | None",
    lora: "AdapterConfig | None",
) -> "GLiNER2Pipe":
    """Make a component that extracts entities, labels, relations and records.

    The defaults, as a block of `config.cfg`, are `DEFAULT_CONFIG_TEXT`.

    nlp (Language): The pipeline.
    name (str): The component's name in it.
    model (Model): The model; see `spacy-gliner2.GLiNER2Model.v1`.
    schema (dict): What to extract; see `docs/schema.md`.
    threshold (float): Smallest score of what comes out, where the schema sets none of its own.
    annotate_ents (bool): Whether to write `doc.ents`.
    ents_filter (Callable): Decides among the entities already there and those found; gets both
        and returns those that stay.
    overwrite (bool): Whether entities, and spans under `spans_key`, that are already there make
        way for those found.
    spans_key (str): Key of `doc.spans` under which every mention is written.
    overlap_policy (str): Which of several overlapping mentions with one label stay: "flat",
        "nested", "longest" or "allow".
    alignment_mode (str): What becomes of a mention that ends inside a token: "expand", "contract"
        or "strict", as in `Doc.char_span`.
    word_splitter (str): What the model takes for words: "gliner2", "char" or "spacy".
    window (int): Most words that the model reads at once.
    stride (int): Words from the start of one window to the start of the next; fewer where the
        two would not share as many words as a mention may have.
    max_batch_items (int): Most tokens in a batch.
    relations_attr (str): Name of the extension of Doc for the relations; those of another
        component stay.
    structures_attr (str): Name of the extension of Doc for the records; those of another
        component's structures stay.
    score_attr (str): Name of the extension of Span for an entity's score.
    cats_prefix (bool): Whether keys of `doc.cats` are "task:label" instead of "label".
    publish_trf_data (bool): Whether to share the encoder: its states go to `doc._.trf_data`, where
        components with a listener of spacy-transformers read them; see `docs/sharing.md`.
    scorer (Callable): Scores the component's annotations.
    loss (LossOptions): What it learns from annotation; see `spacy-gliner2.loss.v1`.
    optimisation (Optimisation): How its weights move; see `spacy-gliner2.optimisation.v1`.
    augmentation (Augmentation): How the schema changes from step to step in training, null for
        not at all; see `spacy-gliner2.augmentation.v1`.
    lora (AdapterConfig): The adapter to train, null to train all weights; see
        `spacy-gliner2.lora.v1`.
    RETURNS (GLiNER2Pipe): The component.
    RAISES (ValueError): If a value or the schema is wrong; names the key, the value, the remedy.
    """
    from .pipe import GLiNER2Pipe

    return GLiNER2Pipe(
        nlp.vocab,
        model,
        name,
        schema=schema,
        threshold=threshold,
        annotate_ents=annotate_ents,
        ents_filter=ents_filter,
        overwrite=overwrite,
        spans_key=spans_key,
        overlap_policy=overlap_policy,
        alignment_mode=alignment_mode,
        word_splitter=word_splitter,
        window=window,
        stride=stride,
        max_batch_items=max_batch_items,
        relations_attr=relations_attr,
        structures_attr=structures_attr,
        score_attr=score_attr,
        cats_prefix=cats_prefix,
        publish_trf_data=publish_trf_data,
        scorer=scorer,
        loss=loss,
        optimisation=optimisation,
        augmentation=augmentation,
        lora=lora,
    )
