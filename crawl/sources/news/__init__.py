"""News publishers, one module each."""
