# By default with CUDA, which torch's ordinary wheels contain. For the CPU alone, a third of the size:
#   docker build --build-arg TORCH_INDEX=ADDRESS .    with the address of an index of torch's CPU wheels
FROM python:3.12-slim-trixie

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
WORKDIR /srv/sjmvi

# pg_dump, for `sjmvi db backup`: Debian 13 has that of PostgreSQL 17, which compose.yaml runs, and a newer server
# it would refuse
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*

# torch in a layer of its own: gigabytes that no change of ours touches. An index of torch's wheels need not have
# what torch is built on, which then comes with the rest
COPY constraints.txt ./
ARG TORCH_INDEX=
RUN pip install ${TORCH_INDEX:+--no-deps --index-url "$TORCH_INDEX"} --constraint constraints.txt torch torchvision

COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY translation translation
COPY training training
RUN pip install --constraint constraints.txt .
COPY weights weights

# What libraries keep in a home, an evaluation's network among it, stays with the data
ENV HOME=/srv/sjmvi/data
RUN useradd --system --home-dir "$HOME" sjmvi && install --directory --owner sjmvi data
USER sjmvi
VOLUME /srv/sjmvi/data
EXPOSE 8000

# Whether it lives: a service that has much to do, or no model yet, is none to be restarted
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os; from urllib.request import urlopen; \
         urlopen('http://127.0.0.1:' + os.environ.get('SJMVI_PORT', '8000') + '/livez', timeout=4)"]

# Inside the container every address is its own; which of them reach the host is said by docker run --publish
CMD ["sjmvi", "serve", "--host", "0.0.0.0", "--insecure-no-auth"]
