"""The trial's story after selection: terms, introductions, deposits, deliveries, releases, invoices and transfers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from escrow.models import EscrowAccount, Tranche
from marketplace.demo import archive, papers, till
from marketplace.demo.avenants import amend
from marketplace.demo.complaints import complain
from marketplace.demo.disputes import dispute
from marketplace.demo.past import look_back
from marketplace.demo.plot import DELIVERIES, LETTERS, PART_REASON, PLOTS, REFUSED_INVOICE
from marketplace.demo.story import Story
from payouts.models import BankAnswer, PayoutBatch, PayoutRequest
from payouts.models.requests import Bill
from projects.models import Agreement, Terms, Thread, TrancheTerms, Word

SETTLED, RETURNED = "ACSC", "RJCT"

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<GrpHdr><MsgId>REPONSE-{message}</MsgId><CreDtTm>{at}</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message}</OrgnlPmtInfId>
{transfers}
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>
"""
TRANSFER = (
    """<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}</TxInfAndSts>"""
)
REASON = "<StsRsnInf><Rsn><Cd>MS03</Cd></Rsn></StsRsnInf>"


class Works:
    """What is done once an offer has been chosen."""

    def __init__(self, story: Story) -> None:
        self.story, self.people = story, story.people
        self.invoices = 0
        self.stages: dict[str, Callable[[int], object]] = {
            "one accepted": self.accept_alone,
            "counter-proposal": self.counter,
            "agreed": self.agree,
            "base": self.introduce,
            "nothing deposited": self.wait_for_money,
            "part deposited": self.deposit_a_part,
            "funded": lambda index: self.fund(self.opened(index), 1),
            "delivered": self.deliver_second,
            "disputed": self.deliver_second,
            "part released": self.release_a_part,
            "paid in part": lambda index: self.work(index, funded=3, released=2),
            "invoiced": lambda index: self.work(index, funded=3, released=2),
            "completed": lambda index: self.work(index, funded=2, released=2),
        }

    def go_on(self, index: int) -> None:
        """Take call `index` as far as its plot says; nothing for one that waits for offers."""
        if stage := self.stages.get(PLOTS[index].stage):
            stage(index)

    def accept_alone(self, index: int) -> None:
        """The provider accepts the terms; the client has yet to."""
        agreement = self.story.choose(index)
        agreement.accept(1, by=agreement.provider)

    def counter(self, index: int) -> None:
        """The client proposes a second version: a visit more, a longer delay, a higher price."""
        agreement = self.story.choose(index)
        first = agreement.version
        rows = [TrancheTerms(t.title, t.deliverable, t.cents, t.due_on) for t in first.tranches.all()]
        last = rows[-1].due_on
        rows.append(TrancheTerms("Visite de chantier", "Compte rendu signé avec le charpentier", 60_000, last))
        scope = f"{first.scope}\n\nUne visite de chantier est ajoutée au levage, en présence du charpentier."
        delay, price = first.delay_days + 10, first.price_cents + 60_000
        terms = Terms(scope, price, delay, first.formula, first.starts_on, rows)
        agreement.propose(terms, by=agreement.client, instead_of=1)
        agreement.accept(2, by=agreement.client)

    def agree(self, index: int) -> Agreement:
        """Both accept version 1."""
        agreement = self.story.choose(index)
        for party in (agreement.provider, agreement.client):
            agreement.accept(1, by=party)
        self.talk(agreement)
        return agreement

    def talk(self, agreement: Agreement) -> None:
        """The two write to each other, the provider with a file; the client has read it."""
        thread, (asked, answered, last) = Thread(agreement), LETTERS
        first = thread.write(asked, by=agreement.client, key=self.story.key())
        steps = [papers.Part(part.title, part.deliverable) for part in agreement.version.tranches.all()]
        sheet = papers.paper("calendrier.pdf", "Calendrier", agreement.provider.public_name, steps)
        second = thread.write(answered, by=agreement.provider, key=self.story.key(), files=[sheet])
        thread.messages.mark_read([first.pk], by=agreement.provider)
        thread.messages.mark_read([second.pk], by=agreement.client)
        thread.write(last, by=agreement.client, key=self.story.key())

    def introduce(self, index: int) -> Agreement:
        """Both accept, and the client pays the introduction."""
        agreement = self.agree(index)
        till.pay(agreement.pay(by=agreement.client, key=self.story.key()))
        agreement.refresh_from_db()
        return agreement

    def opened(self, index: int) -> EscrowAccount:
        """The internal account of an R0 project that has just become active."""
        return EscrowAccount.objects.with_parties().get(agreement=self.introduce(index))

    def wait_for_money(self, index: int) -> None:
        """Nothing is deposited; the provider asks for it."""
        account = self.opened(index)
        tranche = account.tranches.get(position=1)
        tranche.request_deposit(by=account.agreement.provider)

    def deposit_a_part(self, index: int) -> None:
        """Half of the first tranche, in whole euros."""
        account = self.opened(index)
        tranche = account.tranches.get(position=1)
        cents = tranche.cents // 200 * 100
        till.pay(account.deposit(cents, by=account.agreement.client, key=self.story.key(), tranche=tranche))

    def fund(self, account: EscrowAccount, count: int) -> list[Tranche]:
        """The client deposits the first `count` tranches at once."""
        rows = account.tranches.order_by("position")
        cents = sum(tranche.cents for tranche in rows[:count])
        till.pay(account.deposit(cents, by=account.agreement.client, key=self.story.key()))
        return list(rows)

    def deliver(self, index: int, tranche: Tranche) -> Tranche:
        """The provider hands a tranche in, with a paper."""
        message, provider = DELIVERIES[index, tranche.position], tranche.account.agreement.provider
        parts = [papers.Part("Remis ce jour", message), papers.Part("Attendu", tranche.deliverable)]
        file = papers.paper(f"Livraison {tranche.position}.pdf", tranche.title, provider.company.name, parts)
        tranche.deliver(message, [file], by=provider, key=self.story.key())
        return tranche

    def release(self, tranche: Tranche, cents: int = 0, reason: str = "") -> None:
        """The client accepts a tranche, whole or in part."""
        account = tranche.account
        client = account.agreement.client
        cents = cents or tranche.held_cents
        account.release(tranche=tranche, cents=cents, by=client, key=self.story.key(), reason=reason)

    def work(self, index: int, *, funded: int, released: int) -> list[Tranche]:
        """Deposit `funded` tranches, deliver and release the first `released` of them."""
        tranches = self.fund(self.opened(index), funded)
        for tranche in tranches[:released]:
            self.release(self.deliver(index, tranche))
        return tranches

    def deliver_second(self, index: int) -> None:
        """The second tranche waits for the client; the third has no money yet."""
        self.deliver(index, self.work(index, funded=2, released=1)[1])

    def release_a_part(self, index: int) -> None:
        """The client accepts a part of the second tranche, and says why not all of it."""
        tranche = self.deliver(index, self.work(index, funded=2, released=1)[1])
        self.release(tranche, tranche.held_cents // 500 * 300, PART_REASON)

    def pay_out(self) -> str:
        """Invoices and transfers in each state; returns the bank's answer that is still to be imported."""
        fanny, felix = self.people["fanny"], self.people["felix"]
        done = [self.claim(10, 1), self.claim(10, 2), self.claim(3, 1)]
        answered = self.batch(done)
        answered.hand_out()
        answered.mark_sent(by=felix)
        statuses = zip(done, (SETTLED, SETTLED, RETURNED), strict=True)
        BankAnswer.read(self.answer(answered, statuses).encode(), by=felix)
        sent = [self.claim(3, 2, is_factur_x=True)]
        under_way = self.batch(sent)
        under_way.hand_out()
        under_way.mark_sent(by=felix)
        self.batch([self.claim(19, 1, is_factur_x=True)])
        self.claim(1, 1).refuse(by=fanny, reason=REFUSED_INVOICE)
        self.claim(22, 2).approve(by=felix)
        self.claim(22, 1, is_factur_x=True)
        return self.answer(under_way, [(request, SETTLED) for request in sent])

    def batch(self, requests: Iterable[PayoutRequest]) -> PayoutBatch:
        """Fanny approves, Félix makes the file: four eyes."""
        approved = list(requests)
        for request in approved:
            request.approve(by=self.people["fanny"])
        return PayoutBatch.make(approved, by=self.people["felix"])

    def claim(self, index: int, position: int, *, is_factur_x: bool = False) -> PayoutRequest:
        """The provider invoices a released tranche to the client and asks to be paid."""
        rows = Tranche.objects.with_parties()
        tranche = rows.get(account__project=self.story.projects[index], position=position)
        agreement, provider = tranche.account.agreement, tranche.account.agreement.provider
        self.invoices += 1
        number = f"{self.story.today.year}-{100 + self.invoices}"
        bill = Bill(number, self.story.today, tranche.ht_cents, tranche.vat_cents)
        draw = papers.factur_x if is_factur_x else papers.invoice
        subject = f"{tranche.account.project.title} : {tranche.title}"
        file = draw(bill, provider.company, agreement.client.company, subject)
        return PayoutRequest.ask(tranche, by=provider, bill=bill, invoice=file, key=self.story.key())

    def answer(self, batch: PayoutBatch, statuses: Iterable[tuple[PayoutRequest, str]]) -> str:
        """What the bank says of each transfer of a batch (pain.002)."""
        lines = [
            TRANSFER.format(reference=row.end_to_end, status=status, reason=REASON if status == RETURNED else "")
            for row, status in statuses
        ]
        at = f"{self.story.today.isoformat()}T18:00:00"
        return ANSWER.format(message=batch.message_id, at=at, transfers="\n".join(lines))


TURNS = {"open": 1, "one accepted": 2}


def tell() -> str:
    """The whole story, the calls still open late and the first of them latest; returns the bank's next answer.

    The terms that wait for their client are chosen last of all: the loser's letter then finds projects alike.
    """
    story = Story()
    works = Works(story)
    story.provide()
    for index in sorted(range(len(PLOTS)), key=lambda index: (TURNS.get(PLOTS[index].stage, 0), -index)):
        story.call_for_offers(index)
        works.go_on(index)
    complain(story)
    amend(story)
    dispute(story)
    archive.tell(story)
    look_back(story)
    Word.objects.refresh()
    return works.pay_out()
