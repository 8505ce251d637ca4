"""The trainer's names in the `gliner2` package, over the component's `update` and spaCy's loop."""
