"""Pictures of what the component finds: pieces for a notebook, and a page for many documents."""

from .arcs import parse_relations
from .colors import label_colors
from .render import render
from .report import render_report

__all__ = ["label_colors", "parse_relations", "render", "render_report"]
