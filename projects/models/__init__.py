from .agreements import Agreement, AgreementState, AgreementTranche, AgreementVersion, Fees, Terms
from .categories import Category, Interest
from .choices import Formula, Place, ProjectState
from .content import Content, closing_on
from .newsletter import CopyState, Edition, NewsletterCopy
from .offers import Answer, Offer, OfferRevision, OfferState, OfferTerms, OfferTranche, Question, TrancheTerms
from .projects import Project
from .selection import Selection
from .specification import SpecificationFile
from .tallies import Tally
from .words import Word

__all__ = [
    "Agreement",
    "AgreementState",
    "AgreementTranche",
    "AgreementVersion",
    "Answer",
    "Category",
    "Content",
    "CopyState",
    "Edition",
    "Fees",
    "Formula",
    "Interest",
    "NewsletterCopy",
    "Offer",
    "OfferRevision",
    "OfferState",
    "OfferTerms",
    "OfferTranche",
    "Place",
    "Project",
    "ProjectState",
    "Question",
    "Selection",
    "SpecificationFile",
    "Tally",
    "Terms",
    "TrancheTerms",
    "Word",
    "closing_on",
]
