from .agreements import Agreement, AgreementState, AgreementTranche, AgreementVersion, Fees, Terms
from .categories import Category, Interest
from .offers import Answer, Offer, OfferRevision, OfferState, OfferTerms, OfferTranche, Question, TrancheTerms
from .projects import Formula, Place, Project, ProjectState, SpecificationFile
from .selection import Selection

__all__ = [
    "Agreement",
    "AgreementState",
    "AgreementTranche",
    "AgreementVersion",
    "Answer",
    "Category",
    "Fees",
    "Formula",
    "Interest",
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
    "Terms",
    "TrancheTerms",
]
