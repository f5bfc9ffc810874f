from .agreements import Agreement, AgreementState
from .amendments import Amendment, AmendmentState
from .categories import Category, Interest
from .choices import Formula, Place, ProjectState
from .claims import ClaimState, Detail, DetailsClaim, claim_until
from .content import Content, Jotting, closing_on
from .deadlines import Deadline, DeadlineState
from .drafts import OfferDraft
from .enclosures import Enclosure
from .endings import Again, Completion, Outcome, Survey, Tidings
from .flags import Flag, FlagReason, FlagState
from .hints import Hint, HintState
from .messages import DossierMessage
from .newsletter import CopyState, Edition, NewsletterCopy
from .offers import Answer, Offer, OfferRevision, OfferState, OfferTerms, OfferTranche, Question, TrancheTerms
from .papers import Papers
from .profiles import Portrait, Profile, ProfileCategory
from .projects import Project
from .reviews import Opinion, Review, ReviewState, review_until
from .searches import Asked, SavedSearch
from .second_choice import SecondChoice
from .selection import Selection
from .shortlist import OfferNote, ShortlistEntry
from .specification import SpecificationFile
from .statistics import CallStatistic
from .tallies import Tally
from .terms import AgreementTranche, AgreementVersion, Consent, Fees, FeesBy, Terms
from .thread import Thread, ThreadMessage
from .versions import ProjectVersion
from .words import Word

__all__ = [
    "Again",
    "Agreement",
    "AgreementState",
    "AgreementTranche",
    "AgreementVersion",
    "Amendment",
    "AmendmentState",
    "Answer",
    "Asked",
    "CallStatistic",
    "Category",
    "ClaimState",
    "Completion",
    "Consent",
    "Content",
    "CopyState",
    "Deadline",
    "DeadlineState",
    "Detail",
    "DetailsClaim",
    "DossierMessage",
    "Edition",
    "Enclosure",
    "Fees",
    "FeesBy",
    "Flag",
    "FlagReason",
    "FlagState",
    "Formula",
    "Hint",
    "HintState",
    "Interest",
    "Jotting",
    "NewsletterCopy",
    "Offer",
    "OfferDraft",
    "OfferNote",
    "OfferRevision",
    "OfferState",
    "OfferTerms",
    "OfferTranche",
    "Opinion",
    "Outcome",
    "Papers",
    "Place",
    "Portrait",
    "Profile",
    "ProfileCategory",
    "Project",
    "ProjectState",
    "ProjectVersion",
    "Question",
    "Review",
    "ReviewState",
    "SavedSearch",
    "SecondChoice",
    "Selection",
    "ShortlistEntry",
    "SpecificationFile",
    "Survey",
    "Tally",
    "Terms",
    "Thread",
    "ThreadMessage",
    "Tidings",
    "TrancheTerms",
    "Word",
    "claim_until",
    "closing_on",
    "review_until",
]
