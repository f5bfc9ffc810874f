from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.events.tellings import Facts, Kind, Letter, Telling, tells
from marketplace.templatetags.page import euros, paris
from projects.amended import moved
from projects.models import Amendment, AmendmentState, Formula


def amendment_of(event: Event) -> Amendment:
    """The avenant that an event speaks of, with its parties."""
    rows = Amendment.objects.select_related(
        "version", "agreement__project", "agreement__client", "agreement__provider", "agreement__payer"
    )
    return event.about(rows, "amendment")


def when(iso: str) -> str:
    """A date in words."""
    return paris(datetime.fromisoformat(iso))


class OfAmendment(Telling):
    """What a letter about an avenant has in common with the others."""

    def facts(self, amendment: Amendment) -> Facts:
        """Title, numbers, and where it is read."""
        project = amendment.agreement.project
        page = reverse("projects:amendment", args=[amendment.agreement.key, amendment.number])
        return {"title": project.title, "number": project.number, "n": amendment.number, "page": page}

    def sheet(self, facts: Facts, subject: str, *words: str, label: str = "", **parts: object) -> Letter:
        """A letter with the link to the avenant."""
        return Letter(
            subject=subject % facts,
            project=_("Project %(number)s") % facts,
            paragraphs=[each % facts for each in words],
            action=(label or _("See amendment %(n)s") % facts, facts["page"]),
            **parts,  # type: ignore[arg-type]
        )


class ToTheOther(OfAmendment):
    """To the party that has not done it."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        amendment = amendment_of(event)
        if event.by:
            facts = {"by": event.by.public_name, "until": amendment.confirm_by.isoformat()}
            yield amendment.agreement.other_party(event.by), {**self.facts(amendment), **facts, **self.more(event)}

    def more(self, event: Event) -> Facts:
        """What else is told of the event."""
        return {}


@tells("amendment.proposed", kind=Kind.AGREEMENT)
class Proposed(ToTheOther):
    def letter(self, facts: Facts) -> Letter:
        told = _("%(by)s proposes to change the terms. The page shows what changes, what it costs or gives back.")
        stands = _("Until both of you have accepted it, the terms in force stand.")
        figures = [(_("To accept before"), when(facts["until"]))]
        label = _("Read amendment %(n)s") % facts
        return self.sheet(facts, _("Amendment %(n)s to read: %(title)s"), told, stands, label=label, figures=figures)


@tells("amendment.accepted", kind=Kind.AGREEMENT)
class Accepted(ToTheOther):
    """Nothing when it was the second acceptance."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        return () if amendment_of(event).version.is_agreed else super().people(event)

    def letter(self, facts: Facts) -> Letter:
        figures = [(_("To accept before"), when(facts["until"]))]
        told = _("%(by)s has accepted amendment %(n)s. It is your turn.")
        return self.sheet(facts, _("Amendment %(n)s waits for your acceptance: %(title)s"), told, figures=figures)


@tells("amendment.declined", kind=Kind.AGREEMENT)
class Declined(ToTheOther):
    def more(self, event: Event) -> Facts:
        return {"reason": event.facts["reason"]}

    def letter(self, facts: Facts) -> Letter:
        told = _("%(by)s declined amendment %(n)s, and says why. The terms in force stand.")
        return self.sheet(facts, _("Amendment %(n)s declined: %(title)s"), told, quote=facts["reason"])


@tells("amendment.withdrawn", kind=Kind.AGREEMENT)
class Withdrawn(ToTheOther):
    def letter(self, facts: Facts) -> Letter:
        told = _("%(by)s gave up amendment %(n)s. The terms in force stand.")
        return self.sheet(facts, _("Amendment %(n)s withdrawn: %(title)s"), told)


@tells("amendment.agreed", name="amendment.agreed.payer", kind=Kind.AGREEMENT)
class ToPay(OfAmendment):
    """Who owes them is asked for the extra fees."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        amendment = amendment_of(event)
        facts = {"cents": event.facts["fees_cents"], "pay_by": event.facts["pay_by"]}
        yield amendment.payer, {**self.facts(amendment), **facts}

    def letter(self, facts: Facts) -> Letter:
        told = _("Both of you accepted amendment %(n)s. It is in force once its fees are paid.")
        figures = [(_("To pay"), euros(facts["cents"])), (_("Before"), when(facts["pay_by"]))]
        label = _("Pay %(amount)s") % {"amount": euros(facts["cents"])}
        return self.sheet(facts, _("Amendment %(n)s to pay: %(title)s"), told, label=label, figures=figures)


@tells("amendment.agreed", name="amendment.agreed.other", kind=Kind.AGREEMENT)
class WaitForPayment(OfAmendment):
    """The other party learns that the terms do not change yet."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        amendment = amendment_of(event)
        other = amendment.agreement.other_party(amendment.payer)
        yield other, {**self.facts(amendment), "pay_by": event.facts["pay_by"]}

    def letter(self, facts: Facts) -> Letter:
        told = _("Both of you accepted amendment %(n)s. It is in force once the other party has paid its fees.")
        limit = _("Until then the terms in force stand: do not work on what it adds.")
        figures = [(_("The other party pays before"), when(facts["pay_by"]))]
        return self.sheet(facts, _("Amendment %(n)s accepted by both: %(title)s"), told, limit, figures=figures)


class ToBoth(OfAmendment):
    """The same to both parties."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        amendment = amendment_of(event)
        for party in (amendment.agreement.client, amendment.agreement.provider):
            yield party, {**self.facts(amendment), **self.more(event, amendment, party)}

    def more(self, event: Event, amendment: Amendment, party: User) -> Facts:
        """What else is told to that party."""
        raise NotImplementedError


@tells("agreement.amended", kind=Kind.AGREEMENT)
class InForce(ToBoth):
    """The terms have changed; who paid the fees learns what goes back."""

    def more(self, event: Event, amendment: Amendment, party: User) -> Facts:
        back = max(0, -event.facts["fees_cents"]) if party == amendment.payer else 0
        return {"price": event.facts["price_cents"], "formula": event.facts["formula"], "back": back}

    def letter(self, facts: Facts) -> Letter:
        r0 = facts["formula"] == Formula.R0
        in_r0 = _("R0 formula: work only on what the internal account covers; the lights of the tranches say how far.")
        in_base = " ".join(
            [
                _("Base formula: you manage the work and its payment between yourselves."),
                _("The platform answers neither for unpaid work nor for requests beyond the contract."),
            ]
        )
        figures = [(_("Price, excluding VAT"), euros(facts["price"]))]
        if facts["back"]:
            figures.append((_("Fees that go back to your card"), euros(facts["back"])))
        told = _("Amendment %(n)s is in force: it changes the terms from now on.")
        subject = _("Amendment %(n)s in force: %(title)s")
        return self.sheet(facts, subject, told, in_r0 if r0 else in_base, figures=figures)


@tells("amendment.lapsed", kind=Kind.AGREEMENT)
class Lapsed(ToBoth):
    def more(self, event: Event, amendment: Amendment, party: User) -> Facts:
        return {"was": event.facts["was"]}

    def letter(self, facts: Facts) -> Letter:
        unpaid = _("Amendment %(n)s was not paid in time. The terms in force stand.")
        silent = _("Amendment %(n)s was not accepted by both in time. The terms in force stand.")
        told = unpaid if facts["was"] == AmendmentState.AGREED else silent
        return self.sheet(facts, _("Amendment %(n)s lapsed: %(title)s"), told)


@tells("amendment.barred", kind=Kind.AGREEMENT)
class Barred(ToBoth):
    """Both had accepted it: what happened since, and that nothing is paid for it."""

    def more(self, event: Event, amendment: Amendment, party: User) -> Facts:
        return {"cause": event.facts["cause"], "pays": party == amendment.payer}

    def letter(self, facts: Facts) -> Letter:
        ended = _("You had both accepted amendment %(n)s. It can no longer take effect as it is: it has ended.")
        stands = _("The terms in force stand. You may propose another amendment, on what can still change.")
        unpaid = _("Its fees are no longer to be paid; if a payment is on its way, it comes back to you by itself.")
        told = f"{ended} {moved(facts['cause'])}"
        subject = _("Amendment %(n)s can no longer take effect: %(title)s")
        return self.sheet(facts, subject, told, f"{unpaid} {stands}" if facts["pays"] else stands)


@tells("amendment.reminded", kind=Kind.AGREEMENT)
class ActSoon(OfAmendment):
    """Who must act is reminded."""

    def people(self, event: Event) -> Iterable[tuple[User, Facts]]:
        amendment = amendment_of(event)
        for party in amendment.awaited():
            yield party, {**self.facts(amendment), "until": event.facts["until"]}

    def letter(self, facts: Facts) -> Letter:
        told = _("Amendment %(n)s waits for you. Without your answer it lapses and the terms in force stand.")
        figures = [(_("Before"), when(facts["until"]))]
        return self.sheet(facts, _("Amendment %(n)s waits for you: %(title)s"), told, figures=figures)
