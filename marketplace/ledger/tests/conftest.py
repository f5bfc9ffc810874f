from __future__ import annotations

import pytest

from marketplace.ledger import checks


@pytest.fixture
def our_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the ledger's own checks, not those of the apps above."""
    ours = {name: check for name, check in checks.registry.items() if name.startswith("ledger.")}
    monkeypatch.setattr(checks, "registry", ours)
