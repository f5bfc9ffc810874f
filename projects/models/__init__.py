from .agreements import Agreement, AgreementState, AgreementTranche, AgreementVersion, Fees, Terms
from .categories import Category, Interest
from .choices import Formula, Place, ProjectState
from .content import Content, closing_on
from .drafts import OfferDraft
from .enclosures import Enclosure
from .messages import DossierMessage
from .newsletter import CopyState, Edition, NewsletterCopy
from .offers import Answer, Offer, OfferRevision, OfferState, OfferTerms, OfferTranche, Question, TrancheTerms
from .papers import Papers
from .projects import Project
from .selection import Selection
from .specification import SpecificationFile

__all__ = [
    "Agreement",
    "AgreementState",
    "AgreementTranche",
    "AgreementVersion",
    "Answer",
    "Category",
    "Content",
    "CopyState",
    "DossierMessage",
    "Edition",
    "Enclosure",
    "Fees",
    "Formula",
    "Interest",
    "NewsletterCopy",
    "Offer",
    "OfferDraft",
    "OfferRevision",
    "OfferState",
    "OfferTerms",
    "OfferTranche",
    "Papers",
    "Place",
    "Project",
    "ProjectState",
    "Question",
    "Selection",
    "SpecificationFile",
    "Terms",
    "TrancheTerms",
    "closing_on",
]
