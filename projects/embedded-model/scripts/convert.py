"""Convert the corpora into rows: `convert.py ASSETS ROWS`."""

import logging
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import typer
from recipe import dialogues, offsets, pairs, tagged, utterances
from recipe.nations import mark_nations
from recipe.rows import Row, write_rows

log = logging.getLogger("convert")

Reader = Callable[[Path], Iterable[Row]]


def bio(folder: str) -> Reader:
    """RETURNS (Callable): Reads one of the corpora of biomedical text, its parts together."""

    def read(data: Path) -> Iterable[Row]:
        source = {"BC5CDR": "bc5cdr", "NCBI-disease": "ncbi", "AnatEM": "anatem"}[folder]
        for part in ("train", "devel", "test"):
            path = data / "bio_ner" / f"{folder}-IOB" / f"{part}.tsv"
            yield from tagged.read_tagged(source, path, split_hyphens=True)

    return read


def each(read: Callable[[Path], Iterable[Row]], pattern: str) -> Reader:
    """RETURNS (Callable): Reads all files of a pattern."""
    return lambda data: chain.from_iterable(map(read, sorted(data.glob(pattern))))


def fewnerd(*parts: str) -> Reader:
    """RETURNS (Callable): Reads parts of Few-NERD; "big_test" has the types that are held out."""
    return lambda data: chain.from_iterable(
        tagged.read_tagged("fewnerd", data / "fewnerd_sample" / f"{part}.txt", separator="\t")
        for part in parts
    )


HWU = "hwu64/RasaNlu_Merged_KFold_1*.json"
WITHOUT_NATIONS = ("fewnerd", "btc", "wikigold", "uner_ewt")
"""Corpora that annotate persons, organisations and places, but no nationalities as such."""

TRAINING: dict[str, Reader] = {
    "fewnerd": fewnerd("dev", "test"),
    "btc": each(lambda path: tagged.read_tagged("btc", path), "btc/train_dev_test_conll/btc.[td]*"),
    "wikigold": each(
        lambda path: tagged.read_tagged("wikigold", path), "juand_r_small/wikigold/**/*.conll.txt"
    ),
    "sec_filings": each(
        lambda path: tagged.read_tagged("sec_filings", path),
        "juand_r_small/SEC-filings/**/FIN*.txt",
    ),
    "anem": each(
        lambda path: tagged.read_tagged("anem", path, separator="\t", split_hyphens=True),
        "juand_r_small/AnEM/**/AnEM.t*",
    ),
    "uner_ewt": each(
        lambda path: tagged.read_tagged("uner_ewt", path, token=1, tag=2, separator="\t"),
        "uner_ewt/*.iob2",
    ),
    "litbank": each(lambda path: tagged.read_nested("litbank", path), "litbank/tsv/*.tsv"),
    "bc5cdr": bio("BC5CDR"),
    "ncbi": bio("NCBI-disease"),
    "anatem": bio("AnatEM"),
    "pii_anon": each(offsets.read_pii, "pii_anon/test_*.jsonl.gz"),
    "presidio_synth": each(offsets.read_presidio, "presidio_synth/synth_dataset_v2.json"),
    "snips": lambda data: offsets.read_snips(data / "snips"),
    "hwu64": each(offsets.read_hwu, HWU),
    "restaurant8k": each(offsets.read_restaurant, "restaurant8k/restaurant8k/train_0.json"),
    "gum_open": each(offsets.read_gum, "gum_open/tsv/*.tsv"),
    "clinc150": lambda data: utterances.read_clinc(
        data / "clinc150/data_full.json", data / "clinc150/domains.json", "train"
    ),
    "goemotions": lambda data: utterances.read_goemotions(
        data / "goemotions/train.tsv", data / "goemotions/labels.txt"
    ),
    "semeval2010_t8": each(pairs.read_semeval, "semeval2010_t8/*training/TRAIN_FILE.TXT"),
    "fewrel": each(lambda path: pairs.read_fewrel(path, "fewrel"), "fewrel/val_wiki.json"),
    "fewrel_pubmed": each(
        lambda path: pairs.read_fewrel(path, "fewrel_pubmed"), "fewrel/val_pubmed.json"
    ),
    "redocred": lambda data: chain(
        pairs.read_redocred(data / "redocred/dev_revised.json"),
        pairs.read_redocred(data / "redocred/test_revised.json", slice(None, 350)),
    ),
    "sgd": lambda data: dialogues.read_dialogues(data / "sgd_compact", held_out=False),
}
"""What is trained on."""

EVALUATION: dict[str, Reader] = {
    "fewnerd_held_out": fewnerd("big_test"),
    "wnut17": each(
        lambda path: tagged.read_tagged("wnut17", path, separator="\t"),
        "wnut17/emerging.test.annotated",
    ),
    "tasteset": each(offsets.read_recipes, "tasteset/TASTEset.csv"),
    "banking77": lambda data: utterances.read_banking(data / "banking77/test.csv"),
    "nlupp_banking": lambda data: utterances.read_nlupp(data / "nlupp/banking"),
    "nlupp_hotels": lambda data: utterances.read_nlupp(data / "nlupp/hotels"),
    "semeval_test": each(pairs.read_semeval, "semeval2010_t8/*testing_keys/TEST_FILE_FULL.TXT"),
    "sgd": lambda data: dialogues.read_dialogues(data / "sgd_compact", held_out=True),
    "redocred": lambda data: pairs.read_redocred(
        data / "redocred/test_revised.json", slice(350, None)
    ),
    "fewrel": each(lambda path: pairs.read_fewrel(path, "fewrel"), "fewrel/val_wiki.json"),
    "worldwide_newswire": each(
        lambda path: tagged.read_tagged("worldwide_newswire", path, separator="\t"),
        "worldwide_newswire/processed_annotated/*.tsv",
    ),
    "scierc": each(
        lambda path: tagged.read_tagged("scierc", path, separator=" "), "scierc_ner/sciie/test.txt"
    ),
    "conll04": each(pairs.read_conll04, "conll04/conll04_test.json"),
}
"""What is held out."""


def main(assets: Path, rows: Path) -> None:
    """Convert the corpora into rows.

    assets (Path): The folder with the corpora, each in a folder of its own.
    rows (Path): Where the rows go: a file a corpus, and those held out below "held_out".
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for folder, readers in ((rows, TRAINING), (rows / "held_out", EVALUATION)):
        folder.mkdir(parents=True, exist_ok=True)
        for name, read in readers.items():
            found = read(assets)
            if folder == rows and name in WITHOUT_NATIONS:
                found = map(mark_nations, found)
            count = write_rows(folder / f"{name}.jsonl", found)
            if not count:
                raise ValueError(f"{name}: no rows; are its files below {assets}?")
            log.info("%s: %d rows", name, count)


if __name__ == "__main__":
    typer.run(main)
