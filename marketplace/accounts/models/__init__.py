"""Who uses the site: people, the companies they act for, and where those are paid."""

from marketplace.accounts.models.bank import BankAccount
from marketplace.accounts.models.company import Company
from marketplace.accounts.models.mail import AccountMail
from marketplace.accounts.models.people import User, UserManager

__all__ = ["AccountMail", "BankAccount", "Company", "User", "UserManager"]
