"""The HTML page in a real browser: wide and narrow, light and dark, with keyboard and mouse."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from perpetual.offline.reports import html
from tests.support.pages import NAMES, report

WIDTHS: Final = {"desktop": (1280, 900), "phone": (390, 844)}
THEMES: Final = ("light", "dark")
SMALLEST: Final = 10
"""Least height of a letter's box in CSS pixels."""

# Boxes of texts and of the shapes that hold them, as the browser has laid them out.
BOXES: Final = """
const box = (item) => {
  const {left, top, right, bottom} = item.getBoundingClientRect();
  return [left, top, right, bottom];
};
const all = (selector) => [...document.querySelectorAll(selector)];
return {
  texts: all('svg text').map((item) => ({
    text: item.textContent,
    box: box(item),
    size: parseFloat(getComputedStyle(item).fontSize) * item.getScreenCTM().a,
    holder: item.closest('a') || item.closest('g[id], g.flow'),
    frame: (() => {
      const near = item.closest('a') || item.closest('g[id], g.flow');
      const shape = near && near.querySelector(':scope > .shape, :scope > .pill, :scope > .ground');
      return shape ? box(shape) : null;
    })(),
  })).map(({holder, ...rest}) => rest),
  nodes: all('svg .node > .shape').map(box),
  subnets: all('svg .subnet > .shape').map(box),
};
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write all pages to one folder."""
    made = tmp_path_factory.mktemp("pages")
    for name in NAMES:
        (made / f"{name}.html").write_text(html.render(report(name)), encoding="utf-8")
    return made


def show(browser: Chrome, page: Path, width: str = "desktop", theme: str = "light") -> None:
    """Open a page in a window of this width, for someone who prefers this theme."""
    columns, rows = WIDTHS[width]
    metrics = {"width": columns, "height": rows, "deviceScaleFactor": 1}
    phone = width == "phone"
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {**metrics, "mobile": phone})
    wishes = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wishes.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # type: ignore[no-untyped-call]  # Selenium does not type it
    browser.get(page.as_uri())


def requests(browser: Chrome) -> Iterator[str]:
    """Yield the addresses that were asked for since the page was opened."""
    for entry in browser.get_log("performance"):  # type: ignore[no-untyped-call]  # as above
        message: dict[str, Any] = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_for_nothing_and_has_no_fault(
    browser: Chrome, folder: Path, name: str, width: str, theme: str
) -> None:
    """No request but the page's own, nothing in the console, no sideways scrolling of the page."""
    page = folder / f"{name}.html"
    show(browser, page, width, theme)
    size = browser.execute_script(
        "const {scrollWidth, clientWidth} = document.documentElement;"
        "return [scrollWidth, clientWidth, innerWidth]"
    )
    assert set(requests(browser)) == {page.as_uri()}
    assert browser.get_log("browser") == []  # type: ignore[no-untyped-call]  # as above
    assert size[0] <= size[1] == size[2] == WIDTHS[width][0]
    assert browser.title.startswith(f"perpetual / {name}: ")


@pytest.mark.parametrize("theme", THEMES)
def test_the_theme_is_the_readers(browser: Chrome, folder: Path, theme: str) -> None:
    """The ground is light or dark as the reader prefers."""
    show(browser, folder / "prod.html", theme=theme)
    ground = browser.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    red = int(ground.split("(")[1].split(",")[0])
    assert (red > 127) is (theme == "light")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["prod", "dev", "foreign", "broken"])
def test_the_picture_is_legible(browser: Chrome, folder: Path, name: str, width: str) -> None:
    """No text is small, leaves its frame or lies on another; no bar lies on another."""
    show(browser, folder / f"{name}.html", width)
    found = browser.execute_script(BOXES)
    texts = found["texts"]
    assert len(texts) > 10
    for item in texts:
        assert item["size"] >= SMALLEST, item
        assert item["frame"] is None or inside(item["box"], item["frame"]), item
    for kind in ("nodes", "subnets"):
        assert overlaps(found[kind]) == []
    assert overlaps([item["box"] for item in texts]) == []


def inside(box: list[float], frame: list[float]) -> bool:
    """Tell whether a box is within a frame, to a pixel."""
    return (
        box[0] >= frame[0] - 1
        and box[1] >= frame[1] - 1
        and box[2] <= frame[2] + 1
        and box[3] <= frame[3] + 1
    )


def overlaps(boxes: list[list[float]]) -> list[tuple[list[float], list[float]]]:
    """Return the pairs of boxes that share more than an edge; line boxes may touch by 2 px."""
    return [
        (one, other)
        for position, one in enumerate(boxes)
        for other in boxes[position + 1 :]
        if min(one[2], other[2]) - max(one[0], other[0]) > 1
        and min(one[3], other[3]) - max(one[1], other[1]) > 2
    ]


def test_on_a_phone_the_picture_scrolls_by_itself(browser: Chrome, folder: Path) -> None:
    """It keeps its size, and the page around it keeps still."""
    show(browser, folder / "prod.html", "phone")
    scroll = browser.find_element(By.CLASS_NAME, "scroll")
    inner = browser.execute_script("return arguments[0].scrollWidth", scroll)
    assert inner > WIDTHS["phone"][0]
    browser.execute_script("arguments[0].scrollLeft = 300", scroll)
    assert browser.execute_script("return [arguments[0].scrollLeft, scrollX]", scroll) == [300, 0]


def test_the_keyboard_reaches_everything_in_the_picture(browser: Chrome, folder: Path) -> None:
    """Tab goes from the filters through the picture, and what has the focus shows it."""
    show(browser, folder / "dev.html")
    wanted = set(
        browser.execute_script(
            "return [...document.querySelectorAll('svg [tabindex]')].map((e) => e.ariaLabel)"
        )
    )
    reached: set[str] = set()
    for _ in range(len(wanted) * 3):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        label, stroke = browser.execute_script(
            "const e = document.activeElement;"
            "const s = e.querySelector(':scope > .shape, :scope > .pill, :scope > .ground');"
            "return [e.closest('svg') && e.ariaLabel, s && getComputedStyle(s).strokeWidth]"
        )
        if label:
            assert stroke == "3px", label
            reached.add(label)
    assert wanted <= reached


def test_pointing_at_a_thing_leaves_its_flows(browser: Chrome, folder: Path) -> None:
    """The others fade; without pointing, none does."""
    show(browser, folder / "prod.html")
    faded = (
        "return [...document.querySelectorAll('.flow')].filter("
        "(e) => getComputedStyle(e).opacity < 0.5).map((e) => e.ariaLabel)"
    )
    assert browser.execute_script(faded) == []
    primary = browser.find_element(By.CSS_SELECTOR, "svg .node.database")
    ActionChains(browser).move_to_element(primary).perform()
    left = browser.execute_script(faded)
    assert "internet to balancer-balancer: 80, 443" in left
    assert "service-service to database-primary: 5432" not in left


@pytest.mark.parametrize("way", ["in", "inside", "out"])
def test_a_filter_hides_its_flows(browser: Chrome, folder: Path, way: str) -> None:
    """And only these; a second click brings them back."""
    show(browser, folder / "prod.html")
    hidden = (
        "return [...document.querySelectorAll('.flow')].map("
        "(e) => [e.classList.contains(arguments[0]), getComputedStyle(e).display === 'none'])"
    )
    switch = browser.find_element(By.ID, f"show-{way}")
    switch.click()
    assert all(mine == gone for mine, gone in browser.execute_script(hidden, way))
    switch.click()
    assert not any(gone for _, gone in browser.execute_script(hidden, way))


def test_a_mark_leads_to_its_finding(browser: Chrome, folder: Path) -> None:
    """The finding is then the one that stands out."""
    show(browser, folder / "broken.html")
    mark = browser.find_element(By.CSS_SELECTOR, "svg .node.database a.badge")
    wanted = (mark.get_dom_attribute("href") or "").partition("#")[2]
    mark.click()
    target = browser.find_element(By.CSS_SELECTOR, ".entry:target")
    assert target.get_attribute("id") == wanted
    assert target.is_displayed()


def test_a_flow_opens_its_path(browser: Chrome, folder: Path) -> None:
    """The list tells by which route, rule and entry a flow is permitted."""
    show(browser, folder / "prod.html", "phone")
    row = browser.find_element(By.CSS_SELECTOR, ".flows details")
    assert not row.find_element(By.TAG_NAME, "li").is_displayed()
    row.find_element(By.TAG_NAME, "summary").click()
    assert row.find_element(By.TAG_NAME, "li").is_displayed()


def test_in_print_the_picture_is_whole(browser: Chrome, folder: Path) -> None:
    """It shrinks to the paper instead of scrolling."""
    show(browser, folder / "prod.html", "phone")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        width = browser.find_element(By.CSS_SELECTOR, ".scroll svg").size["width"]
        assert width <= WIDTHS["phone"][0]
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
