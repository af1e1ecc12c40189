"""The house around the apps: settings, addresses, worker, servers.

Whoever imports anything of it has the variables of `.env` (those that the environment does not set itself).
"""

from pathlib import Path

import environ

_DOTENV = Path(__file__).resolve().parent.parent / ".env"
if _DOTENV.exists():
    environ.Env.read_env(_DOTENV)

from config.celery import app as celery_app  # noqa: E402  (after .env)

__all__ = ("celery_app",)
