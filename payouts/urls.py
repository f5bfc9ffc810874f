from django.urls import path

from payouts import views

app_name = "payouts"
urlpatterns = [
    path("demandes-de-paiement/", views.requests, name="list"),
    path("remboursements-par-virement/", views.refunds, name="refunds"),
    path("demandes-de-paiement/tranches/<int:pk>/", views.ask, name="ask"),
]
