"""What a hostile checkpoint, config or expression cannot do."""

import ast
import json
import pickle
import random
import shutil
import struct
import zlib
from pathlib import Path

import pytest
import spacy
from huggingface_hub.utils import filter_repo_objects
from spacy.tokens import DocBin
from spacy.vocab import Vocab

import spacy_gliner2
from spacy_gliner2 import GLiNER2
from spacy_gliner2.annotation_tools import read_label_studio
from spacy_gliner2.documents.annotated import read_annotated
from spacy_gliner2.documents.docbin import read_docs
from spacy_gliner2.documents.inputs import read_items
from spacy_gliner2.files import write_directory
from spacy_gliner2.model import checkpoint as checkpoints
from spacy_gliner2.model.adapter_files import adapter_from_files
from spacy_gliner2.model.checkpoint import checkpoint_from_files, load_checkpoint
from spacy_gliner2.model.errors import CheckpointError
from spacy_gliner2.model.source import find_checkpoint
from spacy_gliner2.row_check import RowError
from spacy_gliner2.schema import SchemaError, freeze

ENCODER = "encoder_config/config.json"
WEIGHTS = "model.safetensors"

pytestmark = pytest.mark.usefixtures("one_thread", "no_network")


class Evil:
    """Something that runs code when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return Path.touch, (self.proof,)


@pytest.fixture
def proof(tmp_path) -> Path:
    """The file that is there if the planted code ran."""
    return tmp_path / "proof"


@pytest.fixture
def copy(small_checkpoint, tmp_path) -> Path:
    return Path(shutil.copytree(small_checkpoint(), tmp_path / "checkpoint"))


def edit(file: Path, **changes) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text("utf8")), **changes}), "utf8")


def test_no_module_of_the_package_unpickles():
    modules = sorted(Path(spacy_gliner2.__file__).parent.rglob("*.py"))
    assert len(modules) > 100
    for module in modules:
        names = set()
        for node in ast.walk(ast.parse(module.read_text("utf8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names |= {alias.name for alias in node.names} | {getattr(node, "module", None)}
            elif isinstance(node, ast.Attribute):
                names.add(ast.unparse(node))
        assert not names & {"pickle", "cloudpickle", "dill", "torch.load", "srsly.cloudpickle"}, (
            module
        )


def test_the_planted_pickle_would_run_if_somebody_unpickled_it(proof):
    pickle.loads(pickle.dumps(Evil(proof)))
    assert proof.exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", WEIGHTS, "tokenizer.json", "config.json"])
def test_a_pickle_is_not_read_whatever_its_name(copy, proof, name):
    (copy / name).write_bytes(pickle.dumps(Evil(proof)))
    if name == "pytorch_model.bin":
        GLiNER2.from_pretrained(copy)  # beside the weights it is nothing
        (copy / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="checkpoint"):
        load_checkpoint(copy)
    assert not proof.exists()


@pytest.mark.parametrize("old_files", [False, True])
def test_code_beside_a_tokenizer_is_not_run(copy, proof, old_files):
    code = f"from pathlib import Path\nPath({str(proof)!r}).touch()\nclass Evil: pass\n"
    (copy / "evil.py").write_text(code)
    auto = {"AutoTokenizer": ["evil.Evil", "evil.Evil"], "AutoConfig": "evil.Evil"}
    edit(copy / "tokenizer_config.json", auto_map=auto, tokenizer_class="Evil")
    edit(copy / "config.json", auto_map=auto)
    if old_files:  # then transformers converts them
        (copy / "tokenizer.json").unlink()
        with pytest.raises(CheckpointError, match=r"tokenizer\.json: no such file, and none could"):
            load_checkpoint(copy)
    else:
        load_checkpoint(copy)
    assert not proof.exists()


def with_header(content: bytes, change) -> bytes:
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    change(header["classifier.0.weight"])
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + size :]


@pytest.mark.parametrize(
    "bomb",
    [
        lambda c: struct.pack("<Q", 2**63) + c[8:],
        lambda c: struct.pack("<Q", 2**40) + c[8:],
        lambda c: struct.pack("<Q", 10**8) + b" " * 100,
        lambda c: with_header(c, lambda t: t.update(shape=[2**40, 2**20])),
        lambda c: with_header(c, lambda t: t.update(shape=[2**62, 2**62, 2**62])),
        lambda c: with_header(c, lambda t: t.update(data_offsets=[0, 2**50])),
        lambda c: with_header(c, lambda t: t.update(data_offsets=[-1, 8])),
    ],
)
def test_weights_that_declare_more_than_the_file_has_are_refused(copy, bomb):
    (copy / WEIGHTS).write_bytes(bomb((copy / WEIGHTS).read_bytes()))
    with pytest.raises(CheckpointError, match="expected a safetensors file"):
        load_checkpoint(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", 10**12),
        ("num_hidden_layers", 10**9),
        ("num_hidden_layers", 1000),
        ("max_position_embeddings", 10**15),
        ("intermediate_size", 10**30),
        ("type_vocab_size", -(10**12)),
        ("num_attention_heads", 0),
        ("hidden_size", 0),
        ("hidden_act", {"a": 1}),
    ],
)
def test_a_huge_encoder_is_refused_before_anything_is_built(copy, key, value, monkeypatch):
    monkeypatch.setattr(checkpoints, "build_encoder", lambda config: pytest.fail("was built"))
    edit(copy / ENCODER, **{key: value})
    with pytest.raises(CheckpointError, match=rf"{ENCODER}: {key} is .*expected"):
        load_checkpoint(copy)


def test_bytes_with_a_path_out_of_the_directory_are_refused(copy, tmp_path):
    files = load_checkpoint(copy).to_files()
    with pytest.raises(CheckpointError, match=r"'\.\./evil', which is no part of a checkpoint"):
        checkpoint_from_files({**files, "../evil": b""})
    with pytest.raises(CheckpointError, match=r"config\.json: is 3, expected bytes"):
        checkpoint_from_files({**files, "config.json": 3})


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil"])
def test_nothing_is_written_outside_of_a_directory(tmp_path, name):
    with pytest.raises(ValueError, match="leads out of"):
        write_directory(tmp_path / "inside", {name: b""})
    assert list(tmp_path.iterdir()) == []


def test_from_the_hub_come_files_of_known_kinds_alone_at_the_revision(monkeypatch, tmp_path):
    asked = {}

    def fetch(name, **options):
        asked.update(options, name=name)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert find_checkpoint("owner/model", "0a1b2c") == tmp_path
    assert (asked["name"], asked["revision"]) == ("owner/model", "0a1b2c")
    wanted = ["config.json", "encoder_config/config.json", "model.safetensors", "spm.model"]
    others = ["pytorch_model.bin", "modeling.py", "code/modeling.py", "weights.pkl", "a.pt"]
    found = filter_repo_objects([*wanted, *others], allow_patterns=asked["allow_patterns"])
    assert list(found) == wanted


def test_json_without_end_is_an_error_and_no_crash(copy):
    deep = "[" * 100_000
    with pytest.raises(SchemaError, match="is no JSON"):
        freeze(deep)
    (copy / "config.json").write_text(deep)
    with pytest.raises(CheckpointError, match=r"config\.json: expected JSON"):
        load_checkpoint(copy)
    with pytest.raises(CheckpointError, match=r"adapter_config\.json: expected JSON"):
        adapter_from_files({"adapter_config.json": deep.encode()}, "bytes")
    first, second = copy / "rows.jsonl", copy / "tasks.json"
    first.write_text(f'{deep}\n{{"text": "In Bergen."}}\n')
    failed, item = read_items(first, "jsonl", Vocab())
    assert failed.error.startswith("is no JSON")
    assert item.fields == {"text": "In Bergen."}
    second.write_text(deep)
    with pytest.raises(RowError, match=r"tasks\.json: is no JSON"):
        list(read_label_studio(second, spacy.blank("en")))


def test_an_adapter_in_bytes_without_its_config_is_refused():
    with pytest.raises(CheckpointError, match=r"adapter_config\.json: no such file"):
        adapter_from_files({"adapter_model.safetensors": b""}, "bytes")


def test_a_damaged_spacy_file_is_an_error_that_says_so():
    nlp = spacy.blank("en")
    content = zlib.decompress(DocBin(docs=[nlp("Ada lives in Rome.")] * 2).to_bytes())
    rng = random.Random(1)
    errors = []
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(rng.randint(1, 6)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            list(read_docs(zlib.compress(bytes(damaged)), nlp.vocab))
        except ValueError as error:
            errors.append(str(error))
    assert len(errors) > 200
    assert all(error.startswith("is no .spacy file") for error in errors)


def test_records_of_parquet_that_are_no_json_are_refused_with_the_row(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"text": ["a", "b"], "structures": ["{}", "{"]}), file)
    with pytest.raises(RowError, match=r"rows\.parquet, row 2: structures is no JSON"):
        list(read_annotated(file))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"configured": 1}', "null"])
def test_damaged_settings_of_a_saved_component_are_named(copy, content, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"model": {"name": str(copy)}})
    nlp.to_disk(tmp_path / "saved")
    (tmp_path / "saved" / "gliner2" / "cfg").write_text(content)
    with pytest.raises(ValueError, match=r"cfg: .*is not what the component saved"):
        spacy.load(tmp_path / "saved")


@pytest.mark.parametrize("key", ["cfg", "schema", "model"])
def test_settings_without_a_part_of_what_was_configured_are_named(copy, key, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2", config={"model": {"name": str(copy)}})
    nlp.to_disk(tmp_path)
    path = tmp_path / "gliner2" / "cfg"
    content = json.loads(path.read_text())
    del content["configured"][key]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"cfg: .*is not what the component saved"):
        spacy.load(tmp_path)
