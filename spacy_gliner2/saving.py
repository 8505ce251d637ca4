"""What a component writes of its settings, and which of them hold when it is read again.

A pipeline's config.cfg says how its components were made. What was changed since is in the
component's own file and holds, unless the config now says something else than when it was
written: then somebody changed it on purpose, at `spacy.load(path, config=...)` for example.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from .plain_json import parse_json
from .schema.config import same_in_config


@dataclass(frozen=True, slots=True)
class Saved:
    """The settings of a component on disk.

    configured (dict): "cfg", "schema" and "model" as the config had them.
    current (dict): "cfg" and "schema" as they were when the component was written.
    """

    configured: dict[str, Any]
    current: dict[str, Any]

    def to_json(self) -> str:
        """RETURNS (str): The settings as JSON, in which any text keeps its characters."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Saved":
        """Read what `to_json` wrote.

        text (str): The JSON.
        RETURNS (Saved): The settings.
        RAISES (ValueError): If it is something else.
        """
        try:
            data = parse_json(text)
            configured, current = data["configured"], data["current"]
            parts = [configured[key] for key in ("cfg", "schema", "model")]
            parts += [current[key] for key in ("cfg", "schema")]
            if not all(isinstance(part, dict) for part in parts):
                raise TypeError("a part of it is no mapping")
            return cls(configured=configured, current=current)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"cfg: {text!r:.80} is not what the component saved ({error!r}); save the pipeline "
                "again"
            ) from error


def choose_saved(saved: Saved, configured: dict[str, Any]) -> dict[str, Any]:
    """Choose between what was saved and what the config says now.

    saved (Saved): What was saved.
    configured (dict): "cfg" and "schema" as the config has them now.
    RETURNS (dict): "cfg", with the settings that hold, and "schema".
    """
    before = saved.configured["cfg"]
    cfg = {
        key: value
        for key, value in saved.current["cfg"].items()
        if key in configured["cfg"] and configured["cfg"][key] == before.get(key)
    }
    unchanged = same_in_config(saved.configured["schema"], configured["schema"])
    schema = saved.current["schema"] if unchanged else configured["schema"]
    return {"cfg": cfg, "schema": schema}
