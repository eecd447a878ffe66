"""Roles for development, deployment and infrastructure, and an optional bastion."""

from components.access.access import Access, AccessArgs

__all__ = ["Access", "AccessArgs"]
