from django.urls import path

from marketplace.events import views

app_name = "events"
urlpatterns = [
    path("mes-avis/", views.notices, name="notices"),
    path("mes-avis/lus/", views.read_all, name="read_all"),
    path("mes-avis/preferences/", views.preferences, name="preferences"),
    path("mes-avis/<int:pk>/", views.open_notice, name="open"),
    path("desabonnement/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
