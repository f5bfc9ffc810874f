from django.urls import path

from escrow import refund_views, views

app_name = "escrow"
project = "projets/<slug:key>/paiements/"
tranche = f"{project}tranches/<int:pk>/"
refund = f"{project}remboursements/<int:pk>/"
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
    path(f"{tranche}remboursement/", refund_views.ask_refund, name="ask_refund"),
    path(f"{tranche}restitution/", refund_views.give_back, name="give_back"),
    path(refund, refund_views.refund, name="refund"),
    path(f"{refund}accord/", refund_views.agree_refund, name="agree_refund"),
    path(f"{refund}refus/", refund_views.refuse_refund, name="refuse_refund"),
    path(f"{refund}retrait/", refund_views.withdraw_refund, name="withdraw_refund"),
]
