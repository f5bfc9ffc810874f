from django.urls import path

from marketplace.payments import views

app_name = "payments"
urlpatterns = [
    path("stripe", views.webhook, name="webhook"),
    path("<uuid:key>/", views.checkout, name="checkout"),
    path("<uuid:key>/retour", views.payer_returns, name="return"),
    path("<uuid:key>/etat", views.status, name="status"),
]
