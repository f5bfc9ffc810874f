"""Routes that exist in the trial and in tests only."""

from django.conf import settings
from django.urls import URLPattern, path

from marketplace.demo import views

app_name = "demo"
urlpatterns: list[URLPattern] = []
if settings.TRIAL or settings.TEST:
    urlpatterns = [
        path("demo/courrier/", views.mailbox, name="mailbox"),
        path("demo/courrier/<int:pk>/", views.mail, name="mail"),
        path("demo/courrier/<int:pk>/html/", views.html, name="html"),
    ]
