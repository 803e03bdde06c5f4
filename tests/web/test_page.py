"""The console in a real browser: a person is chosen, does something, and the list answers."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penchant import keys

DRIVER = "/usr/bin/chromedriver"
BROWSERS = ("/usr/bin/chromium", "/usr/bin/google-chrome")
OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --lang=en-GB"
)
NASTY = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def driver() -> Iterator[object]:
    from selenium import webdriver

    binary = next((b for b in BROWSERS if Path(b).exists()), None)
    assert binary, "chromium is not installed: sh scripts/install_system.sh"
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    home = tempfile.mkdtemp()
    for option in (*OPTIONS.split(), f"--user-data-dir={home}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    browser.set_page_load_timeout(20)
    try:
        yield browser
    finally:
        browser.quit()
        shutil.rmtree(home, ignore_errors=True)


class Page:
    """The page as a person uses it."""

    def __init__(self, driver: object, url: str) -> None:
        self.driver = driver
        self.url = url

    def open(self, path: str = "/") -> None:
        """Load the page anew, its own size and errors forgotten."""
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get(self.url + path)

    def all(self, selector: str) -> list:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str) -> object:
        """An element, once it is there."""
        return self.until(lambda: next(iter(self.all(selector)), None), selector)

    def until(self, found: Callable[[], object], what: str = "") -> object:
        """What `found` gives once it gives something; ten seconds at most."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.wait import WebDriverWait

        wait = WebDriverWait(self.driver, 10, 0.05, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: found(), what)

    def texts(self, selector: str) -> list[str]:
        return self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent.trim())", selector
        )

    def listed(self) -> list[str]:
        return self.texts("#list h3")

    def position(self) -> int:
        return int(self.driver.execute_script("return document.getElementById('facts').dataset.position || 0"))

    def choose(self, person: str) -> None:
        """Choose a person by typing, as somebody at a keyboard does."""
        from selenium.webdriver.common.keys import Keys

        field = self.one("#person")
        field.send_keys(person)
        self.until(lambda: self.texts("#people li span") == [person], "suggestion")
        field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)
        self.settled(person)

    def settled(self, person: str) -> None:
        """Wait until the page is about a person whose id begins so."""
        self.until(lambda: self.texts("#name")[0].startswith(person), person)
        self.until(lambda: self.texts("#status")[0].startswith("The best"), "list")

    def act(self, place: int, kind: str) -> None:
        """Press a button of the offer at a place, and wait for the answer."""
        before = self.position()
        self.all(f"#list .deed[data-kind={kind}]")[place].click()
        self.until(lambda: self.position() > before and self.texts("#status")[0].startswith("Noted"), "answer")

    def resize(self, width: int, height: int = 800) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, theme: str) -> None:
        """Prefer a colour scheme, and things that do not fly about."""
        wishes = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def overflow(self) -> int:
        return self.driver.execute_script("return document.documentElement.scrollWidth - innerWidth")

    def complaints(self) -> list:
        return self.driver.get_log("browser")


@pytest.fixture
def page(driver, client) -> Iterator[Page]:
    page = Page(driver, client.url)
    page.resize(1280, 900)
    page.prefer("light")
    page.open()
    page.until(lambda: len(page.listed()) == 10, "ten offers")
    yield page
    assert page.complaints() == []


def test_someone_is_there_from_the_start_with_past_and_offers(page):
    assert page.texts("#title") == ["The Potting Shed"]
    assert page.texts("#name")[0].startswith("user-")
    assert len(page.texts("#history .what")) == 12
    assert page.all("#list .bar")
    assert "Release" in page.texts("#facts dt")


def test_a_deed_moves_the_list_and_the_position(page):
    page.choose("user-05")
    before, position = page.listed(), page.position()
    page.act(6, "purchase")
    assert page.position() > position
    assert page.listed() != before
    assert any(text.startswith(("▲", "▼", "new")) for text in page.texts("#list .move"))
    assert page.texts("#history .what")[0] == before[6]
    assert page.texts("#history .kind")[0] == "Purchase"


def test_what_is_disliked_goes(page):
    page.one("#newcomer").click()
    page.settled("guest-")
    gone = page.listed()[0]
    page.act(0, "dislike")
    assert gone not in page.listed()
    assert "new" in page.texts("#list .move")


def test_reasons_are_said_and_their_evidence_unfolds(page, client):
    page.choose("user-11")
    assert all(page.texts("#list .reason"))
    button = page.one("#list .why")
    assert not page.all("#list .ledger")[0].is_displayed()
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert page.all("#list .ledger")[0].is_displayed()
    assert page.texts("#list .ledger .proof")


def test_someone_new_starts_with_nothing_and_is_learned_from(page):
    page.one("#newcomer").click()
    page.settled("guest-")
    assert "Nothing yet" in page.texts("#history")[0]
    before = page.listed()
    page.act(0, "purchase")
    page.act(0, "view")
    assert len(page.texts("#history .what")) == 2
    assert page.listed() != before


def test_a_mood_brings_what_was_asked_for(page):
    from selenium.webdriver.common.keys import Keys

    page.choose("user-14")
    page.one("#wish").send_keys("leather bookmark", Keys.ENTER)
    page.until(lambda: page.listed()[0].startswith("Leather bookmark"), "bookmark")
    assert "leather bookmark" in page.texts("#status")[0]


def test_lists_are_steered_and_it_is_undone(page):
    from selenium.webdriver.common.keys import Keys

    page.choose("user-21")
    before = page.listed()
    word = before[0].split()[0].lower()
    page.one("#steer").send_keys(f"no {word}, flurbs please", Keys.ENTER)
    page.until(lambda: page.texts("#steers .meant") == [f"no {word}"], "understood")
    page.until(lambda: page.texts("#status")[0].startswith("From now on"), "said")
    assert not [title for title in page.listed() if word in title.lower()]
    page.one("#steers button").click()
    page.until(lambda: page.texts("#status") == ["Undone."], "undone")
    assert (page.texts("#steers li"), page.listed()) == ([], before)


def test_a_mood_may_rule_out(page):
    from selenium.webdriver.common.keys import Keys

    page.choose("user-14")
    page.one("#wish").send_keys("something for the garden, no watering", Keys.ENTER)
    page.until(lambda: page.texts("#status")[0].startswith("Asked for"), "answer")
    assert page.texts("#status")[0].endswith("(no watering).")
    assert not [title for title in page.listed() if "watering" in title.lower()]


def test_any_item_is_found_acted_on_and_accounted_for(page):
    page.choose("user-17")
    page.one("#find").send_keys("watering")
    page.until(lambda: len(page.texts("#found h3")) == 4, "four watering cans")
    page.one("#found .ask").click()
    page.until(lambda: page.texts("#found .verdict"), "verdict")
    assert page.texts("#found .verdict")[0].startswith(("Not offered", "It is offered"))
    before = page.position()
    page.one("#found .deed[data-kind=cart]").click()
    page.until(lambda: page.position() > before and page.texts("#history .kind")[0] == "Cart", "noted")


def test_focus_stays_with_the_item_that_was_acted_on(page):
    page.choose("user-20")
    title = page.listed()[3]
    page.act(3, "view")
    focused = page.driver.execute_script("return document.activeElement.closest('li')?.querySelector('h3').textContent")
    assert focused == title if title in page.listed() else focused is None


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_sticks_out_sideways(page, width):
    page.resize(width)
    page.all("#list .why")[0].click()
    page.one("#find").send_keys("lamp")
    page.until(lambda: page.texts("#found h3"), "found")
    page.one("#found .ask").click()
    page.until(lambda: page.texts("#found .verdict"), "verdict")
    assert page.overflow() <= 0


def test_nasty_texts_stay_texts(page, client):
    client(
        "PUT",
        "/v1/items",
        {"items": [{"item_id": NASTY, "title": NASTY, "category": NASTY, "image_url": "javascript:alert(1)"}]},
    )
    client.tell(user_id=NASTY, item_id=NASTY, event_type="purchase")
    page.choose(NASTY)
    page.one("#find").send_keys("onerror")
    page.until(lambda: NASTY in page.texts("#found h3"), "found")
    assert page.driver.title == "The Potting Shed · Penchant"
    assert page.all("main img") == []
    client("DELETE", f"/v1/users/{NASTY.replace('/', '%2F').replace('<', '%3C')}")


def test_every_control_has_a_name_and_headings_follow(page):
    nameless = page.driver.execute_script(
        "return [...document.querySelectorAll('button, input, a')].filter(e => !(e.textContent.trim() ||"
        " e.getAttribute('aria-label') || e.labels?.length)).map(e => e.outerHTML)"
    )
    assert nameless == []
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_the_paper(page, theme):
    page.prefer(theme)
    style = (
        "const s = getComputedStyle(document.documentElement);"
        "return arguments[0].map(n => s.getPropertyValue(n).trim())"
    )
    paper, *inks = page.driver.execute_script(style, ["--paper", "--ink", "--soft", "--accent", "--warn"])
    assert all(_contrast(ink, paper) >= 4.5 for ink in inks), (paper, inks)


def _contrast(one: str, other: str) -> float:
    """WCAG contrast of two colours like #171a1c."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_server_with_keys_asks_for_one_and_keeps_it_for_this_tab(driver, make_engine, serve, tmp_path):
    from selenium.webdriver.common.keys import Keys

    secret = keys.create(tmp_path / "keys.json", "owner", ["admin"])[1]
    with serve(make_engine(), keyring=keys.Keyring(tmp_path / "keys.json")) as url:
        page = Page(driver, url)
        page.open()
        assert "send a key" in page.one("form.key .hint").text
        page.one("#key").send_keys("nonsense", Keys.ENTER)
        page.until(lambda: "no key of this server" in page.one("form.key .hint").text, "asked again")
        page.one("#key").send_keys(secret, Keys.ENTER)
        page.until(lambda: len(page.listed()) == 10, "ten offers")
        assert not page.all("form.key")
        assert secret not in driver.current_url + driver.page_source
        page.open()
        page.until(lambda: len(page.listed()) == 10, "ten offers")
        page.open("/docs")
        page.until(lambda: page.texts(".route"), "routes")
        page.all(".route summary")[0].click()
        page.all(".route .try button")[0].click()
        page.until(lambda: page.texts(".route .try pre")[0].startswith("200"), "answer")
        assert driver.execute_script("return localStorage.length + document.cookie.length") == 0
        driver.execute_script("sessionStorage.clear()")


def test_the_description_of_the_api_can_be_read_and_tried(page, client):
    routes = sum(map(len, client.session.get(f"{client.url}/openapi.json").json()["paths"].values()))
    page.open("/docs")
    page.until(lambda: len(page.texts(".route")) == routes, "every route")
    page.all(".route summary")[0].click()
    assert "user_id" in page.texts(".route th code")
    page.all(".route .try button")[0].click()
    page.until(lambda: page.texts(".route pre")[0].startswith("200"), "answer")
    page.resize(360)
    assert page.overflow() <= 0
