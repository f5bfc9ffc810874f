"""The states of a case, of a proposed split and of a decision; the database holds the same tables."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DisputeState(models.TextChoices):
    """Where a case is (product, section 6)."""

    OPENED = "OPENED", _("opened")
    MEDIATION = "MEDIATION", _("mediation")
    ARBITRATION = "ARBITRATION", _("arbitration")
    SETTLED = "SETTLED", _("settled")
    DECIDED = "DECIDED", _("decided")
    EXECUTED = "EXECUTED", _("executed")
    WITHDRAWN = "WITHDRAWN", _("withdrawn")
    UNDECIDED = "UNDECIDED", _("without a decision")


DISPUTE_MOVES = (
    ("", "OPENED"),
    ("OPENED", "MEDIATION"),
    ("OPENED", "ARBITRATION"),  # one that was withdrawn before
    ("MEDIATION", "ARBITRATION"),
    ("MEDIATION", "SETTLED"),
    ("ARBITRATION", "DECIDED"),
    ("SETTLED", "EXECUTED"),
    ("DECIDED", "EXECUTED"),
    ("ARBITRATION", "UNDECIDED"),  # nobody decided for too long
    *((before, "WITHDRAWN") for before in ("OPENED", "MEDIATION", "ARBITRATION")),
)
OPEN = (DisputeState.OPENED, DisputeState.MEDIATION, DisputeState.ARBITRATION)  # not decided
HEARD = (*OPEN, DisputeState.DECIDED)  # words and evidence are taken: the proof that a court is seized, too
MEDIATED = (DisputeState.OPENED, DisputeState.MEDIATION)  # by a mediator
LIVING = (*OPEN, DisputeState.SETTLED, DisputeState.DECIDED)  # with their money frozen


class ProposalState(models.TextChoices):
    """Where a proposed split is."""

    OPEN = "OPEN", _("to be answered")
    ACCEPTED = "ACCEPTED", _("accepted by both")
    REFUSED = "REFUSED", _("refused")
    REPLACED = "REPLACED", _("replaced by another")
    LAPSED = "LAPSED", _("without object")


PROPOSAL_MOVES = (
    ("", "OPEN"),
    *(("OPEN", end) for end in ("ACCEPTED", "REFUSED", "REPLACED", "LAPSED")),
)


class DecisionState(models.TextChoices):
    """Where a decision is."""

    DRAFTED = "DRAFTED", _("to be approved")
    ISSUED = "ISSUED", _("issued")
    SENT_BACK = "SENT_BACK", _("sent back")


DECISION_MOVES = (("", "DRAFTED"), ("DRAFTED", "ISSUED"), ("DRAFTED", "SENT_BACK"))


class Role(models.TextChoices):
    """What somebody of the SMA does in a case."""

    MEDIATOR = "MEDIATOR", _("mediator")
    ARBITRATOR = "ARBITRATOR", _("arbitrator")
    APPROVER = "APPROVER", _("approver")


class EntryKind(models.TextChoices):
    """What a step of a case is."""

    OPENED = "OPENED", _("case opened")
    JOINED = "JOINED", _("joined by the other party")
    ANSWERED = "ANSWERED", _("answered")
    SILENT = "SILENT", _("no answer in time")
    SAID = "SAID", _("message")
    PRODUCED = "PRODUCED", _("evidence")
    ASSIGNED = "ASSIGNED", _("mediator named")
    APPOINTED = "APPOINTED", _("arbitrator named")
    VACATED = "VACATED", _("seat left")
    MEDIATION = "MEDIATION", _("mediation begins")
    PROPOSED = "PROPOSED", _("split proposed")
    ACCEPTED = "ACCEPTED", _("proposal accepted")
    REFUSED = "REFUSED", _("proposal refused")
    ARBITRATION = "ARBITRATION", _("arbitration begins")
    DECIDED = "DECIDED", _("decision")
    DISMISSED = "DISMISSED", _("proof set aside")
    HELD = "HELD", _("execution put off")
    SEIZED = "SEIZED", _("court seized")
    LIFTED = "LIFTED", _("court no longer seized")
    NOTED = "NOTED", _("ruling received")
    RULED = "RULED", _("ruling of a court")
    RENOUNCED = "RENOUNCED", _("claim withdrawn")
    SETTLED = "SETTLED", _("settled")
    EXECUTED = "EXECUTED", _("executed")
    WITHDRAWN = "WITHDRAWN", _("case withdrawn")
    UNDECIDED = "UNDECIDED", _("ended without a decision")


ACTS = (EntryKind.SAID, EntryKind.PRODUCED, EntryKind.PROPOSED)  # by which a mediator begins
