from django.urls import path

from mediation import views

app_name = "mediation"
urlpatterns = [
    path("sma/decisions/", views.register, name="register"),
    path("litiges/<slug:key>/decision.pdf", views.paper, name="paper"),
]
