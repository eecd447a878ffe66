"""What every component shares: its type token, and the one way to make its children's options."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi


class Component(pulumi.ComponentResource):
    """Base of the stack's components.

    A subclass sets `token`, whose value lives in every state file: a rename needs an alias in the
    same commit. Its constructor reads as a table of contents and ends with `register_outputs`.
    """

    token: ClassVar[str]

    def __init__(
        self,
        name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        props: Mapping[str, Any] | None = None,
    ) -> None:
        """Register the component.

        `props` are inputs of the component itself: structured twins of documents that are unknown
        as text at preview, which a policy pack can then read element by element.
        """
        super().__init__(self.token, name, dict(props or {}), opts)

    def _child(self, **options: Any) -> pulumi.ResourceOptions:
        """Return the options of a child: this component as parent, and whatever else is named.

        The caller's own options went to the component; they reach children by inheritance only.
        """
        return pulumi.ResourceOptions(parent=self, **options)
