import pytest
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.models import Group

CAST = ["client", "provider", "rival", "stranger", "moderator", "mediator", "arbitrator", "finance", "second_finance"]


@pytest.mark.parametrize("who", CAST)
def test_each_of_the_cast_is_signed_in(request, who):
    response = request.getfixturevalue(f"as_{who}").get("/compte/")
    assert response.wsgi_request.user == request.getfixturevalue(f"{who}_user")


def test_professionals_may_act_under_their_hat(client_user, provider_user, rival_user):
    assert client_user.acts_as_client
    assert provider_user.acts_as_provider
    assert rival_user.acts_as_provider


def test_staff_has_a_group_and_a_second_factor(mediator_user, finance_user):
    assert Group.objects.get(user=finance_user).name == "Finance"
    assert is_mfa_enabled(finance_user)
    assert is_mfa_enabled(mediator_user)
    assert finance_user.has_perm("accounts.view_company")


def test_staff_enters_the_administration(as_finance):
    assert as_finance.get("/admin/").status_code == 200


def test_a_freshly_signed_in_client_is_not_asked_for_the_password_again(as_client):
    assert as_client.get("/compte/double-authentification/application/activer/").status_code == 200
