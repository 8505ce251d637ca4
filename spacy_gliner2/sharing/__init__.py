"""One encoder for several components, through the listeners of spacy-transformers."""
