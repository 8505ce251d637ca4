"""What the tests share: texts, schemas, small checkpoints, and the reference package."""
