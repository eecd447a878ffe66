"""The same stack at two revisions of its repository: what would change, and what of it is risky."""
