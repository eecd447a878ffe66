"""Look-up of resources: by URN, by type, and through references whose ids may be unknown.

While an id is unknown, the URNs that a property was computed from say where it leads; once it is
known, the value itself does. The SDK keeps dependencies by top-level property, so an unknown list
element is paired with the dependencies that no known element accounts for.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from graph.facts import Link, Source, Standing
from graph.resource import UNKNOWN, Resource
from graph.tokens import INSTANCE, VPC, short

Token = str
_KEYS = ("id", "arn", "name", "identifier", "clusterIdentifier")
# Outputs that are ids of what AWS makes with a resource: a VPC's default table, ACL and group, an
# instance's first interface. They lead to the resource, and readers take that as "its own one".
_MORE_KEYS = {
    VPC: (
        "defaultRouteTableId",
        "mainRouteTableId",
        "defaultNetworkAclId",
        "defaultSecurityGroupId",
    ),
    INSTANCE: ("primaryNetworkInterfaceId",),
}


class Index:
    """The resources of a stack, and the ways from one to another."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Index `resources`; a URN seen twice keeps its last form."""
        self.by_urn: dict[str, Resource] = {item.urn: item for item in resources}
        self._by_type: dict[Token, list[Resource]] = defaultdict(list)
        self._by_value: dict[tuple[Token, str], dict[str, None]] = defaultdict(dict)
        self._referring: dict[tuple[Token, str, Token], dict[str, list[Resource]]] = {}
        for item in self.by_urn.values():
            self._by_type[item.type].append(item)
            for key in (*_KEYS, *_MORE_KEYS.get(item.type, ())):
                value = item.properties.get(key)
                if isinstance(value, str) and value:
                    # A set in the order of registration: id and name may be the same.
                    self._by_value[item.type, value][item.urn] = None

    def of(self, *tokens: Token) -> list[Resource]:
        """Return the resources of these types, in the order of registration."""
        return [item for token in tokens for item in self._by_type[token]]

    def label(self, urn: str) -> str:
        """Return what paths call a resource, such as `igw main`."""
        item = self.by_urn.get(urn)
        return f"{short(item.type)} {item.name}" if item else urn

    def ancestors(self, resource: Resource) -> Iterable[Resource]:
        """Yield the parents of a resource, nearest first."""
        seen = {resource.urn}
        parent = self.by_urn.get(resource.parent or "")
        while parent and parent.urn not in seen:
            yield parent
            seen.add(parent.urn)
            parent = self.by_urn.get(parent.parent or "")

    # --- references

    def link(
        self, resource: Resource, path: str, value: object, wanted: Sequence[Token]
    ) -> Link | None:
        """Return where the reference `value` at `path` leads, or `None` where there is none."""
        if value is None or value == "":
            return None
        return self.links(resource, path, [value], wanted)[0]

    def links(
        self, resource: Resource, path: str, value: object, wanted: Sequence[Token]
    ) -> tuple[Link, ...]:
        """Return where a list of references at `path` leads.

        A list that is unknown as a whole leads to everything of the wanted types that it was
        computed from; without any, to one unknown.
        """
        source = Source(resource.urn, path)
        candidates = self.sources(resource, path, wanted)
        if value is UNKNOWN:
            return tuple(self._to(source, urn) for urn in candidates) or (_lost(source, ()),)
        items = [item for item in _items(value) if item not in (None, "")]
        known = [
            self._known(source, item, wanted, candidates, lone=len(items) == 1) for item in items
        ]
        taken = {link.urn for link in known if link}
        left = [urn for urn in candidates if urn not in taken]
        # As many as there are unknown elements: as a set they are these, in whatever order.
        paired = len(left) == known.count(None)
        rest = iter(left)
        return tuple(
            link or (self._to(source, next(rest)) if paired else _lost(source, tuple(left)))
            for link in known
        )

    def referring(self, token: Token, path: str, wanted: Token) -> Mapping[str, list[Resource]]:
        """Return the resources of a type by where their property at `path` leads.

        Keys are URNs of the type `wanted`, and literals that are the id of none of them. It is read
        once: whoever asks for every resource in turn would look at all pairs.
        """
        key = (token, path, wanted)
        if key not in self._referring:
            found = self._referring[key] = defaultdict(list)
            for item in self._by_type[token]:
                link = self.link(item, path, item.properties.get(path), (wanted,))
                if link and (name := link.urn or link.id):
                    found[name].append(item)
        return self._referring[key]

    def sources(self, resource: Resource, path: str, wanted: Sequence[Token]) -> list[str]:
        """Return the resources of the wanted types that the property at `path` came from."""
        top = path.split(".", 1)[0].split("[", 1)[0]
        urns = dict.fromkeys(resource.property_dependencies.get(top, ()))
        return [urn for urn in urns if urn in self.by_urn and self.by_urn[urn].type in wanted]

    def _known(
        self,
        source: Source,
        value: object,
        wanted: Sequence[Token],
        candidates: list[str],
        *,
        lone: bool,
    ) -> Link | None:
        if not isinstance(value, str):
            return None
        for token in wanted:
            held = list(self._by_value.get((token, value), ()))
            found = [urn for urn in held if urn in candidates] or held
            if len(found) == 1:
                return self._to(source, found[0], value)
        nameless = [urn for urn in candidates if not self.by_urn[urn].properties.get("id")]
        if lone and len(candidates) == 1 and nameless:
            return self._to(source, candidates[0], value)
        return Link(Standing.OUTSIDE, source, id=value)

    @staticmethod
    def _to(source: Source, urn: str, value: str | None = None) -> Link:
        return Link(Standing.KNOWN, source, urn=urn, id=value)


def _lost(source: Source, candidates: tuple[str, ...]) -> Link:
    return Link(Standing.UNKNOWN, source, candidates=candidates)


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
