from django.urls import path

from projects.views import agreements, claims, comparison, discover, dossier, flags, offers, publish, report

app_name = "projects"
urlpatterns = [
    path("projets/", discover.available, name="list"),
    path("projets/publier/", publish.new, name="new"),
    path("mes-projets/", publish.mine, name="mine"),
    path("mon-compte/newsletter/", discover.interests, name="interests"),
    path("projets/<slug:key>/modifier/", publish.edit, name="edit"),
    path("projets/<slug:key>/modifier/<slug:step>/", publish.edit, name="step"),
    path("projets/<slug:key>/apercu/", publish.preview, name="preview"),
    path("projets/<slug:key>/soumettre/", publish.submit, name="submit"),
    path("projets/<slug:key>/changer/", publish.change, name="change"),
    path("projets/<slug:key>/prolonger/", publish.extend, name="extend"),
    path("projets/<slug:key>/versions/", publish.versions, name="versions"),
    path("projets/<slug:key>/retirer/", publish.withdraw, name="withdraw"),
    path("projets/<slug:key>/", dossier.detail, name="detail"),
    path("projets/<slug:key>/credit/<slug:kind>/", offers.spend, name="spend"),
    path("projets/<slug:key>/offre/", offers.offer, name="offer"),
    path("projets/<slug:key>/offre/retirer/", offers.withdraw_offer, name="offer_withdraw"),
    path("projets/<slug:key>/questions/", offers.ask, name="ask"),
    path("projets/<slug:key>/questions/<int:pk>/reponse/", offers.answer, name="answer"),
    path("projets/<slug:key>/messages/", offers.message, name="message"),
    path("projets/<slug:key>/offres/", comparison.compare, name="compare"),
    path("projets/<slug:key>/offres/<int:pk>/", comparison.read_offer, name="read_offer"),
    path("projets/<slug:key>/offres/<int:pk>/choisir/", comparison.select, name="select"),
    path("projets/<slug:key>/rapport/", report.report, name="report"),
    path("projets/<slug:key>/signaler/", flags.flag, name="flag"),
    path("projets/<slug:key>/coordonnees/", claims.claim, name="claim_details"),
    path("mon-compte/coordonnees/", claims.confirm, name="confirm_details"),
    path("accords/<slug:key>/", agreements.agreement, name="agreement"),
    path("accords/<slug:key>/version/", agreements.propose, name="propose"),
    path("accords/<slug:key>/accepter/", agreements.accept, name="accept"),
    path("accords/<slug:key>/payer/", agreements.pay, name="pay"),
]
