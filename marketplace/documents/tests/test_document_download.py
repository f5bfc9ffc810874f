from __future__ import annotations

import errno
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.accounts.models import User
from marketplace.documents import readers, tasks
from marketplace.documents.models import Document
from marketplace.documents.readers import reads
from marketplace.documents.tests import files
from marketplace.documents.tests.files import upload

pytestmark = pytest.mark.django_db


def fetched(client: Client, address: str, method: str = "get") -> tuple[int, bytes]:
    """Status and whole content, but for the address itself and the secrets; the file closed as a server does it."""
    response = getattr(client, method)(address)
    content = re.sub(rb'value="\w{64}"', b"", response.getvalue().replace(address.encode(), b""))
    for close in response._resource_closers:
        close()
    return response.status_code, content


def person(name: str) -> User:
    return User.objects.create_user(f"{name}@x.example", name=name)


@pytest.fixture
def owner() -> User:
    return person("owner")


@pytest.fixture
def document(owner: User, monkeypatch: pytest.MonkeyPatch) -> Document:
    monkeypatch.setattr(readers, "registry", dict(readers.registry))

    @reads("trial.shared")
    def friends(user: User, document: Document) -> bool:
        return user.name == "friend" and document.name.startswith("été")

    return Document.take_in(upload(files.pdf(), "été ; 1.pdf"), owner=owner, purpose="trial.shared")


def test_document_is_stored_whole_under_a_name_that_says_nothing(document: Document, owner: User) -> None:
    document.refresh_from_db()
    path = Path(document.file.path)
    content = path.read_bytes()
    assert (document.size, document.content_type) == (len(content), "application/pdf")
    assert path.is_relative_to(settings.MEDIA_ROOT)
    assert "t" not in path.name.strip("0123456789abcdef")
    assert [other.name for other in path.parent.iterdir() if other.name.startswith(".")] == []
    assert str(document) == "été ; 1.pdf"


ROLES = {"visitor": 302, "owner": 200, "friend": 200, "stranger": 404}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["get", "head"])
def test_only_those_concerned_download(client: Client, document: Document, role: str, method: str) -> None:
    if role != "visitor":
        client.force_login(document.owner if role == "owner" else person(role))
    assert fetched(client, document.get_absolute_url(), method)[0] == ROLES[role]


def test_owner_reads_even_without_a_reader_and_nobody_else(client: Client, owner: User) -> None:
    alone = Document.take_in(upload(files.image(), "a.png"), owner=owner, purpose="trial.nobody")
    client.force_login(person("friend"))
    assert fetched(client, alone.get_absolute_url())[0] == 404
    client.force_login(owner)
    assert fetched(client, alone.get_absolute_url())[0] == 200


def test_right_is_asked_again_at_each_download(client: Client, document: Document) -> None:
    client.force_login(person("friend"))
    assert fetched(client, document.get_absolute_url())[0] == 200
    Document.objects.update(name="autre.pdf")
    assert fetched(client, document.get_absolute_url())[0] == 404


def test_missing_and_forbidden_look_the_same(client: Client, document: Document) -> None:
    client.force_login(person("stranger"))
    forbidden = fetched(client, document.get_absolute_url())
    assert forbidden[0] == 404
    assert forbidden == fetched(client, f"/documents/{uuid4()}/")
    assert client.post(document.get_absolute_url()).status_code == 405


def test_download_is_an_attachment_that_nobody_keeps_or_runs(client: Client, document: Document, owner: User) -> None:
    client.force_login(owner)
    response = client.get(document.get_absolute_url())
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%A9t%C3%A9%20%3B%201.pdf"
    assert response["Content-Type"] == "application/pdf"
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response.getvalue() == Path(document.file.path).read_bytes()


def test_refused_file_leaves_nothing(owner: User) -> None:
    with pytest.raises(ValidationError):
        Document.take_in(upload(b"MZ"), owner=owner, purpose="trial.shared")
    assert not Document.objects.exists()


def test_full_disk_says_so_and_leaves_no_half_file(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = set(Path(settings.MEDIA_ROOT).rglob("*"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ValidationError) as error:
        Document.take_in(upload(files.pdf()), owner=owner, purpose="trial.shared")
    assert error.value.code == "disk"
    assert {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()} <= before
    assert not Document.objects.exists()


def test_two_readers_of_one_purpose_are_refused(document: Document) -> None:
    with pytest.raises(ValueError, match=r"trial\.shared"):
        reads("trial.shared")(lambda user, document: True)


@pytest.mark.parametrize(("field", "value", "name"), [("size", 0, "not_empty"), ("sha256", "x", "its_hash")])
def test_database_keeps_size_and_hash_true(document: Document, field: str, value: object, name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Document.objects.update(**{field: value})


def test_file_whose_row_was_never_committed_is_cleared(document: Document, owner: User) -> None:
    with transaction.atomic():
        stray = Document.take_in(upload(files.pdf()), owner=owner, purpose="trial.shared")
        transaction.set_rollback(True)
    assert Path(stray.file.path).exists()
    assert tasks.clear_shelves() == 0
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert tasks.clear_shelves()
        assert tasks.clear_shelves() == 0
    assert not Path(stray.file.path).exists()
    assert Path(document.file.path).exists()
