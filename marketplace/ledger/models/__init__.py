"""One ledger for euros and credits: accounts, transfers and the moves they are made of. Only `posting` writes here.

What these declarations cannot say stands in the migrations: the functions that post and open, the triggers that keep
balances and refuse every change, the foreign keys on (account, asset), and the rights of the site's role (read only).
"""

from .pauses import Pause
from .transfers import Account, AccountQuerySet, Asset, Guard, Kind, Move, Transfer

__all__ = ["Account", "AccountQuerySet", "Asset", "Guard", "Kind", "Move", "Pause", "Transfer"]
