from django.urls import path

from credits import views

app_name = "credits"
urlpatterns = [
    path("credits/", views.wallet, name="wallet"),
    path("credits/mouvements.csv", views.movements_csv, name="movements_csv"),
    path("credits/packs/<int:pk>/", views.buy, name="buy"),
]
