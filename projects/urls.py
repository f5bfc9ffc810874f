from django.urls import path

from projects.views import agreements, comparison, discover, dossier, offers, publish, report, searches

app_name = "projects"
urlpatterns = [
    path("projets/", discover.available, name="list"),
    path("projets/publier/", publish.new, name="new"),
    path("mes-projets/", publish.mine, name="mine"),
    path("mon-compte/newsletter/", discover.interests, name="interests"),
    path("mon-compte/newsletter/recherche/", searches.save, name="save_search"),
    path("mon-compte/newsletter/recherches/<int:pk>/", searches.rename, name="rename_search"),
    path("mon-compte/newsletter/recherches/<int:pk>/supprimer/", searches.forget, name="forget_search"),
    path("projets/<slug:key>/modifier/", publish.edit, name="edit"),
    path("projets/<slug:key>/apercu/", publish.preview, name="preview"),
    path("projets/<slug:key>/soumettre/", publish.submit, name="submit"),
    path("projets/<slug:key>/retirer/", publish.withdraw, name="withdraw"),
    path("projets/<slug:key>/", dossier.detail, name="detail"),
    path("projets/<slug:key>/credit/<slug:kind>/", offers.spend, name="spend"),
    path("projets/<slug:key>/offre/", offers.offer, name="offer"),
    path("projets/<slug:key>/offre/retirer/", offers.withdraw_offer, name="offer_withdraw"),
    path("projets/<slug:key>/questions/", offers.ask, name="ask"),
    path("projets/<slug:key>/questions/<int:pk>/reponse/", offers.answer, name="answer"),
    path("projets/<slug:key>/offres/", comparison.compare, name="compare"),
    path("projets/<slug:key>/offres/<int:pk>/", comparison.read_offer, name="read_offer"),
    path("projets/<slug:key>/offres/<int:pk>/choisir/", comparison.select, name="select"),
    path("projets/<slug:key>/rapport/", report.report, name="report"),
    path("accords/<slug:key>/", agreements.agreement, name="agreement"),
    path("accords/<slug:key>/version/", agreements.propose, name="propose"),
    path("accords/<slug:key>/accepter/", agreements.accept, name="accept"),
    path("accords/<slug:key>/payer/", agreements.pay, name="pay"),
]
