"""Settings, all from the environment (`.env.example` lists them). Three kinds of place: trial, test, production."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var"))

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

PLACE = env("PLACE", default="trial")
if PLACE == "trial" and (VAR_DIR / "trial.env").is_file():  # where `make run` has its database
    env.read_env(VAR_DIR / "trial.env")
TRIAL, TEST, PRODUCTION = PLACE == "trial", PLACE == "test", PLACE == "production"
if PLACE not in {"trial", "test", "production"}:
    raise ImproperlyConfigured("PLACE is one of trial, test, production.")


def needed(name: str, trial: str) -> str:
    """The setting `name`; outside production `trial` stands in, in production its absence stops the start."""
    value: str = env(name, default="")
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"In production {name} must be set; see .env.example.")
    return trial


SITE_NAME = env("SITE_NAME", default="Paraphe")
COMPANY_NAME = needed("COMPANY_NAME", "Paraphe SAS (essai)")
COMPANY_ADDRESS = needed("COMPANY_ADDRESS", "12 rue des Minutes, 44000 Nantes")
BASE_URL = needed("BASE_URL", f"http://localhost:{env('PORT', default='8000')}").rstrip("/")
SECRET_KEY = needed("SECRET_KEY", "trial-only-secret-key-never-used-in-production-0123456789")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
FIELD_KEYS: list[str] = needed("FIELD_KEYS", "dHJpYWwtb25seS1maWVsZC1rZXktbm90LXNlY3JldCE=").split(",")
if PRODUCTION and (SECRET_KEY.startswith("trial-only") or len(SECRET_KEY) < 50):
    raise ImproperlyConfigured("SECRET_KEY is too short or a default.")
DEBUG = env.bool("DEBUG", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG cannot be on in production.")
ALLOWED_HOSTS: list[str] = needed("ALLOWED_HOSTS", "*").split(",")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL] if PRODUCTION else [])

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "marketplace",
    "marketplace.events",
    "marketplace.accounts",
    "marketplace.documents",
    "marketplace.ledger",
    "marketplace.payments",
    "marketplace.billing",
    "credits",
    "projects",
    "escrow",
    "mediation",
    "payouts",
    "marketplace.insights",
    "marketplace.demo",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "marketplace.admin_app.ParapheAdminConfig",
    "django.forms",
    "pgtrigger",
    "django_htmx",
    "heroicons",
    "csp",
]

MIDDLEWARE = [
    "marketplace.middleware.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "marketplace.middleware.Author",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "marketplace.middleware.WayBack",
    "marketplace.middleware.DefaultDeny",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"
FORM_RENDERER = "marketplace.forms.Renderer"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "marketplace.context.site",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "marketplace.templatetags.page"],
        },
    },
]

# The site logs in with a role that can only read and execute the ledger; migrations run as the owner.
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **environ.Env.db_url_config(needed("DATABASE_URL", "postgres://app@127.0.0.1:5432/paraphe")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    },
}
# The ledger's two doors are planned once for each connection. A pooler that gives each transaction another one must
# follow prepared statements (PgBouncer from 1.21 on, max_prepared_statements); before one that cannot, switch it off.
if env.bool("PREPARED_STATEMENTS", default=True):
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 5
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
APP_ROLE = env("APP_ROLE", default="app")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="")
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured("In production REDIS_URL must be set.")
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"},
}

CELERY_BROKER_URL = REDIS_URL or ("memory://" if TEST else "files://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"socket_connect_timeout": 1, "socket_timeout": 5, "max_retries": 0, "visibility_timeout": 600}
    if REDIS_URL
    else {
        "data_folder_in": str(VAR_DIR / "celery/queue"),
        "data_folder_out": str(VAR_DIR / "celery/queue"),
        "control_folder": str(VAR_DIR / "celery/control"),
        "store_processed": False,
        "polling_interval": 0.1,
    }
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "Europe/Paris"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celery/beat")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "deliver": {"task": "marketplace.events.tasks.deliver", "schedule": 30.0, "options": {"expires": 30}},
    "account-mails": {
        "task": "marketplace.accounts.tasks.deliver",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "clear-shelves": {
        "task": "marketplace.documents.tasks.clear_shelves",
        "schedule": 86_400.0,
        "options": {"expires": 3600},
    },
    "payments-sweep": {"task": "marketplace.payments.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "payments-catch-up": {
        "task": "marketplace.payments.tasks.catch_up",
        "schedule": 86_400.0,
        "options": {"expires": 3600},
    },
    "seats": {"task": "mediation.tasks.free_seats", "schedule": 60.0, "options": {"expires": 60}},
    "deadlines": {"task": "projects.tasks.sweep_deadlines", "schedule": 60.0, "options": {"expires": 60}},
    "newsletter": {
        "task": "projects.tasks.send_newsletter",
        "schedule": crontab(hour=7, minute=30),
        "options": {"expires": 3600},
    },
    "newsletter-rest": {
        "task": "projects.tasks.go_on_with_newsletter",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "returns": {"task": "projects.tasks.return_credits", "schedule": 300.0, "options": {"expires": 300}},
    "statistics": {
        "task": "projects.tasks.refresh_statistics",
        "schedule": crontab(hour=3, minute=40),
        "options": {"expires": 3600},
    },
    "tally-projects": {"task": "projects.tasks.tally_projects", "schedule": 300.0, "options": {"expires": 300}},
    "search-words": {
        "task": "projects.tasks.refresh_words",
        "schedule": crontab(minute=17),
        "options": {"expires": 1800},
    },
    "check-books": {"task": "marketplace.ledger.tasks.check_books", "schedule": 600.0, "options": {"expires": 600}},
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["marketplace.accounts.backends.OneQueryBackend"]
if TEST:  # a slow hash protects people, not tests
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:home"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "Europe/Paris"
FORMAT_MODULE_PATH = ["marketplace.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles" if PRODUCTION else None  # elsewhere served from their sources
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "files"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "marketplace.documents.storage.DurableStorage", "OPTIONS": {"base_url": None}},
    "staticfiles": {
        "BACKEND": f"marketplace.assets.{'HashedAssets' if PRODUCTION else 'PlainAssets'}",
    },
}
if env("S3_BUCKET", default=""):
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": env("S3_BUCKET"), "default_acl": "private", "querystring_auth": True},
    }
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = TEST  # looks a file up when asked: test clients are many
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

vars().update(
    environ.Env.email_url_config(needed("EMAIL_URL", "trialmail://"))
    if env("EMAIL_URL", default="")
    else {"EMAIL_BACKEND": "marketplace.demo.mailbox.Backend"}
)
if PRODUCTION and not env("EMAIL_URL", default=""):
    raise ImproperlyConfigured("In production EMAIL_URL must be set.")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = needed("DEFAULT_FROM_EMAIL", f"{SITE_NAME} <ne-pas-repondre@paraphe.example>")

# Browsers: strict content policy, nothing inline, nothing from elsewhere.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *env.list("CHECKOUT_ORIGINS", default=["https://checkout.stripe.com"])],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "marketplace.views.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 63_072_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

# allauth: one e-mail, verified; second factor offered to all and required of staff.
ACCOUNT_ADAPTER = "marketplace.accounts.adapters.AccountAdapter"
MFA_ADAPTER = "marketplace.accounts.adapters.MFAAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"reset_password": "marketplace.accounts.forgotten.ForgottenForm"}
ACCOUNT_SIGNUP_FORM_CLASS = "marketplace.accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_SESSION_REMEMBER = None
# Failures per address and per account; the counters live in the cache, which all web processes share.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "reauthenticate": "5/5m/user"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = BASE_URL.partition(":")[0]
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # the code before and after count too (RFC 6238, 5.2): one may change while it is typed
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION

# Stripe; without a key the same SDK talks to the stand-in of marketplace/sandbox.
STAND_IN = "sk_test_sandbox"
STRIPE_SECRET_KEY = needed("STRIPE_SECRET_KEY", STAND_IN)
STRIPE_WEBHOOK_SECRETS: list[str] = needed("STRIPE_WEBHOOK_SECRETS", "whsec_sandbox").split(",")
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8001)
SANDBOX = not PRODUCTION and STRIPE_SECRET_KEY == STAND_IN
STRIPE_API_BASE = f"http://127.0.0.1:{SANDBOX_PORT}" if SANDBOX else "https://api.stripe.com"
if SANDBOX:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(f"http://127.0.0.1:{SANDBOX_PORT}")

# The platform's bank account, from which providers are paid (SEPA).
BANK_NAME = needed("BANK_NAME", COMPANY_NAME)
BANK_IBAN = needed("BANK_IBAN", "FR7630001007941234567890185")
BANK_BIC = needed("BANK_BIC", "BDFEFRPPCCT")
BANK_ADDRESS = {
    "street_name": needed("BANK_STREET", "12 rue des Minutes"),
    "postcode": needed("BANK_POSTCODE", "44000"),
    "town": needed("BANK_TOWN", "Nantes"),
    "country": needed("BANK_COUNTRY", "FR"),
}
# The licensed payment institution whose segregated account holds the deposits of R0 projects: without it, no R0.
R0_ACCOUNT_HOLDER = env("R0_ACCOUNT_HOLDER", default="" if PRODUCTION else "Banque d’essai (aucun argent réel)")
R0_ACCOUNT_LICENCE = env("R0_ACCOUNT_LICENCE", default="" if PRODUCTION else "essai-0000")
R0_OFFERED = bool(R0_ACCOUNT_HOLDER and R0_ACCOUNT_LICENCE)
if not R0_OFFERED and (R0_ACCOUNT_HOLDER or R0_ACCOUNT_LICENCE):
    raise ImproperlyConfigured("Set R0_ACCOUNT_HOLDER and R0_ACCOUNT_LICENCE together, or neither: R0 needs both.")

# Prices and delays: all of them settings. Rates in basis points (1 % = 100), amounts in cents excluding VAT.
COMMISSION_RATE_BP = env.int("COMMISSION_RATE_BP", default=1500)
R0_FEE_RATE_BP = env.int("R0_FEE_RATE_BP", default=300)
VAT_RATE_BP = env.int("VAT_RATE_BP", default=2000)
CREDIT_PRICES_CENTS = {
    "CONSULTATION": env.int("CONSULTATION_PRICE_CENTS", default=400),
    "OFFER": env.int("OFFER_PRICE_CENTS", default=900),
    "CONTACT": env.int("CONTACT_PRICE_CENTS", default=1500),
}
PROJECT_OPEN_DAYS = env.int("PROJECT_OPEN_DAYS", default=30)
SELECTION_DAYS = env.int("SELECTION_DAYS", default=15)
SELECTION_EXTENSION_DAYS = env.int("SELECTION_EXTENSION_DAYS", default=15)  # once
SELECTION_REMINDER_DAYS = env.int("SELECTION_REMINDER_DAYS", default=3)  # before the date to choose
AGREEMENT_DAYS = env.int("AGREEMENT_DAYS", default=14)
AGREEMENT_REMINDER_DAYS = env.list("AGREEMENT_REMINDER_DAYS", cast=int, default=[7, 2])  # before that date
INTRODUCTION_DAYS = env.int("INTRODUCTION_DAYS", default=5)
INTRODUCTION_REMINDER_DAYS = env.list("INTRODUCTION_REMINDER_DAYS", cast=int, default=[2])
SECOND_CHOICE_DAYS = env.int("SECOND_CHOICE_DAYS", default=7)  # to call a runner-up or re-open
SECOND_CHOICE_REMINDER_DAYS = env.list("SECOND_CHOICE_REMINDER_DAYS", cast=int, default=[2])
REOPEN_DAYS = env.int("REOPEN_DAYS", default=15)
SMA_ASSIGN_DAYS = env.int("SMA_ASSIGN_DAYS", default=2)  # working days, as the next five
SMA_ANSWER_DAYS = env.int("SMA_ANSWER_DAYS", default=5)  # for the other party to answer a case
SMA_EVIDENCE_DAYS = env.int("SMA_EVIDENCE_DAYS", default=5)  # for evidence, in an arbitration without a mediation
SMA_HAND_OVER_DAYS = env.int("SMA_HAND_OVER_DAYS", default=2)  # for evidence, after a mediation ended before its date
SMA_FIRST_ACT_DAYS = env.int("SMA_FIRST_ACT_DAYS", default=3)  # for a mediator to write or propose
SMA_APPROVAL_DAYS = env.int("SMA_APPROVAL_DAYS", default=2)
SMA_LATE_DAYS = env.int("SMA_LATE_DAYS", default=2)  # after which staff are replaced
SMA_MEDIATION_DAYS = env.int("SMA_MEDIATION_DAYS", default=10)
SMA_DECISION_DAYS = env.int("SMA_DECISION_DAYS", default=10)
SMA_EXECUTION_DAYS = env.int("SMA_EXECUTION_DAYS", default=10)  # for a court to be seized of a decision
# Working days: once more to examine the proof of a court, and at least after one is said to be seized no more.
SMA_PROOF_DAYS = env.int("SMA_PROOF_DAYS", default=5)
SMA_LAST_RESORT_DAYS = env.int("SMA_LAST_RESORT_DAYS", default=60)  # in arbitration: then the case ends undecided
SMA_COURT_DAYS = env.int("SMA_COURT_DAYS", default=90)  # after which staff ask again what the court has done
SMA_REMINDER_DAYS = env.list("SMA_REMINDER_DAYS", cast=int, default=[2])  # before each date of a case
SMA_APPROVAL_CENTS = env.int("SMA_APPROVAL_CENTS", default=500_000)  # frozen: above it a decision needs two people
THREAD_DAYS = env.int("THREAD_DAYS", default=30)  # to write in a private thread after the end of the project
ACCEPTANCE_DAYS = env.int("ACCEPTANCE_DAYS", default=14)
ACCEPTANCE_AGAIN_HOURS = env.int("ACCEPTANCE_AGAIN_HOURS", default=24)  # after a refund was asked for in vain
ACCEPTANCE_REMINDER_DAYS = env.list("ACCEPTANCE_REMINDER_DAYS", cast=int, default=[7, 11, 13])  # after a delivery
OVERDUE_DAYS = env.int("OVERDUE_DAYS", default=15)  # after the date agreed for a delivery
REFUND_ANSWER_DAYS = env.int("REFUND_ANSWER_DAYS", default=5)  # working days, on a tranche that is overdue
REFUND_REMINDER_DAYS = env.list("REFUND_REMINDER_DAYS", cast=int, default=[3, 1])  # before that date
CANCELLATION_DAYS = env.int("CANCELLATION_DAYS", default=14)  # of notice, for a tranche without a deposit
IDLE_DAYS = env.int("IDLE_DAYS", default=60)  # without a movement, of money held
CASE_AGAIN_DAYS = env.int("CASE_AGAIN_DAYS", default=1)  # working days, when a case asked for could not be opened
LOSER_ACCESS_DAYS = env.int("LOSER_ACCESS_DAYS", default=30)
TRANSFER_AWAITED_DAYS = env.int("TRANSFER_AWAITED_DAYS", default=30)  # then a promised transfer is called off
IBAN_HOLD_HOURS = env.int("IBAN_HOLD_HOURS", default=72)
PAYOUT_DECISION_DAYS = env.int("PAYOUT_DECISION_DAYS", default=2)  # working days, as the next two
PAYOUT_TRANSFER_DAYS = env.int("PAYOUT_TRANSFER_DAYS", default=1)
PAYOUT_ARRIVAL_DAYS = env.int("PAYOUT_ARRIVAL_DAYS", default=1)
MODERATION_DAYS = env.int("MODERATION_DAYS", default=1)  # working days
UNREAD_DAYS = env.int("UNREAD_DAYS", default=10)  # working days for the client to open an offer
# Credits offered to each new company, such as CONSULTATION=3,OFFER=1
WELCOME_CREDITS: dict[str, int] = env.dict(
    "WELCOME_CREDITS", cast={"value": int}, default={"CONSULTATION": 3} if TRIAL else {}
)
if set(WELCOME_CREDITS) - set(CREDIT_PRICES_CENTS) or min([0, *WELCOME_CREDITS.values()]) < 0:
    raise ImproperlyConfigured("WELCOME_CREDITS is a list such as CONSULTATION=3,OFFER=1,CONTACT=1.")
FLAG_ANSWER_DAYS = env.int("FLAG_ANSWER_DAYS", default=3)  # working days, as the next
DETAILS_ANSWER_DAYS = env.int("DETAILS_ANSWER_DAYS", default=3)
DETAILS_CLAIM_DAYS = env.int("DETAILS_CLAIM_DAYS", default=30)
CONTACT_HINT_HOURS = env.int("CONTACT_HINT_HOURS", default=48)
CONTACT_HINT_URGENT_HOURS = env.int("CONTACT_HINT_URGENT_HOURS", default=24)
REVIEW_DAYS = env.int("REVIEW_DAYS", default=14)  # after the end of a project
FIRST_SURVEY_DAYS = env.int("FIRST_SURVEY_DAYS", default=30)  # after a base introduction, as the next two
SECOND_SURVEY_DAYS = env.int("SECOND_SURVEY_DAYS", default=90)
BASE_COMPLETION_DAYS = env.int("BASE_COMPLETION_DAYS", default=90)
PRE_MODERATION = env.bool("PRE_MODERATION", default=True)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "marketplace.tracing.RequestIdFilter"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
        },
        "plain": {"format": "%(levelname)s %(name)s %(message)s"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if PRODUCTION else "plain",
            "filters": ["request_id"],
        }
    },
    "loggers": {"pikepdf": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO" if PRODUCTION else "WARNING")},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
