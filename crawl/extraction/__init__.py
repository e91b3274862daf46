"""From responses to documents: charset, main text, metadata, licence, language, and what is no document."""
