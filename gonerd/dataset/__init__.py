"""The dataset: build, card, load."""
