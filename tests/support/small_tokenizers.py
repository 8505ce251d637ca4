"""Small tokenizers of the two kinds that encoders come with.

Their vocabularies are counted from the tests' texts and not trained: training gives another one
in each process.
"""

import math
from collections import Counter

from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
)
from transformers import BertTokenizerFast, PreTrainedTokenizerFast

from . import texts

PIECES = 700
"""Number of the words and beginnings of words in a vocabulary."""

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def wordpiece() -> BertTokenizerFast:
    """Make a tokenizer such as BERT's: lower-cased, "##" before what goes on a word."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    counts = _count_words(tokenizer)
    characters = sorted({character for word in counts for character in word})
    pieces = [*SPECIAL.values(), *characters, *(f"##{character}" for character in characters)]
    pieces += [piece for piece, _ in _frequent(counts) if len(piece) > 1]
    tokenizer.model = models.WordPiece(
        {piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"
    )
    return BertTokenizerFast(tokenizer_object=tokenizer, do_lower_case=True)


def unigram() -> PreTrainedTokenizerFast:
    """Make a tokenizer such as DeBERTa-v3's: cased, "▁" before what begins a word."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"[\p{Cc}\p{Cf}]"), "")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    counts = _count_words(tokenizer)
    characters = Counter(character for word in counts for character in word)
    frequent = dict(sorted(characters.items())) | dict(_frequent(counts))
    total = sum(frequent.values())
    pieces = [(name, 0.0) for name in SPECIAL.values()]
    pieces += [(piece, math.log(count / total)) for piece, count in frequent.items()]
    unknown = list(SPECIAL.values()).index("[UNK]")
    tokenizer.model = models.Unigram(pieces, unk_id=unknown, byte_fallback=False)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)


def _count_words(tokenizer: Tokenizer) -> Counter[str]:
    """Count the words of the tests' texts, but for a third of them: not all can be known."""
    words: Counter[str] = Counter()
    for text in texts.ALL[::3] + texts.ALL[1::3]:
        normal = tokenizer.normalizer.normalize_str(text)
        words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    return words


def _frequent(words: Counter[str]) -> list[tuple[str, int]]:
    """Pick the most frequent words and beginnings of words, in one order in every process."""
    pieces: Counter[str] = Counter()
    for word, count in words.items():
        for end in {len(word), min(len(word), 4)}:
            pieces[word[:end]] += count
    return sorted(pieces.items(), key=lambda pair: (-pair[1], pair[0]))[:PIECES]
