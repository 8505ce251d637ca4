"""Small tokenizers of the two kinds that encoders come with, trained on the tests' texts."""

from tokenizers import (
    BertWordPieceTokenizer,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from transformers import BertTokenizerFast, PreTrainedTokenizerFast

from . import texts


def wordpiece() -> BertTokenizerFast:
    """Make a tokenizer such as BERT's: lower-cased, "##" before what goes on a word."""
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(
        texts.ALL, vocab_size=700, min_frequency=1, limit_alphabet=300, show_progress=False
    )
    return BertTokenizerFast(tokenizer_object=tokenizer._tokenizer, do_lower_case=True)


def unigram() -> PreTrainedTokenizerFast:
    """Make a tokenizer such as DeBERTa-v3's: cased, "▁" before what begins a word."""
    names = {
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "unk_token": "[UNK]",
        "mask_token": "[MASK]",
    }
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"[\p{Cc}\p{Cf}]"), "")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=800,
        special_tokens=list(names.values()),
        unk_token="[UNK]",
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts.ALL, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
