"""What a test sees of a page's rendering: the context of the page, once, and not of each of its fifteen parts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.template import Context, Template
from django.test.signals import template_rendered
from django.utils.safestring import SafeString


def told_once(template: Template, context: Context) -> SafeString:
    """As Django's, which copies the whole context for each part: `response.context` finds in the page's what it asks.

    The template of a page is the context's own; what it includes or extends is not.
    """
    if template is context.template:
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


@pytest.fixture(scope="session", autouse=True)
def rendering(django_test_environment: None) -> Iterator[None]:
    """In the place of what Django's test environment has put there."""
    patch = pytest.MonkeyPatch()
    assert hasattr(Template, "_render")
    patch.setattr(Template, "_render", told_once)
    yield
    patch.undo()
