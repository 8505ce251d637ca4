"""Checkpoints in the reference's directory layout (its section 6), read and written strictly.

config.json                   what the heads are
encoder_config/config.json    what the encoder is
model.safetensors             all weights
tokenizer.json, ...           the tokenizer's files
adapter/...                   an adapter that is in use; the weights are without it
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save, save_file
from tokenizers import Tokenizer
from torch import Tensor

from ..files import Content, write_directory
from ..messages import said
from ..schema import MARKERS
from .adapter import Adapter, Matrices, check_matrices, plain_state
from .adapter_config import AdapterConfig
from .adapter_files import CONFIG as ADAPTER_CONFIG
from .adapter_files import adapter_from_files, adapter_to_files, read_adapter
from .config import SpanConfig
from .contents import read_object, read_tensors
from .encoder_config import check_encoder_config
from .encoders import EmptyWeights, build_encoder
from .errors import CheckpointError
from .merging import merge_with_peft
from .network import Network

CONFIG = "config.json"
ENCODER_CONFIG = "encoder_config/config.json"
WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
TOKENIZER_FILES = (
    TOKENIZER,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spm.model",
    "sentencepiece.bpe.model",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)
"""Every file that a checkpoint's tokenizer may have; what is there is kept as it is."""

ADAPTER = "adapter"
"""Folder of the adapter that is in use."""

_METADATA = {"format": "pt"}

EMBEDDINGS = (
    "encoder.embeddings.word_embeddings.weight",
    "encoder.embeddings.tok_embeddings.weight",
)
"""Names under which encoders keep their word embeddings, whose rows decide the vocabulary."""


@dataclass(slots=True)
class Checkpoint:
    """A model with everything that is needed to run it and to write it down again.

    network (Network): The network, with its weights.
    tokenizer (Tokenizer): The tokenizer.
    files (dict): Content of the other files, by their path in the directory.
    dtype (dtype): Type of the weights on disk.
    adapter (Adapter): The adapter that is in use, None for none.
    """

    network: Network
    tokenizer: Tokenizer
    files: dict[str, bytes]
    dtype: torch.dtype
    adapter: Adapter | None = None

    @property
    def config(self) -> SpanConfig:
        """RETURNS (SpanConfig): What the heads are."""
        return self.network.config

    def to_files(self) -> dict[str, bytes]:
        """RETURNS (dict): Content of every file of its directory, by path."""
        weights = save(self._tensors(), metadata=_METADATA)
        return {**self.files, **self._adapter_files(), WEIGHTS: weights}

    def to_contents(self, *, merged: bool = False) -> dict[str, Content]:
        """Prepare to write it, without a copy of its weights.

        merged (bool): Whether what the adapter adds goes into the weights, and not beside them.
        RETURNS (dict): Content of every file of its directory, by path, or what writes it.
        """

        def write(file: Path) -> None:
            try:
                save_file(self._tensors(merged=merged), file, metadata=_METADATA)
            except SafetensorError as error:  # which hides what the system said
                raise OSError(f"{file}: cannot be written ({error}); make room for it") from error

        return {**self.files, **({} if merged else self._adapter_files()), WEIGHTS: write}

    def _tensors(self, *, merged: bool = False) -> dict[str, Tensor]:
        state = plain_state(self.network)
        dtype = self.dtype
        if merged and self.adapter is not None:
            state.update(self.adapter.sums())
            dtype = torch.float32
        return {key: value.to("cpu", dtype).contiguous() for key, value in state.items()}

    def _adapter_files(self) -> dict[str, bytes]:
        own = {} if self.adapter is None else adapter_to_files(self.adapter)
        return {f"{ADAPTER}/{name}": content for name, content in own.items()}

    def load_adapter(self, path: Path | str) -> None:
        """Use an adapter, in place of the one that is in use.

        path (Path | str): Its folder.
        RAISES (CheckpointError): If it cannot be read or does not fit; then nothing changes.
        """
        self.set_adapter(*read_adapter(path), str(path))

    def set_adapter(
        self, config: AdapterConfig, matrices: Mapping[str, Matrices], where: str
    ) -> None:
        """Use an adapter, in place of the one that is in use.

        config (AdapterConfig): What it is.
        matrices (Mapping): Its matrices, by name of the layer.
        where (str): What to call it in errors.
        RAISES (CheckpointError): If it does not fit; then nothing changes.
        """
        try:
            check_matrices(self.network, config, matrices)
        except ValueError as error:
            raise CheckpointError(f"{where}: {error}; take an adapter of this model") from error
        self.remove_adapter()
        self.adapter = Adapter(self.network, config, matrices)

    def merge_adapter(self, path: Path) -> None:
        """Merge an adapter into the weights, by PEFT.

        path (Path): Its folder.
        RAISES (ValueError): If another one is in use.
        RAISES (ImportError): If PEFT is not installed.
        RAISES (CheckpointError): If it cannot be merged; then nothing changes.
        """
        if self.adapter is not None:
            raise ValueError(
                f"merge_adapter: {str(path)!r} is given while another adapter is in use; merge or "
                "unload that one first"
            )
        merge_with_peft(self.network, path)
        self.dtype = torch.float32

    def remove_adapter(self, *, merge: bool = False) -> None:
        """Use no adapter.

        merge (bool): Whether the weights keep what the one in use adds.
        """
        if self.adapter is not None:
            self.adapter.remove(merge=merge)
            self.adapter = None
            if merge:  # what it adds would get lost in the rounding to a smaller type
                self.dtype = torch.float32


def load_checkpoint(path: Path | str) -> Checkpoint:
    """Read a checkpoint from a directory; makes no network call.

    path (Path | str): The directory.
    RETURNS (Checkpoint): The checkpoint, in float32.
    RAISES (CheckpointError): If a file is missing, damaged or for another kind of model.
    """
    path = Path(path)
    files = _read_files(path)
    weights = path / WEIGHTS
    if not weights.is_file():
        pickled = path / "pytorch_model.bin"
        found = (
            f"found {pickled}, which is pickled and could run code when read" * pickled.is_file()
        )
        raise CheckpointError(
            f"{weights}: no such file, expected the weights in safetensors form"
            + (f"; {found}: convert it first" if found else "; take a complete checkpoint")
        )
    try:
        tensors = load_file(weights)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{weights}: expected a safetensors file, found {said(error)}; take a whole file"
        ) from error
    checkpoint = _assemble(files, tensors, str(path))
    if (path / ADAPTER).is_dir():
        checkpoint.load_adapter(path / ADAPTER)
    return checkpoint


def checkpoint_from_files(files: Mapping[str, bytes], where: str = "bytes") -> Checkpoint:
    """Make a checkpoint from the content of its files.

    files (Mapping): Content of every file of its directory, by path.
    where (str): What to call the whole in errors.
    RETURNS (Checkpoint): The checkpoint.
    RAISES (CheckpointError): If a file is missing, damaged or for another kind of model.
    """
    for name, content in files.items():
        if not isinstance(content, bytes):
            raise CheckpointError(f"{where}/{name}: is {content!r:.80}, expected bytes")
    own = {
        name.removeprefix(f"{ADAPTER}/"): content
        for name, content in files.items()
        if name.startswith(f"{ADAPTER}/")
    }
    rest = {
        name: content
        for name, content in files.items()
        if name != WEIGHTS and not name.startswith(f"{ADAPTER}/")
    }
    for name in rest:
        if name not in (CONFIG, ENCODER_CONFIG, *TOKENIZER_FILES):
            raise CheckpointError(f"{where}: has {name!r:.80}, which is no part of a checkpoint")
    for name in (CONFIG, ENCODER_CONFIG, TOKENIZER, WEIGHTS):
        if name not in files:
            raise CheckpointError(f"{where}: has no {name}; take a complete checkpoint")
    checkpoint = _assemble(rest, read_tensors(files[WEIGHTS], f"{where}/{WEIGHTS}"), where)
    if own:
        checkpoint.set_adapter(*adapter_from_files(own, where), f"{where}/{ADAPTER}")
    return checkpoint


def save_checkpoint(checkpoint: Checkpoint, path: Path | str, *, merged: bool = False) -> None:
    """Write a checkpoint to a directory; if that fails, the directory is as it was.

    checkpoint (Checkpoint): The checkpoint.
    path (Path | str): The directory. A checkpoint that it holds is replaced, other files stay.
    merged (bool): Whether what an adapter adds goes into the weights, and not beside them.
    RAISES (CheckpointError): If the directory holds others that are no part of a checkpoint.
    """
    path = Path(path)
    write_directory(path, {**_other_files(path), **checkpoint.to_contents(merged=merged)})


def _other_files(path: Path) -> dict[str, bytes]:
    """RETURNS (dict): Content of what lies beside a checkpoint, such as its card and licence."""
    own = {CONFIG, WEIGHTS, ADAPTER, *TOKENIZER_FILES, str(Path(ENCODER_CONFIG).parent)}
    others = [] if not path.is_dir() else [p for p in sorted(path.iterdir()) if p.name not in own]
    for other in others:
        if other.is_dir():
            raise CheckpointError(
                f"{path}: holds {other.name!r}, a directory that is no part of a checkpoint; give "
                "a new directory, or that of a checkpoint"
            )
    return {other.name: other.read_bytes() for other in others}


def _read_files(path: Path) -> dict[str, bytes]:
    if not path.is_dir():
        raise CheckpointError(f"{path}: no such directory; give that of a checkpoint")
    files = {}
    for name in (CONFIG, ENCODER_CONFIG):
        if not (path / name).is_file():
            remedy = "take a complete checkpoint"
            if (path / ADAPTER_CONFIG).is_file():
                remedy = "this is an adapter: load its checkpoint, then it with load_adapter"
            raise CheckpointError(f"{path / name}: no such file; {remedy}")
        files[name] = (path / name).read_bytes()
    for name in TOKENIZER_FILES:
        if (path / name).is_file():
            files[name] = (path / name).read_bytes()
    if TOKENIZER not in files:
        files[TOKENIZER] = _convert_tokenizer(path)
    return files


def _convert_tokenizer(path: Path) -> bytes:
    """Make a `tokenizer.json` of a checkpoint that has only the older files of its tokenizer."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False
        )
        text: str = tokenizer.backend_tokenizer.to_str()
    except (OSError, ValueError, ImportError, AttributeError) as error:
        raise CheckpointError(
            f"{path / TOKENIZER}: no such file, and none could be made of the tokenizer's other "
            f"files ({said(error)}); take a checkpoint that has it"
        ) from error
    return text.encode("utf8")


def _assemble(files: dict[str, bytes], tensors: dict[str, Tensor], where: str) -> Checkpoint:
    file = f"{where}/{CONFIG}"
    config = SpanConfig.from_dict(read_object(files[CONFIG], file), file)
    rows = next((len(tensors[key]) for key in EMBEDDINGS if key in tensors), None)
    tokenizer = _tokenizer(files, where)
    files[TOKENIZER] = tokenizer.to_str().encode("utf8")
    encoder_config = read_object(files[ENCODER_CONFIG], f"{where}/{ENCODER_CONFIG}")
    check_encoder_config(encoder_config, len(tensors), f"{where}/{ENCODER_CONFIG}")
    if rows is not None:
        _check_vocabulary(tokenizer, rows, where)
        encoder_config["vocab_size"] = rows
        files[ENCODER_CONFIG] = json.dumps(encoder_config, indent=2).encode("utf8")
    network = _build(config, encoder_config, where)
    dtype = _load_weights(network, tensors, f"{where}/{WEIGHTS}")
    return Checkpoint(network.eval(), tokenizer, files, dtype)


def _tokenizer(files: Mapping[str, bytes], where: str) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(files[TOKENIZER].decode("utf8"))
    except Exception as error:  # the library raises nothing more precise
        raise CheckpointError(
            f"{where}/{TOKENIZER}: expected a tokenizer, found {said(error)}; take a whole file"
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    missing = [marker for marker in MARKERS if tokenizer.token_to_id(marker) is None]
    tokenizer.add_special_tokens(missing)
    return tokenizer


def _check_vocabulary(tokenizer: Tokenizer, rows: int, where: str) -> None:
    ids = [tokenizer.token_to_id(marker) for marker in MARKERS]
    needed = max(tokenizer.get_vocab_size(), *(i + 1 for i in ids if i is not None))
    if needed > rows:
        raise CheckpointError(
            f"{where}/{WEIGHTS}: has word embeddings for {rows} tokens, and the tokenizer has "
            f"{needed}, {MARKERS[0]} to {MARKERS[-1]} included; take the tokenizer that belongs "
            "to the weights"
        )


def _build(config: SpanConfig, encoder_config: dict[str, Any], where: str) -> Network:
    from transformers import AutoConfig

    kind = encoder_config.get("model_type")
    with EmptyWeights():
        try:
            encoder = build_encoder(AutoConfig.for_model(**encoder_config))
        except Exception as error:  # whatever a wrong value leads to
            raise CheckpointError(
                f"{where}/{ENCODER_CONFIG}: describes no encoder that transformers can build "
                f"(model_type {kind!r}): {said(error)}; take the configuration that belongs to "
                "the weights"
            ) from error
        return Network(config, encoder)


def _load_weights(network: Network, tensors: dict[str, Tensor], file: str) -> torch.dtype:
    """Put the weights into the network.

    RETURNS (dtype): Their type on disk.
    RAISES (CheckpointError): If they are not exactly those that the network has.
    """
    expected = {key: _form(value) for key, value in network.state_dict().items()}
    found = {key: _form(value) for key, value in tensors.items()}
    wrong = [
        f"{key}: expected {expected.get(key, 'nothing')}, found {found.get(key, 'nothing')}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise CheckpointError(f"{file}: {'; '.join(wrong[:5])}{more}; take the model's own weights")
    dtypes = {value.dtype for value in tensors.values() if value.is_floating_point()}
    network.load_state_dict(
        {
            key: value.float() if value.is_floating_point() else value
            for key, value in tensors.items()
        },
        assign=True,
    )
    return dtypes.pop() if len(dtypes) == 1 else torch.float32


def _form(tensor: Tensor) -> str:
    """RETURNS (str): Shape of a tensor, and its type unless that is a floating-point one."""
    shape = str(tuple(tensor.shape))
    return shape if tensor.is_floating_point() else f"{shape} of {tensor.dtype}"
