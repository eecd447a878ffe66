"""A report as one HTML page that needs nothing else: no script, no request, no file beside it.

The page's own policy forbids both. Highlights and filters are CSS, so that everything shows even
where they do not work.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Final
from xml.etree.ElementTree import Element

from perpetual.offline.report import Report
from perpetual.offline.reports import exceptions
from perpetual.offline.reports.entries import Entry, counted, entries, judged, line, place
from perpetual.offline.reports.markup import Content, element, rendered
from perpetual.offline.reports.picture import layout, model, svg
from perpetual.offline.reports.picture.about import About
from perpetual.offline.reports.picture.flows import Flow
from perpetual.offline.reports.picture.model import Picture

STYLE: Final = "page.css"
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
_LEGEND: Final = (
    ("in", "from outside"),
    ("inside", "inside"),
    ("out", "to outside"),
    ("unsure", "undetermined"),
    ("route", "way out by NAT"),
)


def render(report: Report) -> str:
    """Return the report as an HTML page; the same report gives the same page."""
    listed = entries(report)
    graph = report.graph() if report.graph else None
    picture = model.of(graph) if graph else None
    about = About(graph, picture) if graph and picture else None
    title = f"{report.project} / {report.stack}"
    body = element(
        "body",
        _header(report, listed),
        element(
            "main",
            _network(title, picture, about, listed) if picture and about else None,
            _findings(listed, picture, about),
            *exceptions.section(report),
            _flows(picture) if picture and picture.flows else None,
        ),
        element("footer", *_footer(report)),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title}: {_verdict(report)}"),
    )
    # Style is not text: what escapes there would be read as it stands.
    page = rendered(element("html", head, body, lang="en"))
    sheet = f"<style>\n{style()}{_highlights(picture)}</style>"
    return "<!DOCTYPE html>\n" + page.replace("</head>", f"{sheet}</head>", 1)


def style() -> str:
    """Return the page's style sheet."""
    return files("perpetual.offline.reports").joinpath(STYLE).read_text()


def _verdict(report: Report) -> str:
    failing = sum(finding.fails for finding in report.judgement.findings)
    return "clean" if report.judgement.clean else counted(failing, "finding")


def _header(report: Report, listed: Sequence[Entry]) -> Element:
    judgement = report.judgement
    grades = Counter(entry.grade for entry in listed for _ in entry.places)
    advice = sum(not finding.fails for finding in judgement.findings)
    undetermined = sum(finding.undetermined for finding in judgement.findings)
    counts = [
        counted(len(report.resources), "resource"),
        f"{judged(judgement)} of {judgement.pack}",
        *(f"{number} {grade}" for grade, number in grades.items()),
        *([f"{advice} advisory"] if advice else []),
        *([f"{undetermined} undetermined"] if undetermined else []),
        *([f"{len(judgement.excepted)} excepted"] if judgement.excepted else []),
    ]
    mark = "✓" if judgement.clean else "✗"
    return element(
        "header",
        element("h1", report.project, " ", element("span", "/ ", report.stack, class_="stack")),
        element(
            "span",
            f"{mark} {_verdict(report)}",
            class_=f"verdict {'clean' if judgement.clean else 'refused'}",
        ),
        element("p", " · ".join(counts)),
    )


# --- the picture


def _network(title: str, picture: Picture, about: About, listed: Sequence[Entry]) -> Element:
    if not (picture.networks or picture.nodes):
        text = "The stack has no network: no VPC, no subnet, nothing placed in one."
        return element("section", element("h2", "Network"), element("p", text))
    drawn = svg.drawn(picture, layout.of(picture), _badges(about, listed), f"Network of {title}")
    scroll = element(
        "div",
        drawn,
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label="Picture of the network, scrolls sideways",
    )
    return element(
        "section",
        element("h2", "Network"),
        _legend(picture),
        scroll,
        _elsewhere(about, listed),
        class_="network",
    )


def _legend(picture: Picture) -> Element:
    ways = {str(flow.way) for flow in picture.flows}
    ways |= {"unsure"} if any(not flow.sure for flow in picture.flows) else set()
    ways |= {"route"} if any(box.nats for box in picture.boxes) else set()
    return element(
        "fieldset",
        element("legend", "Permitted flows"),
        *(
            element(
                "label",
                element("input", type="checkbox", id=f"show-{way}", checked="checked"),
                element("i"),
                text,
                class_=way,
            )
            for way, text in _LEGEND
            if way in ways
        ),
        class_="legend",
    )


def _badges(about: About, listed: Sequence[Entry]) -> dict[str, list[svg.Badge]]:
    result: dict[str, list[svg.Badge]] = {}
    for number, entry in enumerate(listed, 1):
        badge = svg.Badge(number, entry.grade, f"{entry.finding.rule}: {entry.message}")
        keys = dict.fromkeys(key for item in entry.places if item for key in about.keys(item.urn))
        for key in keys:
            result.setdefault(key, []).append(badge)
    return result


def _elsewhere(about: About, listed: Sequence[Entry]) -> Element | None:
    """Return links to the findings on what is not part of the network."""
    content: list[Content] = []
    for number, entry in enumerate(listed, 1):
        if any(item and about.keys(item.urn) for item in entry.places):
            continue
        names = dict.fromkeys(item.name if item else "the stack" for item in entry.places)
        content += [_grade(number, entry), ", ".join(names), " "]
    if not content:
        return None
    return element("p", "Not in the picture: ", *content, class_="elsewhere")


def _highlights(picture: Picture | None) -> str:
    """Return the style that leaves of all flows those of what is pointed at, or focused."""
    keys = svg.ids(picture).values() if picture else ()
    rules = (
        f"svg:has(#{key}:is(:hover,:focus-visible)):has(.{key})"
        f" :is(.flow,.route):not(.{key}){{opacity:.1}}"
        for key in keys
    )
    return "\n".join(rules)


# --- lists


def _grade(number: int, entry: Entry) -> Element:
    return element(
        "a",
        f"{entry.grade[:1].upper()}{number}",
        class_=f"grade {entry.grade}",
        href=f"#finding-{number}",
        aria_label=f"finding {number}, {entry.grade}",
    )


def _findings(listed: Sequence[Entry], picture: Picture | None, about: About | None) -> Element:
    ids = svg.ids(picture) if picture else {}
    shown = [_entry(number, entry, ids, about) for number, entry in enumerate(listed, 1)]
    if not shown:
        shown = [element("p", "None.", class_="muted")]
    return element("section", element("h2", f"Findings ({len(listed)})"), *shown)


def _entry(number: int, entry: Entry, ids: Mapping[str, str], about: About | None) -> Element:
    finding = entry.finding
    rows: list[tuple[str, Content]] = []
    if entry.remedy:
        rows.append(("fix", entry.remedy))
    if finding.controls:
        rows.append(("controls", ", ".join(finding.controls)))
    if finding.url.startswith(("https://", "http://")):
        rows.append(("reference", element("a", finding.url, href=finding.url, rel="noreferrer")))
    paths = [row for row in entry.details if not row.startswith("controls: ")]
    if not entry.same:
        paths.append(f"(as found on {place(entry.places[0])}; the others differ in name and path)")
    return element(
        "article",
        element(
            "h3",
            _grade(number, entry),
            element("code", finding.rule),
            " ",
            element("span", f"{entry.grade} · {entry.kind}", class_="muted"),
        ),
        element("p", finding.description) if finding.description != entry.message else None,
        element("p", entry.message),
        element("ul", *_places(entry, ids, about)),
        element("div", "\n".join(paths), class_="path") if paths else None,
        element("dl", *(part for row in rows for part in _row(*row))) if rows else None,
        id=f"finding-{number}",
        class_=f"entry {entry.grade}",
    )


def _row(term: str, content: Content) -> tuple[Element, Element]:
    return element("dt", term), element("dd", content)


def _places(entry: Entry, ids: Mapping[str, str], about: About | None) -> Iterator[Element]:
    for item in entry.places:
        name: Content = place(item)
        drawn = about.keys(item.urn) if about and item else ()
        if drawn:
            name = element("a", place(item), href=f"#{ids[drawn[0]]}")
        source: Content = element("code", line(item)) if line(item) else None
        yield element("li", name, " " if source is not None else None, source)


def _flows(picture: Picture) -> Element:
    names = picture.names
    return element(
        "section",
        element("h2", f"Permitted flows ({len(picture.flows)})"),
        element("ul", *(_flow(flow, names) for flow in picture.flows), class_="flows"),
    )


def _flow(flow: Flow, names: Mapping[str, str]) -> Element:
    target = "itself" if flow.source == flow.target else names[flow.target]
    doubt = "" if flow.sure else f" undetermined: {'; '.join(flow.missing)}"
    summary = element(
        "summary",
        f"{names[flow.source]} → {target} ",
        element("b", flow.ports, class_="mono"),
        element("span", doubt, class_="muted") if doubt else None,
    )
    steps = element("ol", *(element("li", step) for step in flow.path))
    return element("li", element("details", summary, steps), class_=str(flow.way))


def _footer(report: Report) -> Iterator[Content]:
    yield element(
        "p",
        "Arrows are connections that routes, network ACLs and security groups permit; TCP unless "
        "said otherwise. What the stack does not manage is not shown.",
    )
    yield element("p", f"perpetual preview --stack {report.stack} --format html")
