"""The first run by a real browser: from factory state to the first reading shown, without a reload."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setup_unit import PASSWORD, PATIENCE, Unit  # noqa: E402

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start(settings, networks): a Unit that ends with the test."""
    units = []

    def start(*args, **more):
        units.append(Unit(tmp_path, monkeypatch, *args, **more))
        return units[-1]

    yield start
    for unit in units:
        unit.device.stop()


@pytest.fixture
def page():
    """open(width, *arguments): a page of chromium that notes its errors in .told."""
    if not os.path.exists(CHROMIUM):
        pytest.fail(
            "no chromium here: install it (CI does), the first run is tested with a real browser", False
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browsers = []

        def open_page(width, *arguments):
            browsers.append(
                playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_ARGS, *arguments])
            )
            new = browsers[-1].new_page(viewport={"width": width, "height": 844})
            new.set_default_timeout(PATIENCE * 1000)
            new.told = []
            new.loads = []
            new.on("pageerror", lambda error: new.told.append(str(error)))
            new.on("load", lambda: new.loads.append(new.url))
            return new

        yield open_page
        for browser in browsers:
            browser.close()


@pytest.mark.parametrize("width", [390, 1200])
def test_first_run(start, page, width):
    """From factory state to the first reading, by hand of a person, without a reload."""
    unit = start().ready()
    # As on a phone: every name leads to the device, and what the phone asks for is sent to the page.
    view = page(width, f"--host-resolver-rules=MAP connectivitycheck.gstatic.com:80 127.0.0.1:{unit.port}")
    view.goto("http://connectivitycheck.gstatic.com/generate_204")
    assert view.url == f"http://127.0.0.1:{unit.port}/"
    view.get_by_text("This device is new").wait_for()
    view.get_by_label("Kafé åpen").wait_for()
    assert view.locator("#nets label").count() == 4 and view.locator("#nets input:checked").count() == 0

    view.get_by_label("Granlia 14").check()
    view.get_by_label("Password", exact=True).fill("not this one")
    view.get_by_role("button", name="Save and start").click()
    view.get_by_text("The password of “Granlia 14” is not right.").wait_for()
    assert view.get_by_role("button", name="Save although").is_visible()
    view.get_by_label("Password", exact=True).fill(PASSWORD)
    view.get_by_role("button", name="Connect").click()
    view.get_by_text("“Granlia 14” works. This device has the address 127.0.0.1 there.").wait_for()

    view.get_by_label("Country").select_option(label="Norway")
    view.get_by_text("2400 baud, 8E1 (usual in Norway)").wait_for(state="attached")
    view.locator("#grid").select_option(label="230 V without neutral (IT)")
    wide = view.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} px wide"
    view.get_by_role("button", name="Save and start").click()

    view.get_by_text("Readings come.").wait_for()
    view.locator("#power", has_text="2,345").wait_for()
    view.get_by_text("In your own network this device is at").wait_for()
    assert view.get_by_role("link").first.get_attribute("href") == f"http://127.0.0.1:{unit.port}/"
    saved = unit.saved()
    assert (saved["country"], saved["grid"], saved["wifi_ssid"]) == ("NO", "IT", "Granlia 14")
    view.get_by_role("button", name="Close the set-up network").click()
    view.get_by_text("The set-up is over").wait_for()
    unit.until(lambda: unit.ask("GET", "/api/setup")[0] == 404, "the end of set-up mode")
    assert len(view.loads) == 1, f"loaded more than once: {view.loads}"
    assert not view.told, view.told


def test_problems_are_shown(start, page):
    """A key that is none is told in words, beside the button that was pressed, and can be mended."""
    unit = start().ready()
    view = page(390)
    view.goto(unit.device.url)
    view.get_by_label("Kafé åpen").check()
    assert not view.locator("#password").is_visible()
    view.get_by_label("Country").select_option(label="Denmark")
    view.get_by_label("Encryption key").fill("12 34")
    view.get_by_role("button", name="Save and start").click()
    view.get_by_text("Encryption key must be 32 hex digits").wait_for()
    view.get_by_label("Encryption key").fill("00112233445566778899AABBCCDDEEFF")
    view.get_by_role("button", name="Save and start").click()
    view.get_by_text("In your own network this device is at").wait_for()
    assert unit.saved()["wifi_ssid"] == "Kafé åpen" and not view.told
