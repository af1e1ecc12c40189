"""What a WSGI server such as gunicorn serves: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from config.damaged import read_as_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = read_as_utf8(get_wsgi_application())
