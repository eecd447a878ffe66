"""A running copy of a stack on one machine: AWS's API emulated, containers real."""
