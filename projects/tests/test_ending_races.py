"""The end of a project at one instant: two words for it, two reviews, and beat passing by."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from marketplace.accounts.models import User
from marketplace.events.models import Event
from marketplace.ledger.tests.crowd import Crowd, tally
from projects.models import Completion, Deadline, Portrait, Profile, Project, Review, review_until
from projects.tests.ends import completed, introduced, reviewed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def again(project: Project) -> Any:
    """The same project, as another request has read it."""
    return Project.objects.get(pk=project.pk)


def test_two_words_end_a_project_once(client_user: User, provider_user: User) -> None:
    project = introduced(client_user, provider_user)
    with Crowd(4) as crowd:
        deeds = [partial(Completion(again(project)).carry_out, by=by) for by in (client_user, provider_user) * 2]
        assert tally(crowd.race(deeds)) == {"NoneType": 4}
    assert Event.objects.filter(verb="project.completed").count() == 1


def test_two_reviews_and_beat_at_once_publish_them_once(client_user: User, provider_user: User) -> None:
    Profile.write(Portrait("Sites", "Sobres."), by=provider_user, published=True)
    with Crowd(3) as crowd:
        for n in range(3):
            project = completed(client_user, provider_user)
            until = review_until(project)
            assert until
            late = partial(Deadline.objects.sweep, until + timedelta(seconds=1))
            writing = [partial(reviewed, again(project), by) for by in (client_user, provider_user)]
            crowd.race([*writing, late])
            Deadline.objects.sweep(until + timedelta(seconds=1))
            count = Review.objects.published().filter(subject=provider_user).count()
            assert Profile.objects.get().reviews_count == count
            assert Event.objects.filter(verb="review.published", project_key=project.key).count() <= 2, n
