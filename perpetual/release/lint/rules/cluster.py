"""Rules on how nodes find each other, and the ports they meet on."""

import re
from collections.abc import Iterator
from typing import Final

from perpetual.release.lint.files import Kind, Term
from perpetual.release.lint.project import Project
from perpetual.release.lint.rule import Fault, Rule, Severity, at, overall

QUERY: Final = "DNS_CLUSTER_QUERY"
"""Variable in which a task finds the name of its service in Cloud Map."""

_LIBRARIES: Final = ("dns_cluster", "libcluster", "libcluster_postgres", "libcluster_ecs")
_SETTING: Final = re.compile(r"\bApplication\.\w+!?\(\s*(:\w+)\s*,\s*:(\w+)")
# A VPC passes no multicast on, tasks have no /etc/hosts of each other, and names change.
_USELESS: Final = re.compile(r"\bCluster\.Strategy\.(?:Gossip|LocalEpmd|Epmd|ErlangHosts)\b")
_EPMD_LESS: Final = re.compile(r"-start_epmd\s+false\b")
_NOT_LISTENING: Final = re.compile(r"-dist_listen\s+false\b")
_PORT: Final = re.compile(r"-erl_epmd_port\b")
_TABLE: Final = re.compile(r"(?m)^\s*\+Q\s+\d")


def _discovered(project: Project) -> Iterator[Fault]:
    if not project.phoenix:
        return
    known = [name for name in _LIBRARIES if name in project.dependencies]
    if not known:
        yield at(project.anchor, "no dependency finds the other nodes")
    elif known == ["dns_cluster"] and not list(_children(project)):
        yield at(project.dependencies["dns_cluster"], "nothing in lib starts DNSCluster")
    for file in project.of(Kind.COMPILE, Kind.RUNTIME, Kind.SOURCE):
        for found in file.find(_USELESS):
            yield at(found, f"{found.code} finds nobody in a VPC")


def _children(project: Project) -> Iterator[Term]:
    """Yield the options with which dns_cluster is started."""
    for file in project.of(Kind.SOURCE):
        yield from file.after(r"\{\s*DNSCluster\s*,", commas=True)


def _asked(project: Project) -> Iterator[Fault]:
    for child in _children(project):
        for query in child.keywords("query"):
            what = _unmatched(project, query)
            if what:
                yield at(query, what)
    for file in project.of(Kind.COMPILE, Kind.RUNTIME, Kind.SOURCE):
        for name in file.whole.keywords("node_basename"):
            if name.literal is not None and name.literal not in project.releases:
                yield at(name, _strangers(project, name.literal))


def _unmatched(project: Project, query: Term) -> str:
    """Return why a query can match no node of this service, if it is so."""
    setting = _SETTING.search(query.code)
    if query.code == ":ignore":
        return "DNSCluster is told to look for nobody"
    if query.literal is not None:
        return f"DNSCluster asks for {query.literal}, on every stack"
    if query.code.startswith("{") and query.texts and query.texts[0] not in project.releases:
        return _strangers(project, query.texts[0])
    values = list(_set(project, *setting.groups())) if setting else [query]
    if not values:
        return f"nothing sets {query.code.partition(' ||')[0]} when the release starts"
    if not all(_from_the_task(value) for value in values):
        return f"the query does not come from {QUERY}"
    return ""


def _from_the_task(value: Term) -> bool:
    """Tell whether a value comes from the task; a variable of the file's is not followed."""
    return QUERY in (value.variables or value.file.whole.texts)


def _strangers(project: Project, name: str) -> str:
    own = " or ".join(project.releases)
    return f"it looks for nodes called {name}@..., and this release's are called {own}@..."


def _set(project: Project, app: str, key: str) -> Iterator[Term]:
    """Yield what an application's setting is set to when the release starts."""
    for name, call in project.settings(Kind.RUNTIME):
        if call.arguments and call.arguments[0].code == app:
            yield from call.keywords(key)
            if name == f":{key}":
                yield from call.arguments[2:]


def _ports(project: Project) -> Iterator[Fault]:
    if not project.phoenix:
        return
    flags = list(project.of(Kind.FLAGS))
    remote = list(project.of(Kind.REMOTE_FLAGS))
    if not flags:
        yield at(project.anchor, "without rel/vm.args.eex, nodes meet through epmd")
    for file in flags:
        if not _EPMD_LESS.search(file.code):
            yield overall(file, "nodes meet through epmd, at a port that nobody knows beforehand")
    for file in remote:
        if not (_EPMD_LESS.search(file.code) and _NOT_LISTENING.search(file.code)):
            yield overall(file, "rpc and remote ask epmd, or want the port that the node has")
    if flags and not remote:
        yield overall(flags[0], "without rel/remote.vm.args.eex, rpc and remote want the same port")
    everywhere = any(_PORT.search(file.code) for file in project.of(Kind.ENV)) or (
        remote and all(_PORT.search(file.code) for file in (*flags, *remote))
    )
    if flags and not everywhere:
        yield overall(flags[0], "no -erl_epmd_port says where nodes meet, to each command alike")


def _table(project: Project) -> Iterator[Fault]:
    for file in project.of(Kind.FLAGS):
        if not _TABLE.search(file.code):
            yield overall(file, "the table of ports is as large as the limit of open files")


RULES: Final = (
    Rule(
        name="cluster-discovery",
        why="nodes that do not find each other hold a cache, a PubSub and a presence each: users "
        "see what their own node knows",
        fix='{:dns_cluster, "~> 0.2"}, and {DNSCluster, query: Application.get_env(:app, '
        ":dns_cluster_query) || :ignore} before PubSub",
        check=_discovered,
    ),
    Rule(
        name="cluster-query",
        why="dns_cluster connects to nodes whose name begins as its own, at the addresses that the "
        "query gives, and says nothing where there are none",
        fix=f'in config/runtime.exs: config :app, dns_cluster_query: System.get_env("{QUERY}")',
        check=_asked,
    ),
    Rule(
        name="distribution-port",
        why="tasks may reach each other on one port, ERL_DIST_PORT, and epmd is at another one: "
        "connections are dropped, and the VM says nothing",
        fix="-start_epmd false in rel/vm.args.eex; that and -dist_listen false in "
        "rel/remote.vm.args.eex; -erl_epmd_port by ERL_ZFLAGS in rel/env.sh.eex, as in "
        "release/phoenix/rel",
        check=_ports,
    ),
    Rule(
        name="port-table",
        severity=Severity.ADVICE,
        why="with a host's limit of 134 million files the VM takes 1.7 GB before it does anything",
        fix="+Q 65536 in rel/vm.args.eex",
        check=_table,
    ),
)
