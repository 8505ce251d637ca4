"""From public corpora to training examples for a zero-shot model."""
