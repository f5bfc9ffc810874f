from django.urls import path

from marketplace.documents import views

app_name = "documents"
urlpatterns = [path("<uuid:key>/", views.download, name="download")]
