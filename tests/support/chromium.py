"""Where Chromium and its driver are, and what to say where they are not."""

import shutil

MISSING = (
    "the HTML page was not opened in a browser: chromium or chromedriver is missing "
    "(on Debian: apt-get install chromium chromium-driver)"
)


def programs() -> tuple[str, str] | None:
    """Return the paths of the browser and of its driver, if both are installed."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (chromium, driver) if chromium and driver else None
