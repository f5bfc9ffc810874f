from .agreements import Agreement, AgreementState, AgreementTranche, AgreementVersion, Fees, Terms
from .categories import Category, Interest
from .choices import Formula, Place, ProjectState
from .content import Content, closing_on
from .newsletter import CopyState, Edition, NewsletterCopy
from .offers import Answer, Offer, OfferRevision, OfferState, OfferTerms, OfferTranche, Question, TrancheTerms
from .projects import Project
from .searches import Asked, SavedSearch
from .selection import Selection
from .specification import SpecificationFile

__all__ = [
    "Agreement",
    "AgreementState",
    "AgreementTranche",
    "AgreementVersion",
    "Answer",
    "Asked",
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
    "SavedSearch",
    "Selection",
    "SpecificationFile",
    "Terms",
    "TrancheTerms",
    "closing_on",
]
