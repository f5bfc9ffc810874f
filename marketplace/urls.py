from django.contrib import admin
from django.urls import include, path

from marketplace import views

urlpatterns = [
    path("", views.home, name="home"),
    path("langue/", views.language, name="language"),
    path("healthz/live", views.live, name="live"),
    path("healthz/ready", views.ready, name="ready"),
    path("admin/", admin.site.urls),
    path("compte/", include("marketplace.accounts.entrance")),
    path("", include("marketplace.accounts.urls")),
    path("", include("marketplace.events.urls")),
    path("documents/", include("marketplace.documents.urls")),
    path("paiements/", include("marketplace.payments.urls")),
    path("", include("credits.urls")),
    path("", include("projects.urls")),
    path("", include("escrow.urls")),
    path("", include("mediation.urls")),
    path("", include("payouts.urls")),
    path("", include("marketplace.demo.urls")),
]
handler400 = "marketplace.views.bad_request"
handler403 = "marketplace.views.forbidden"
handler404 = "marketplace.views.not_found"
handler500 = "marketplace.views.server_error"
