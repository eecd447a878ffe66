"""The HTML page, read back as a browser would: what is drawn, what is linked, what is escaped."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pulumi_aws as aws
import pytest

from graph import Graph, Kind, Verdict, may
from graph.intervals import Intervals
from graph.ports import ALL_PORTS
from perpetual.offline.findings import Excepted
from perpetual.offline.reports import html
from perpetual.offline.reports.entries import entries
from perpetual.offline.reports.picture import layout, model
from perpetual.offline.reports.picture.about import About
from perpetual.offline.reports.picture.alike import MANY
from perpetual.offline.reports.picture.flows import Way, spelled
from tests.offline.tiny import project, run
from tests.policy.small import Stack, small
from tests.policy.support import captured
from tests.support import pages
from tests.support.pages import NAMES, report

VOID: Final = {"meta", "input", "br"}


@dataclass
class Read(HTMLParser):
    """A page as its elements and its text; `left` are elements that were never closed."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start the parser."""
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.left.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which has to be this one."""
        assert self.left.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text.append(data)

    def all(self, name: str) -> list[str]:
        """Return the values of an attribute, wherever it stands."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


@cache
def page(name: str) -> str:
    """Return the page of a report."""
    return html.render(report(name))


def made(name: str) -> Graph:
    """Return the graph of a report."""
    graph = report(name).graph
    assert graph is not None
    return graph()


def parsed(text: str) -> Read:
    """Return a page as the parser reads it."""
    read = Read()
    read.feed(text)
    read.close()
    return read


def picture(name: str) -> ET.Element:
    """Return the picture in a page."""
    found = re.search(r"<svg.*?</svg>", page(name), re.DOTALL)
    assert found
    return ET.fromstring(found[0])  # noqa: S314 - this project wrote it


def titles(name: str, kind: str) -> list[str]:
    """Return what the things of a kind are called in the picture, in full."""
    groups = (item for item in picture(name).iter("g") if kind in item.get("class", "").split())
    return [item.findtext("title", "") for item in groups]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_well_formed_and_its_ids_and_links_are_sound(name: str) -> None:
    """Every element is closed, every id there once, every inner link leads somewhere."""
    read = parsed(page(name))
    ids = read.all("id")
    assert read.left == []
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in read.all("href") if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_the_same_every_time(name: str) -> None:
    """Nothing in it depends on time, order of sets, or the machine."""
    assert html.render(report(name)) == page(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_needs_nothing_else(name: str) -> None:
    """No script, no style sheet, image or font from anywhere, and a policy that forbids them."""
    read = parsed(page(name))
    tags = Counter(tag for tag, _ in read.tags)
    policies = [item["content"] for tag, item in read.tags if "http-equiv" in item]
    assert not tags.keys() & {"script", "link", "img", "iframe", "object", "use", "image"}
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    ]
    assert not re.search(r"@import|url\(|src=", html.style())
    assert not [key for _, item in read.tags for key in item if key.startswith("on")]


def test_everything_of_prod_is_drawn_once() -> None:
    """Subnets, gateways, balancer, service, hosts and databases: each once, by its name."""
    names = Counter(text.split(" ")[1].rstrip(",") for text in titles("prod", "subnet"))
    urns = made("prod").subnets.values()
    assert names == Counter(item.label.removeprefix("subnet ") for item in urns)
    assert len(names) == 9
    nodes = Counter(text.split(":")[0] for text in titles("prod", "node"))
    assert nodes == Counter(
        (
            "balancer-balancer",
            "network-routes-nat-a",
            "network-routes-nat-b",
            "network-routes-nat-c",
            "service-service",
            "cluster-hosts",
            "database-primary",
            "database-replica-1",
        )
    )
    assert titles("prod", "gateway") == [
        "internet gateway network-routes-gateway",
        "gateway endpoint s3 network-routes-storage",
    ]


def test_the_flows_of_prod_are_those_that_its_groups_permit() -> None:
    """No more and no fewer; what follows from 443 to anywhere is shown too."""
    assert sorted(titles("prod", "flow")) == [
        "balancer-balancer to service-service: 5000",
        "cluster-hosts to balancer-balancer: 443",
        "cluster-hosts to internet: 443",
        "internet to balancer-balancer: 80, 443",
        "service-service to balancer-balancer: 443",
        "service-service to database-primary: 5432",
        "service-service to database-replica-1: 5432",
        "service-service to internet: 443",
        "service-service to service-service: 9100",
    ]


def test_a_range_is_a_place_of_its_own_and_shows_only_what_the_internet_may_not() -> None:
    """The office may log in, and 443 is the internet's already."""
    found = [text for text in titles("broken", "flow") if text.startswith("203.0.113.0/24 to")]
    assert [text for text in found if "balancer" in text] == []
    assert any(text.endswith(": 22") for text in found)


def test_an_undetermined_flow_is_drawn_as_such_and_says_what_is_missing() -> None:
    """A function in a subnet that is not in the stack may be reached, nobody knows."""
    unsure = titles("broken", "unsure")
    assert any("elsewhere" in text and "(undetermined: which subnet" in text for text in unsure)


@pytest.mark.parametrize("name", NAMES)
def test_the_list_holds_every_flow_of_the_picture(name: str) -> None:
    """Whoever cannot see the picture reads the same."""
    found = model.of(made(name))
    read = parsed(page(name))
    assert page(name).count("<summary>") == len(found.flows)
    assert all(flow.path for flow in found.flows)
    assert f"Permitted flows ({len(found.flows)})" in read.text or not found.flows


@pytest.mark.parametrize("name", NAMES)
def test_every_finding_is_listed_and_reached_from_the_picture_or_beside_it(name: str) -> None:
    """Each has its article, and some mark or link outside of it leads there."""
    read = parsed(page(name))
    articles = [item["id"] for tag, item in read.tags if tag == "article"]
    outside = Counter(read.all("href"))
    expected = [f"finding-{number}" for number, _ in enumerate(entries(report(name)), 1)]
    assert articles == expected
    marks = sum(len(item.findall("a")) for item in picture(name).iter("g")) if articles else 0
    if articles:
        shown = page(name)[: page(name).index("<article")]
        linked = set(re.findall(r'href="#(finding-\d+)"', shown))
        crowded = "+" in "".join(picture(name).itertext())
        assert marks
        assert linked == set(articles) or (crowded and linked < set(articles))
        assert all(outside[f"#{article}"] for article in articles)


def test_a_finding_is_marked_on_what_it_is_about() -> None:
    """A rule of a group is marked on the group's members, a database's on the database."""
    marked = {
        item.findtext("title", "").split(":")[0]: [
            link.get("aria-label", "") for link in item.findall("a")
        ]
        for item in picture("broken").iter("g")
        if "node" in item.get("class", "")
    }
    assert any("no-public-rds" in label for label in marked["database"])
    assert any("critical" in label for label in marked["replica"])


def test_exceptions_are_shown_with_their_terms() -> None:
    """An accepted finding is no finding, and is not hidden either."""
    first, *rest = report("foreign").judgement.findings
    silenced = Excepted(
        finding=first, until="2027-01-31", owner="ops", reason=pages.HOSTILE, ticket="OPS-1"
    )
    judgement = replace(report("foreign").judgement, findings=tuple(rest), excepted=(silenced,))
    read = parsed(html.render(replace(report("foreign"), judgement=judgement)))
    assert "Exceptions (1)" in read.text
    assert f"until 2027-01-31 by ops (OPS-1): {pages.HOSTILE}" in read.text
    assert any("1 excepted" in text for text in read.text)


def test_hostile_names_stay_text() -> None:
    """Names and messages come from a program that may be anybody's."""
    read = parsed(page("broken"))
    assert pages.HOSTILE in page("broken").replace("&lt;", "<").replace("&gt;", ">").replace(
        "&quot;", '"'
    )
    assert not {tag for tag, _ in read.tags} & {"script", "img"}
    assert "<script" not in page("broken")


def test_a_stack_without_a_network_says_so() -> None:
    """And still has its findings, of which there are none."""
    text = parsed(page("empty")).text
    assert "The stack has no network: no VPC, no subnet, nothing placed in one." in text
    assert "None." in text


@pytest.mark.parametrize("name", ["prod", "dev", "foreign", "broken"])
def test_no_two_things_of_one_kind_stand_on_each_other(name: str) -> None:
    """Bars, subnets and labels are apart, and everything is inside the picture."""
    found = layout.of(model.of(made(name)))
    bars = [rect for rects in found.bars.values() for rect in rects]
    pills = [line.pill for line in found.lines]
    for rects in (bars, list(found.boxes.values()), pills, list(found.places.values())):
        for position, one in enumerate(rects):
            assert one.x >= 0
            assert one.right <= found.width
            assert one.bottom <= found.height
            for other in rects[position + 1 :]:
                apart = one.right <= other.x or other.right <= one.x
                assert apart or one.bottom <= other.y or other.bottom <= one.y


def test_lines_of_different_flows_never_share_a_track() -> None:
    """Upright parts lie on each other only where they belong to one bundle."""
    upright: list[tuple[float, float, float, str, str, str, Way]] = []
    for line in layout.of(model.of(made("broken"))).lines:
        heights = [y for _, y in line.points]
        if heights:
            flow = line.flow
            low, high = min(heights), max(heights)
            upright.append((line.track, low, high, flow.source, flow.target, flow.ports, flow.way))
    for position, one in enumerate(upright):
        for other in upright[position + 1 :]:
            if one[0] == other[0] and one[1] < other[2] and other[1] < one[2]:
                assert one[3] == other[3] or one[4] == other[4]
                assert one[5:] == other[5:]


def test_other_protocols_and_all_ports_are_spelled_out() -> None:
    """TCP goes without saying, everything else does not."""
    one = Intervals(((53, 53),))
    assert spelled({6: one}) == "53"
    assert spelled({17: one, 6: Intervals(((1, 2), (80, 80)))}) == "1-2, 80, udp 53"
    assert spelled({6: ALL_PORTS, 17: ALL_PORTS, 255: ALL_PORTS}) == "all"
    assert spelled({6: ALL_PORTS}) == "tcp all"
    assert spelled({1: ALL_PORTS, 50: ALL_PORTS}) == "icmp, protocol 50"


# --- contrast, https://www.w3.org/TR/WCAG21/#contrast-minimum and #non-text-contrast

TEXT: Final = 4.5
SHAPES: Final = 3.0
GROUNDS: Final = ("paper", "panel", "cell", "card")
PAIRS: Final = [
    *((colour, ground, TEXT) for colour in ("ink", "muted", "link") for ground in GROUNDS),
    *((colour, "paper", TEXT) for colour in ("in", "inside", "out")),
    *((colour, "panel", SHAPES) for colour in ("in", "inside", "out", "outline")),
    *((colour, "cell", SHAPES) for colour in ("outline", "out", "inside", "in")),
    *((colour, "card", SHAPES) for colour in ("outline", "public", "private", "data", "high")),
    *((colour, "panel", SHAPES) for colour in ("public", "private", "data")),
    *(("on-grade", grade, TEXT) for grade in ("critical", "high", "medium", "low", "pass")),
    *((grade, "panel", SHAPES) for grade in ("critical", "high", "medium", "low")),
]


def themes() -> dict[str, dict[str, str]]:
    """Return the colours of each theme, by role."""
    light, dark = html.style().split("prefers-color-scheme: dark", 1)
    return {
        theme: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text))
        for theme, text in (("light", light), ("dark", dark))
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("colour", "ground", "least"), PAIRS)
def test_contrast_is_enough(theme: str, colour: str, ground: str, least: float) -> None:
    """WCAG AA: 4.5 for text, 3 for lines that mean something."""
    colours = themes()[theme]
    assert contrast(colours[colour], colours[ground]) >= least


def test_every_colour_is_in_a_pair_and_in_both_themes() -> None:
    """`rule` only parts areas and means nothing; all others carry meaning."""
    light, dark = themes()["light"], themes()["dark"]
    paired = {name for one, other, _ in PAIRS for name in (one, other)}
    assert light.keys() == dark.keys() == paired | {"rule"}
    assert not re.search(r"(?<!-)#[0-9a-f]{3,8}\b", re.sub(r"--[a-z-]+: #\w+;", "", html.style()))


def test_watching_and_one_page_exclude_each_other(tmp_path: Path) -> None:
    """Nobody waits for a page that never ends."""
    result = run(project(tmp_path), "--stack", "dev", "--format", "html", "--watch")
    assert result.returncode == 2
    assert (
        "--watch prints judgement after judgement, and --format html is one page" in result.stderr
    )


# --- flows against the graph's own answers


def tcp(ports: str, port: int) -> bool:
    """Tell whether a flow's ports, as spelled, hold a TCP port."""
    if ports == "all" or ports.startswith("tcp all"):
        return True
    spans = re.findall(r"(?:^|, )(\d+)(?:-(\d+))?", ports.split("udp ", maxsplit=1)[0])
    return any(int(low) <= port <= int(high or low) for low, high in spans)


@pytest.mark.parametrize("name", ["prod", "foreign", "broken"])
def test_flows_are_what_the_graph_answers_port_by_port(name: str) -> None:
    """No shortcut loses a flow or makes one up."""
    graph = made(name)
    found = model.of(graph)
    nodes = [node for node in found.nodes if node.kind is not Kind.NAT]
    for source in nodes:
        for target in nodes:
            for port in (1, 22, 443, 5000, 5432, 9100, 65535):
                answer = may(graph, source.key, target.key, "tcp", port)
                shown = [
                    flow.sure
                    for flow in found.flows
                    if (flow.source, flow.target) == (source.key, target.key)
                    and tcp(flow.ports, port)
                ]
                expected = [answer.verdict is Verdict.YES] if answer.possible else []
                assert shown == expected, (source.name, target.name, port)


def test_many_things_alike_are_one_bar_with_all_their_names() -> None:
    """Four functions of one kind are one bar; a finding on the last is marked on it."""

    def functions(made: Stack) -> None:
        for position in range(MANY):
            aws.lambda_.Function(
                f"worker-{position}",
                role="arn:aws:iam::123456789012:role/example",
                vpc_config={
                    "subnet_ids": [made.private_a.id],
                    "security_group_ids": [made.service_group.id],
                },
            )

    crowded = pages.of(captured(small(functions)), "crowded")
    assert crowded.graph is not None
    graph = crowded.graph()
    found = model.of(graph)
    workers = [node for node in found.nodes if node.kind is Kind.FUNCTION]
    assert [node.name for node in workers] == ["worker-0 and 3 more"]
    assert workers[0].others == ("worker-1", "worker-2", "worker-3")
    assert About(graph, found).keys(workers[0].members[-1]) == (workers[0].key,)
    assert "also worker-1, worker-2, worker-3" in html.render(crowded)
