"""A report in the form that each reader wants; pure, one module a format."""
