"""Settings. Everything that differs between two installations comes from the environment (.env.example)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import SELF
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from config import embedded, secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")
VAR = embedded.var_folder()

DEBUG = env.bool("DEBUG", default=not env("DATABASE_URL", default=""))
SECRET_KEY = env("SECRET_KEY", default="") or secret.kept(VAR / "secret-key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "csp",
    "rest_framework",
    "members",
    "loyalty",
    "orders",
    "mall",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.policy.ContentSecurityPolicy",
    "config.damaged.NoNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.back_office.NumbersOnly",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "members.views.programme",
            ],
        },
    },
]

DATABASES = {"default": env.db_url_config(env("DATABASE_URL", default="") or embedded.database_url())}
DATABASES["default"].update(
    CONN_MAX_AGE=env.int("CONN_MAX_AGE", default=60),
    CONN_HEALTH_CHECKS=True,
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

BROKER_URL = env("CELERY_BROKER_URL", default="") or embedded.broker_url()
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env("CACHE_URL", default="") or embedded.cache_url(),
    }
}

CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 4 * 3600
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "resume-imports": {"task": "orders.tasks.resume_imports", "schedule": timedelta(seconds=20)},
    "match-waiting": {"task": "orders.tasks.match_waiting", "schedule": timedelta(seconds=60)},
    "match-all": {"task": "orders.tasks.match_all", "schedule": crontab(hour=3, minute=40)},
    "expire": {"task": "loyalty.tasks.expire", "schedule": timedelta(minutes=10)},
    "settle-payments": {"task": "mall.tasks.settle_payments", "schedule": timedelta(seconds=60)},
    "settle-draws": {"task": "mall.tasks.settle_draws", "schedule": timedelta(seconds=20)},
    "resume-coupon-rounds": {"task": "mall.tasks.resume_coupon_rounds", "schedule": timedelta(seconds=20)},
    "count-interest": {"task": "mall.tasks.count_interest", "schedule": timedelta(minutes=5)},
    "refresh-favourites": {"task": "mall.tasks.refresh_favourites", "schedule": timedelta(minutes=10)},
    "text-members": {"task": "mall.tasks.text_members", "schedule": timedelta(seconds=60)},
    "sweep-pictures": {"task": "mall.tasks.sweep_pictures", "schedule": timedelta(days=1)},
    "forget-changes": {"task": "orders.tasks.forget_changes", "schedule": crontab(hour=4, minute=10)},
}

AUTH_USER_MODEL = "members.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

# Members sign in with their phone and a code by SMS; nobody but staff has a password.
ACCOUNT_ADAPTER = "members.sign_in.PhoneAdapter"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*"]
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PHONE_VERIFICATION_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ACCOUNT_LOGIN_BY_CODE_FORMAT = ACCOUNT_PHONE_VERIFICATION_CODE_FORMAT
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 5 * 60
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = 5
ACCOUNT_FORMS = {"request_login_code": "members.forms.PhoneForm", "confirm_login_code": "members.forms.CodeForm"}
# Codes to one phone, from wherever they are asked for; as many messages about parcels and orders beside them.
SMS_PER_PHONE_PER_DAY = env.int("SMS_PER_PHONE_PER_DAY", default=1200 if DEBUG else 30)
ACCOUNT_RATE_LIMITS = {
    # Keys that end in “here” are a phone or a name at one address: what a stranger uses up there is not its owner's.
    "request_login_code": "20/m/ip,10/m/key",
    "request_login_code_here": "3/m/key",
    "sms": "200/d/ip",  # messages sent: codes asked for again as well
    "sms_here": f"{max(SMS_PER_PHONE_PER_DAY // 6, 1)}/d/key",  # so it takes six addresses to use up a phone's codes
    # Wrong passwords; the key is the name. One rate each, so that config.back_office can take back a refused try.
    "staff_sign_in_address": "30/5m/ip",
    "staff_sign_in_here": "10/5m/key",
    "staff_sign_in": "60/5m/key",
}
# The addresses of proxies in front of the site, so that limits per address count the visitor's own.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1 if env.bool("BEHIND_PROXY", default=False) else 0)
# The API of other systems (docs/api.md): what each view needs stands in members.api.views.
REST_FRAMEWORK = {
    "DEFAULT_THROTTLE_RATES": {"key": env("API_RATE", default="1200/min"), "wrong_key": "30/min"},
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "EXCEPTION_HANDLER": "members.api.views.told",
    "UNAUTHENTICATED_USER": None,
}
SMS_BACKEND = env("SMS_BACKEND", default="members.sms.console")
SMS_PER_DAY = env.int("SMS_PER_DAY", default=10_000)

# Claims of order numbers are answered on this beat, in seconds: longer than nearly all of them take on this machine.
CLAIM_BEAT = env.float("CLAIM_BEAT", default=0.07)

# So is a phone that asks for a code: whether a member has it shall not be told by the time that it takes.
SIGN_IN_BEAT = env.float("SIGN_IN_BEAT", default=0.3)

# Redemptions of one gift in each web process (which has 8 threads): so many are at work, others wait so many seconds
# for their turn; so many of them, when no turn comes.
REDEEM_AT_ONCE = max(env.int("REDEEM_AT_ONCE", default=4), 1)
REDEEM_PATIENCE = env.float("REDEEM_PATIENCE", default=1.0)
REDEEM_WAITING = env.int("REDEEM_WAITING", default=2)

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "media/"
MEDIA_ROOT = VAR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
# An order file of two million rows; larger than that is split before it is uploaded.
ORDER_FILE_MAX_BYTES = env.int("ORDER_FILE_MAX_BYTES", default=2 * 1024**3)

# Ways to pay the yuan of a gift, each a class of mall.payment (docs/payments.md). The sandbox is off unless DEBUG.
PAYMENT_PROVIDERS = env.list(
    "PAYMENT_PROVIDERS",
    default=["mall.payment.counter.Counter", *(["mall.payment.sandbox.Sandbox"] if DEBUG else [])],
)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = env.bool("HTTPS", default=not DEBUG)
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": ["'none'"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "object-src": ["'none'"],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}

UNFOLD = {
    "SITE_TITLE": _("Jifen back office"),
    "SITE_HEADER": _("Jifen"),
    "SITE_SUBHEADER": _("Members and points"),
    "SITE_SYMBOL": "stars",
    "SITE_URL": "/",
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "config.dashboard.today",
    "SIDEBAR": {"navigation": "config.sidebar.navigation"},
    "TABS": "config.sidebar.tabs",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("icons/jifen.svg")}],
    "STYLES": [lambda request: static("admin_jifen/back_office.css")],
    "SCRIPTS": [lambda request: static("admin_jifen/back_office.js")],
    "COLORS": {
        "primary": {
            "50": "#f0faf7",
            "100": "#d8f0e9",
            "200": "#b2e0d3",
            "300": "#82cab8",
            "400": "#4caf99",
            "500": "#2a917c",
            "600": "#0d6b5b",
            "700": "#0b594c",
            "800": "#0a473d",
            "900": "#093b33",
            "950": "#04231e",
        },
    },
}
