"""Annotation layers over documents: spaCy pipelines, label maps, export."""
