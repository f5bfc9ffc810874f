"""Somebody at a browser of their own: what they press and type, the mails they read, and the pages at fault."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Locator, Page

from marketplace.testing.browser import at_every_look
from marketplace.testing.cast import PASSWORD, TOTP_SECRET
from marketplace.testing.processes import SmtpSink, until
from marketplace.testing.world import pdf

LINK = re.compile(r"https?://\S+")


def loosely(words: str) -> re.Pattern[str]:
    """`words`, whatever the kind of space between them."""
    return re.compile(r"\s+".join(re.escape(word) for word in words.split()))


def plain(text: str) -> str:
    """`text` with ordinary single spaces."""
    return " ".join(text.split())


def text_of(mail: EmailMessage) -> str:
    """The subject and the words of a mail, in ordinary spaces; every mail has an HTML side too."""
    part = mail.get_body(("plain",))
    assert part
    assert mail.get_body(("html",))
    return plain(f"{mail['Subject']}\n{part.get_content()}")


def a_pdf(name: str) -> Any:
    """A PDF to be chosen from one's disk."""
    file = pdf(name)
    return {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": file.read()}


@dataclass
class Visitor:
    """One person, one browser. Every page they reach is looked at unless `looks` is off."""

    page: Page
    email: str
    sink: SmtpSink
    faults: list[str]
    looks: bool = True
    read: list[EmailMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self.hear)

    def hear(self, said: ConsoleMessage) -> None:
        """Note an error that the page tells; a request that a newer one has replaced is none."""
        replaced = said.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))
        if said.type == "error" and not replaced:
            self.faults.append(f"{self.page.url} says to the console: {said.text}")

    @property
    def text(self) -> str:
        """What the page says, in ordinary spaces."""
        return plain(self.page.inner_text("body"))

    def look(self) -> None:
        """Note what is wrong with the page as it stands."""
        if self.looks:
            self.faults += at_every_look(self.page)

    def sees(self, *words: str) -> None:
        """Each of `words` is on the page."""
        missing = [word for word in words if plain(word) not in self.text]
        assert not missing, f"{missing} not on {self.page.url}:\n{self.text}"

    def never_sees(self, *words: str) -> None:
        """None of `words` is on the page, nor in its source."""
        source = plain(self.page.content())
        assert [word for word in words if word in source] == []

    def go(self, path: str) -> None:
        """Type an address."""
        self.page.goto(path)
        self.look()

    def find(self, words: str) -> Locator:
        """The link or button that says `words`: in the page's own part first, else around it."""
        name = loosely(words)
        for place in (self.page.locator("main"), self.page.locator("body")):
            both = place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name))
            found = both.filter(visible=True).and_(self.page.locator(":not([tabindex='-1'])"))
            if found.count():
                break
        return found.first

    def press(self, words: str) -> None:
        """Press the link or button that says `words` and wait for the page that it leads to."""
        assert self.find(words).count(), f"nothing says “{words}” on {self.page.url}:\n{self.text}"
        with self.page.expect_navigation():
            self.find(words).click()
        self.look()

    def downloads(self, words: str) -> bytes:
        """Press the link that says `words` and get its file."""
        with self.page.expect_download() as started:
            self.find(words).click()
        return Path(started.value.path()).read_bytes()

    def opens(self, words: str) -> None:
        """Unfold what says `words`, on the same page."""
        self.page.get_by_text(loosely(words)).first.click()

    def types(self, **answers: str) -> None:
        """Fill in fields by their name."""
        for name, value in answers.items():
            self.page.locator(f"main [name='{name}']:visible").first.fill(value)

    def chooses(self, name: str, value: str) -> None:
        """Tick the box, or pick the line of a list, that stands for `value`."""
        box = self.page.locator(f"main [name='{name}'][value='{value}']")
        if box.count():
            box.check()
        else:
            self.page.locator(f"main select[name='{name}']").select_option(value)

    def ticks(self, name: str) -> None:
        """Tick the one box of that name."""
        self.page.locator(f"main [name='{name}']").check()

    def attaches(self, name: str, *files: Any) -> None:
        """Choose files from one's disk."""
        self.page.locator(f"main [name='{name}']").set_input_files(list(files))

    def gets(self, subject: str) -> str:
        """Read the first mail not read yet whose subject holds `subject`."""

        def fresh() -> list[EmailMessage]:
            mails = self.sink.to(self.email)
            return [
                m for m in mails if plain(subject).casefold() in plain(m["Subject"]).casefold() and m not in self.read
            ]

        try:
            until(fresh, f"no mail “{subject}” to {self.email}", 40)
        except TimeoutError as error:
            subjects = [f"{mail['To']}: {mail['Subject']}" for mail in self.sink.messages]
            raise AssertionError(f"{error}, but {subjects}") from error
        self.read.append(fresh()[0])
        return text_of(self.read[-1])

    def follows(self, path: str = "") -> None:
        """Open the first link of the mail just read whose address holds `path`."""
        links = [link for link in LINK.findall(text_of(self.read[-1])) if path in link]
        self.go(links[0])

    def signs_in(self) -> None:
        """Give address and password, and the code of the application when one is asked for."""
        if not self.is_asked("login"):
            self.go(reverse("account_login"))
        self.types(login=self.email, password=PASSWORD)
        self.press("Se connecter")
        if self.is_asked("code"):
            self.types(code=format_hotp_value(hotp_value(TOTP_SECRET, int(time.time()) // 30)))
            self.press("Se connecter")

    def is_asked(self, name: str) -> bool:
        """Whether the page has a field of that name."""
        return self.page.locator(f"main [name='{name}']:visible").count() > 0

    def gives_password_again(self) -> None:
        """Answer the site that asks who is there before a deed that counts."""
        self.sees("Est-ce bien vous ?")
        self.types(password=PASSWORD)
        self.press("Continuer")

    def pays(self, amount: str, *, refused_first: bool = False) -> None:
        """On the page of Stripe's stand-in, pay `amount`; then wait until the site's own page says that it knows."""
        self.sees(f"Total à payer {amount}")
        if refused_first:
            self.press("Essayer une carte qui sera refusée")
            self.sees("Votre carte a été refusée. Rien n’a été débité")
        with self.page.expect_navigation(url="**/paiements/**"):
            self.find(f"Payer {amount}").click()
        self.page.get_by_text(loosely(f"Paiement reçu : {amount}")).wait_for(timeout=30_000)
        self.look()
