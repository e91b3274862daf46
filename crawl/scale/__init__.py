"""The extraction as datatrove blocks: read, extract, sign; join parts; settle duplicates; write."""
