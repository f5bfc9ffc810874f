from django.urls import path

from escrow import views

app_name = "escrow"
project = "projets/<slug:key>/paiements/"
tranche = f"{project}tranches/<int:pk>/"
urlpatterns = [
    path(project, views.payments, name="payments"),
    path(f"{project}releve.csv", views.statement_csv, name="statement"),
    path(f"{project}releve.pdf", views.statement_pdf, name="statement_pdf"),
    path(f"{project}depot/", views.deposit, name="deposit"),
    path(f"{tranche}livraison/", views.deliver, name="deliver"),
    path(f"{tranche}liberation/", views.release, name="release"),
    path(f"{tranche}modifications/", views.changes, name="changes"),
    path(f"{tranche}saisine/", views.ask_case, name="ask_case"),
    path(f"{tranche}preavis/", views.give_notice, name="give_notice"),
    path(f"{tranche}preavis/retrait/", views.withdraw_notice, name="withdraw_notice"),
    path(f"{tranche}demande-de-depot/", views.ask_deposit, name="ask_deposit"),
]
