# Fitting Room as a container: `docker compose up` (compose.yaml) runs it with its workers and a database.
# Without TensorFlow, to show and predict only: docker build --build-arg LOCK=requirements-small.txt .

FROM python:3.12-slim-bookworm AS packages
ARG LOCK=requirements.txt
WORKDIR /srv/fitting-room
COPY requirements.txt requirements-small.txt ./
RUN python -m venv /srv/venv \
    && /srv/venv/bin/python -m pip install --no-cache-dir --require-hashes -r "$LOCK"

# The data set, fetched once for the app and its workers. Without a network they draw stand-in clothes, all the same ones.
FROM packages AS clothes
COPY core core
COPY models models
COPY pyproject.toml .
RUN mkdir -p /srv/keras/datasets \
    && (FITTING_ROOM_HOME=/srv/keras/datasets /srv/venv/bin/python -m core download \
    || echo "THE DATA SET COULD NOT BE FETCHED: this image draws stand-in clothes. Build it again to try again.")

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --no-create-home --home-dir /tmp fitting
COPY --from=packages /srv/venv /srv/venv
COPY --from=clothes /srv/keras /srv/keras
WORKDIR /srv/fitting-room
COPY . .
RUN /srv/venv/bin/python -m compileall -q .
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    KERAS_HOME=/srv/keras \
    HOME=/tmp \
    FITTING_ROOM_HOME=/tmp/fitting-room
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
