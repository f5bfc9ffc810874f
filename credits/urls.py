from django.urls import path

from credits import views

app_name = "credits"
urlpatterns = [
    path("credits/", views.wallet, name="wallet"),
    path("credits/packs/<int:pk>/", views.buy, name="buy"),
]
