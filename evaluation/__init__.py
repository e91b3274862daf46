"""Scores, times and memory of teachers and students, and the report."""
