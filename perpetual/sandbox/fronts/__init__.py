"""Two fronts on the table of resources: the SDK's own mocks, and Pulumi's provider protocol."""
