"""WARC files: writing, strict reading, mending, indexing."""
