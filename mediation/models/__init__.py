"""The SMA: cases about frozen money, their timeline, proposed splits and decisions (product, section 6)."""

from mediation.states import DecisionState, DisputeState, EntryKind, ProposalState, Role

from .bench import Assignment, Bench, has_tie
from .cases import Dispute, Plea
from .course import Course
from .courts import Seizure, set_aside
from .decisions import Decision, Publication
from .evidence import Evidence
from .proposals import SplitProposal
from .timeline import Claim, Entry, Note

__all__ = [
    "Assignment",
    "Bench",
    "Claim",
    "Course",
    "Decision",
    "DecisionState",
    "Dispute",
    "DisputeState",
    "Entry",
    "EntryKind",
    "Evidence",
    "Note",
    "Plea",
    "ProposalState",
    "Publication",
    "Role",
    "Seizure",
    "SplitProposal",
    "has_tie",
    "set_aside",
]
