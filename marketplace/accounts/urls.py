from django.urls import URLPattern, path

from marketplace.accounts import views

app_name = "accounts"
urlpatterns: list[URLPattern] = [
    path("mon-compte/", views.home, name="home"),
    path("mon-compte/entreprise/", views.company, name="company"),
    path("mon-compte/iban/", views.bank, name="bank"),
    path("mon-compte/profil/", views.profile, name="profile"),
]
