"""Encryption of single columns: IBANs and second-factor secrets are unreadable in a stolen dump."""

from __future__ import annotations

import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """`text` under the first of FIELD_KEYS."""
    return _fernet(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """What `encrypt` was given, under any of FIELD_KEYS: to rotate, put the new key first and keep the old ones."""
    return _fernet(tuple(settings.FIELD_KEYS)).decrypt(token.encode()).decode()


def fingerprint(text: str) -> str:
    """A keyed hash by which equal values are found without being readable (HMAC-SHA256 under the oldest key)."""
    return hmac.new(settings.FIELD_KEYS[-1].encode(), text.encode(), hashlib.sha256).hexdigest()
