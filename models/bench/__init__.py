"""Time and memory of attention patterns beside Hugging Face's code, full attention, and the dense products alone.

`plan` says which cells there are, `bodies` makes the models and `subjects` what a cell runs. `child` runs one in a
process of its own (see `gonerd.models.process`), `turns` lets the processes of a group take turns, `results` keeps
figures, `tables` prints them.
"""
