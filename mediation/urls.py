from django.urls import path

from mediation import views

app_name = "mediation"
case = "litiges/<slug:key>/"
proposal = f"{case}propositions/<int:n>/"
urlpatterns = [
    path("projets/<slug:key>/litige/nouveau/", views.open_case, name="open"),
    path(case, views.case, name="case"),
    path(f"{case}reponse/", views.answer, name="answer"),
    path(f"{case}demande/", views.join, name="join"),
    path(f"{case}messages/", views.say, name="say"),
    path(f"{case}propositions/", views.propose, name="propose"),
    path(f"{proposal}acceptation/", views.accept, name="accept"),
    path(f"{proposal}refus/", views.refuse, name="refuse"),
    path(f"{case}retrait/", views.withdraw, name="withdraw"),
    path(f"{case}decision.pdf", views.paper, name="paper"),
    path("sma/decisions/", views.register, name="register"),
]
