"""The private thread, two tabs or two people at once: one message for one form, and a sensible answer for each."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

import pytest

from marketplace.accounts.models import User
from marketplace.events.models import Event, Notice
from marketplace.ledger.tests.crowd import Crowd, tally
from projects.models import Agreement, Thread, ThreadMessage

from .bids import awarded, stocked
from .calls import opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]
ROUNDS = 5


def writing(agreement: Agreement, by: User, key: uuid.UUID) -> Callable[[], ThreadMessage]:
    """The message of one tab: its own rows."""
    mine = Agreement.objects.select_related("project").get(pk=agreement.pk)
    return partial(Thread(mine).write, "Bonjour.", by=by, key=key)


def test_one_form_sent_by_four_tabs_at_once_writes_once(client_user: User, provider_user: User) -> None:
    agreement = awarded(opened(client_user), stocked(provider_user))
    with Crowd(4) as crowd:
        for done in range(1, ROUNDS + 1):
            key = uuid.uuid4()
            answers = crowd.race([writing(agreement, client_user, key) for _tab in range(4)])
            assert len({answer.pk for answer in answers}) == 1
            assert ThreadMessage.objects.count() == Event.objects.filter(verb="thread.written").count() == done
    assert Notice.objects.filter(name="thread.written", user=provider_user).count() == ROUNDS


def test_message_written_while_the_other_declines_is_sent_before_or_refused(
    client_user: User, provider_user: User
) -> None:
    stocked(provider_user)
    with Crowd(2) as crowd:
        for _round in range(ROUNDS):
            agreement = awarded(opened(client_user), provider_user)
            declining = partial(Agreement.objects.get(pk=agreement.pk).decline, by=provider_user, reason="Trop tard.")
            sent, _declined = crowd.race([writing(agreement, client_user, uuid.uuid4()), declining])
            assert set(tally([sent])) <= {"ThreadMessage", "Closed"}
            assert Thread(agreement).messages.count() == isinstance(sent, ThreadMessage)
