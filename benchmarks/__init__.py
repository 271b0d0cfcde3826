"""Named measurements against the physical limit and against peers, in the same run."""
