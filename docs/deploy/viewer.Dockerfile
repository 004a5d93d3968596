# pywb in an environment of its own, over the index that `dqtv index` writes.
FROM python:3.11-slim-bookworm
COPY docs/viewer.txt /opt/viewer.txt
RUN pip install --no-cache-dir --no-deps --requirement /opt/viewer.txt \
    && useradd --create-home --uid 1000 dqtv && install -d -o dqtv /data
USER 1000
EXPOSE 8002
ENTRYPOINT ["wayback", "-d", "/data/index", "-b", "0.0.0.0", "-p", "8002"]
