"""Annotation as datatrove blocks: read shares of documents, annotate them, write shards of the layer; finish it."""

# What worker processes import, so that it can begin before a command has imported anything itself.
STEP_MODULES = ("gonerd.annotation.scale.blocks", "gonerd.annotation.scale.finish")
