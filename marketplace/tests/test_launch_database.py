import socket

import pytest
from django.contrib.auth.models import Permission
from django.db import ProgrammingError, connection

from marketplace.accounts.models import User
from marketplace.ledger.models import Account


@pytest.mark.django_db
def test_the_site_logs_in_with_the_restricted_role():
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("app",)


@pytest.mark.django_db
def test_the_restricted_role_makes_no_table():
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute("create table mine (id int)")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_rows_that_a_test_commits_are_gone_in_the_next(turn):
    assert not User.objects.exists()
    assert Account.objects.filter(name="stripe").count() == 1
    assert Permission.objects.exists()
    User.objects.create_user("nadia@paraphe.example", name="Nadia Caron")
    Permission.objects.all().delete()


def test_the_outside_is_out_of_reach():
    with pytest.raises(OSError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(OSError, match=r"paraphe\.example"):
        socket.create_connection(("paraphe.example", 80), timeout=1)
