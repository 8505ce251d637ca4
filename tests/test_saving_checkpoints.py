"""Where a checkpoint is written: what else lies there stays, or it is refused."""

import os

import pytest

from spacy_gliner2 import GLiNER2
from spacy_gliner2.model.errors import CheckpointError


@pytest.fixture(scope="module")
def extractor():
    return GLiNER2.from_pretrained()


def test_a_card_beside_a_checkpoint_stays_when_it_is_saved_again(extractor, tmp_path):
    extractor.save_pretrained(tmp_path / "saved")
    (tmp_path / "saved" / "README.md").write_text("The card.")
    (tmp_path / "saved" / "spm.model").write_bytes(b"of another tokenizer")
    extractor.save_pretrained(tmp_path / "saved")
    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert (tmp_path / "saved" / "README.md").read_text() == "The card."
    assert "model.safetensors" in names
    assert "spm.model" not in names


def test_a_directory_of_something_else_is_refused_and_left_alone(extractor, tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(CheckpointError, match="'photos', a directory that is no part"):
        extractor.save_pretrained(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_all_files_may_be_read_by_whom_the_umask_lets(extractor, tmp_path):
    old = os.umask(0o022)
    try:
        extractor.save_pretrained(tmp_path / "saved")
    finally:
        os.umask(old)
    modes = {f.name: f.stat().st_mode & 0o777 for f in (tmp_path / "saved").rglob("*.*")}
    assert modes["model.safetensors"] == 0o644
    assert set(modes.values()) <= {0o644, 0o755}
