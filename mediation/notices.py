"""Who is told of each step of a case, and what each of them has to do next (product, sections 6 and 10)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from mediation.hearers import (
    approver,
    arbitrator,
    author,
    bench,
    bench_waiting,
    both,
    both_again,
    both_later,
    called,
    former_mediator,
    heads,
    keeper,
    late_sides,
    late_staff,
    mediator,
    others,
    others_waiting,
    silent,
    sma,
    untied,
)
from mediation.letters import (
    ANSWER_BEFORE,
    ANSWERED,
    BEFORE,
    CLAIMED,
    DECIDED_BEFORE,
    EXECUTED_ON,
    FROZEN,
    MEDIATE_BEFORE,
    NOBODY_CAN,
    NOTED,
    OPEN_CASE,
    SETTLE_BEFORE,
    SILENCE,
    TO_ANSWER,
    OfArbitration,
    OfArbitrator,
    OfMediation,
    OfOpening,
    OfProposal,
    OfRefusal,
    OfReminder,
    OfSaid,
    OfStuck,
    OfTurn,
    ToDecide,
    ToFind,
    ToKeep,
    ToMediate,
    ToName,
    ToProposeAgain,
    ToWrite,
    Words,
    say,
)

say(
    "opened",
    silent,
    Words(
        _("Answer the dispute before %(until)s: %(title)s"),
        [_("Read the case, answer and send your evidence."), FROZEN, SILENCE],
        TO_ANSWER,
        ANSWER_BEFORE,
        quoted=_(
            "%(who)s has opened a dispute on your project, case SMA %(n)s, and claims %(claim)s, with these words."
        ),
    ),
    shape=OfOpening,
)
say(
    "opened",
    author,
    Words(
        _("Nothing to do for now, your dispute is open, case SMA %(n)s: %(title)s"),
        [_("The other side has been asked to answer; you have nothing to do until then."), FROZEN],
        OPEN_CASE,
        _("The other side answers before"),
        quoted=_("You claim %(claim)s, with these words."),
    ),
    shape=OfOpening,
)
say(
    "opened",
    sma,
    Words(
        _("Name a mediator before %(name_by)s, case SMA %(n)s"),
        [
            _("A dispute about %(frozen)s is open, and nobody mediates it. Take it up, or name a colleague."),
            _("If nobody is named before %(name_by)s, who has least to do is."),
        ],
        OPEN_CASE,
    ),
    staff=True,
    shape=ToName,
)
say(
    "joined",
    others_waiting,
    Words(_("the other side claims %(claim)s"), [], OPEN_CASE, BEFORE, quoted=CLAIMED, answers=True),
    shape=OfTurn,
)
say(
    "joined",
    bench_waiting,
    Words(_("Read the claim signed %(who)s, case SMA %(n)s"), [FROZEN], OPEN_CASE, quoted=CLAIMED),
    staff=True,
)
say(
    "answered",
    others_waiting,
    Words(_("the other side has answered"), [], TO_ANSWER, BEFORE, quoted=ANSWERED),
    shape=OfTurn,
)
say(
    "answered",
    bench_waiting,
    Words(_("Read the answer signed %(who)s, case SMA %(n)s"), [FROZEN], OPEN_CASE, quoted=ANSWERED),
    staff=True,
)
say(
    "mediation",
    both,
    Words(
        _("Propose a split before %(until)s: %(title)s"),
        [
            _("The mediation of case SMA %(n)s begins. Propose how to share the frozen money, or answer a proposal."),
            _("The same split accepted by both of you settles the dispute and is executed at once."),
            _("Without it, an arbitrator decides: silence never wins by itself."),
        ],
        _("Propose a split"),
        SETTLE_BEFORE,
        after=_("Read the answer, then propose a split before %(until)s: %(title)s"),
    ),
    shape=OfMediation,
)
say(
    "mediation",
    bench,
    Words(
        _("Read case SMA %(n)s, the mediation begins"),
        [_("The mediation of case SMA %(n)s begins, about %(frozen)s. Both sides have until %(until)s to agree.")],
        OPEN_CASE,
        SETTLE_BEFORE,
    ),
    staff=True,
    shape=ToMediate,
)
say(
    "assigned",
    both_later,
    Words(
        _("%(name)s mediates"),
        [_("%(name)s mediates between the two of you. Write to them in the case: both sides read everything.")],
        OPEN_CASE,
        BEFORE,
        answers=True,
    ),
    shape=OfTurn,
)
say(
    "assigned",
    mediator,
    Words(
        _("Read case SMA %(n)s, which you mediate"),
        [_("You are the mediator of a dispute about %(frozen)s.")],
        OPEN_CASE,
    ),
    staff=True,
    shape=ToMediate,
)
say(
    "assigned",
    called,
    Words(
        _("Nothing to do, %(name)s mediates case SMA %(n)s"),
        [_("You were asked to take this case up, or to name a colleague: that is done.")],
        OPEN_CASE,
    ),
    staff=True,
)
say(
    "nudged",
    mediator,
    Words(
        MEDIATE_BEFORE,
        [_("Both sides wait for your first message or proposal, and have until %(until)s to agree.")],
        OPEN_CASE,
        SETTLE_BEFORE,
    ),
    staff=True,
    shape=ToWrite,
)
say(
    "proposed",
    others,
    Words(
        _("Answer the split proposed by %(who)s before %(until)s, case SMA %(n)s: %(title)s"),
        [],
        _("Answer the proposal"),
        SETTLE_BEFORE,
        shares=True,
        quoted=_("%(who)s proposes this split, for this reason."),
        answers=True,
    ),
    shape=OfProposal,
)
say(
    "proposed",
    bench,
    Words(
        _("Read the split proposed by %(who)s, case SMA %(n)s"),
        [FROZEN],
        OPEN_CASE,
        SETTLE_BEFORE,
        shares=True,
        quoted=_("%(who)s proposes this split, for this reason."),
    ),
    staff=True,
)
say(
    "accepted",
    others,
    Words(
        _("Answer proposal %(proposal)s, accepted by %(who)s, before %(until)s, case SMA %(n)s: %(title)s"),
        [
            _(
                "If you accept the same proposal, the dispute is settled at once and for good: the provider’s share is "
                "released, to be invoiced, the client’s is refunded."
            )
        ],
        _("Answer the proposal"),
        SETTLE_BEFORE,
        shares=True,
        answers=True,
    ),
)
say(
    "accepted",
    bench,
    Words(
        _("Nothing to do, %(who)s accepts proposal %(proposal)s, case SMA %(n)s"),
        [FROZEN],
        OPEN_CASE,
        SETTLE_BEFORE,
        shares=True,
    ),
    staff=True,
)
say(
    "refused",
    others,
    Words(_("proposal %(proposal)s is refused"), [], _("Propose a split"), SETTLE_BEFORE, shares=True, answers=True),
    shape=OfRefusal,
)
say(
    "refused",
    bench,
    Words(
        _("Propose another split before %(until)s, %(who)s refuses proposal %(proposal)s, case SMA %(n)s"),
        [],
        OPEN_CASE,
        SETTLE_BEFORE,
        shares=True,
    ),
    staff=True,
    shape=ToProposeAgain,
)
say(
    "said",
    others,
    Words(
        _("Read the message signed %(who)s, case SMA %(n)s: %(title)s"),
        [_("%(who)s wrote in the case or sent evidence. Answer there: both sides and the SMA read it.")],
        OPEN_CASE,
    ),
)
say(
    "said",
    bench,
    Words(_("Read the message signed %(who)s, case SMA %(n)s"), [], OPEN_CASE),
    staff=True,
    shape=OfSaid,
)
say(
    "arbitration",
    both,
    Words(
        _("Send your last evidence, an arbitrator decides: %(title)s"),
        [_("Somebody who did not mediate case SMA %(n)s decides it, with written reasons.")],
        OPEN_CASE,
        DECIDED_BEFORE,
        after=_("Read the answer, send your last evidence, an arbitrator decides: %(title)s"),
        quoted=_("%(who)s, the mediator, has ended the mediation, for this reason."),
        pieces=True,
    ),
    shape=OfArbitration,
)
say(
    "arbitration",
    former_mediator,
    Words(
        _("Nothing more to do, the mediation of case SMA %(n)s is over"),
        [_("Its date has passed without an agreement: an arbitrator decides. Your notes and messages are kept in it.")],
        OPEN_CASE,
        DECIDED_BEFORE,
    ),
    staff=True,
)
say(
    "arbitration",
    called,
    Words(
        _("No mediator to name any more, case SMA %(n)s goes to an arbitrator"),
        [_("You were asked to take this case up, or to name a colleague: the mediation is over, and nobody has to.")],
        OPEN_CASE,
        DECIDED_BEFORE,
    ),
    staff=True,
)
say(
    "appointed",
    arbitrator,
    Words(
        _("Decide case SMA %(n)s before %(until)s"),
        [_("You are the arbitrator of a dispute about %(frozen)s. Write the shares and the reasons.")],
        _("Write the decision"),
        DECIDED_BEFORE,
    ),
    staff=True,
    shape=ToDecide,
)
say(
    "appointed",
    both_again,
    Words(
        _("Nothing to do, %(name)s now decides case SMA %(n)s: %(title)s"),
        [_("%(name)s decides the case and has no tie to either of you. You have nothing to do.")],
        OPEN_CASE,
        DECIDED_BEFORE,
        pieces=True,
    ),
    shape=OfArbitrator,
)
say(
    "late",
    arbitrator,
    Words(
        _("Write the decision of case SMA %(n)s before %(replaced_at)s, or another arbitrator takes over"),
        [
            _("The date to decide has passed."),
            _("On %(replaced_at)s another arbitrator takes your place, if anybody can, and both sides are told."),
        ],
        _("Write the decision"),
    ),
    staff=True,
)
say(
    "approval_asked",
    approver,
    Words(
        _("Approve or send back the decision before %(until)s, case SMA %(n)s"),
        [_("A decision on %(frozen)s needs a second person, and you are asked. Both sides wait for it.")],
        _("Read the decision"),
        _("To approve before"),
    ),
    staff=True,
)
say(
    "sent_back",
    arbitrator,
    Words(
        _("Write the decision again before %(until)s, case SMA %(n)s"),
        [_("%(who)s sends your decision back, with these words.")],
        _("Write the decision"),
        DECIDED_BEFORE,
    ),
    staff=True,
)
say(
    "decided",
    both,
    Words(
        _("Read the decision, which is to be executed on %(until)s: %(title)s"),
        [
            _("Case SMA %(n)s is decided. The reasons are in the case, with the decision as a PDF."),
            _("It is executed on the date below, unless a court is seized before: send the proof in the case."),
        ],
        _("Read the decision"),
        EXECUTED_ON,
        shares=True,
    ),
)
say(
    "seized",
    both,
    Words(
        _("Nothing to do, a court is seized and nothing is executed: %(title)s"),
        [_("The decision of case SMA %(n)s is not executed: %(frozen)s stay frozen until the court has ruled.")],
        OPEN_CASE,
        quoted=NOTED,
    ),
)
say(
    "court_asked",
    both,
    Words(
        _("Tell us what the court has decided: %(title)s"),
        [_("A court has long had case SMA %(n)s. Send us its ruling, or tell us that it is no longer seized.")],
        OPEN_CASE,
    ),
)
say(
    "renounced",
    others,
    Words(
        _("the other side gives up its claim"),
        [_("%(who)s no longer claims anything. The case goes on for what you claim; you may give it up too.")],
        OPEN_CASE,
        BEFORE,
        quoted=_("%(who)s gives up its claim, for this reason."),
        answers=True,
    ),
    shape=OfTurn,
)
say("undecided", heads, Words(_("Find out why case SMA %(n)s ended undecided"), [FROZEN], OPEN_CASE), staff=True)
say(
    "reminded",
    late_sides,
    Words("", [_("Case SMA %(n)s waits for you.")], OPEN_CASE, BEFORE, answers=True),
    shape=OfReminder,
)
say(
    "reminded",
    late_staff,
    Words(_("Write the decision before %(until)s, case SMA %(n)s"), [FROZEN], OPEN_CASE, BEFORE),
    staff=True,
)
say(
    "stuck",
    keeper,
    Words(
        "",
        [
            _("Your date has passed, and nobody else of the SMA can be its %(role)s: you keep the seat."),
            _("Both sides still wait for you. On %(again_at)s the site looks again for somebody to take your place."),
        ],
        OPEN_CASE,
    ),
    staff=True,
    shape=ToKeep,
)
say(
    "stuck",
    heads,
    Words(
        _("Add somebody to the SMA for case SMA %(n)s: nobody can be its %(role)s"),
        [_("Nobody of the SMA can be its %(role)s: all are tied, have sat in it, or are away. Add somebody.")],
        OPEN_CASE,
    ),
    staff=True,
    shape=OfStuck,
)
say(
    "stuck",
    untied,
    Words(
        _("Look for somebody for case SMA %(n)s: nobody can be its %(role)s"),
        [NOBODY_CAN],
        OPEN_CASE,
    ),
    staff=True,
    shape=ToFind,
)
