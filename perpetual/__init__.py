"""The operator's command: everything about a stack that is not infrastructure."""
