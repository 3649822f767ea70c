# One image for web, worker, scheduler and sampler; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /srv/portal
COPY requirements.txt .
RUN pip install --require-hashes -r requirements.txt
COPY . .
RUN useradd --system --uid 10001 --home-dir /srv/portal portal \
    && mkdir -p var && chown portal var \
    && SECRET_KEY=only-while-building python manage.py collectstatic --noinput
USER portal
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "portal.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "3"]
