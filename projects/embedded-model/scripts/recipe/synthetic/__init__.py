"""Examples made from templates, for what open corpora lack."""
