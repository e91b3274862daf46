"""Teacher against student: what was kept and saved, and whether it could be chance; always paired, by document."""
