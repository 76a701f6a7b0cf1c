"""A page opened from file:// in a real browser, with all it said and asked for."""

from pathlib import Path

from playwright.sync_api import Browser, Page

PATIENCE_MS = 120_000
"""A busy machine is no fault of the page."""


class Visit:
    """One opened page."""

    def __init__(
        self, browser: Browser, path: Path, width: int = 1200, *, dark: bool = False
    ) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function(
            "document.querySelectorAll('.plot svg.main-svg').length >= "
            "2 * document.querySelectorAll('.plot').length"
        )
