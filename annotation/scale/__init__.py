"""Annotation as datatrove blocks: read shares of documents, annotate them, write shards of the layer; finish it."""
