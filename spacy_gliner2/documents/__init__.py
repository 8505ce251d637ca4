"""Documents from files, through a pipeline, and to files."""
