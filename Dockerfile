# Built in two stages: what installs stays behind, the second one only runs.
FROM python:3.11.14-slim-bookworm AS build

WORKDIR /src
RUN python -m venv /opt/exposure-auditor
COPY requirements/clouds.txt requirements/clouds.txt
RUN /opt/exposure-auditor/bin/python -m pip install --no-cache-dir --require-hashes \
    --requirement requirements/clouds.txt

COPY . .
RUN /opt/exposure-auditor/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/exposure-auditor/bin/exposure-auditor --version


FROM python:3.11.14-slim-bookworm

RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin auditor \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/exposure-auditor

COPY --from=build /opt/exposure-auditor /opt/exposure-auditor

ENV PATH=/opt/exposure-auditor/bin:$PATH \
    XDG_STATE_HOME=/var/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# By number, so that a cluster can tell that it is not root.
USER 10001:10001
VOLUME /var/lib/exposure-auditor

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8430/livez', timeout=4)"]

ENTRYPOINT ["exposure-auditor"]
CMD ["serve", "--config", "/etc/exposure-auditor/auditor.yaml"]
