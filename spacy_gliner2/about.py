"""Name and version of the distribution; imports nothing, so that the build can read it."""

__title__ = "spacy-gliner2"
__version__ = "0.1.0"
