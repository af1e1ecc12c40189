FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 JIFEN_VAR=/srv/var
WORKDIR /srv/jifen

COPY requirements.txt .
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt

COPY . .
RUN useradd --system --no-create-home jifen \
    && mkdir -p /srv/var/media \
    && DEBUG=0 SECRET_KEY=only-to-collect python manage.py collectstatic --noinput \
    && chown -R jifen /srv/var

USER jifen
EXPOSE 8000
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "120", "--no-control-socket", "--access-logfile", "-"]
