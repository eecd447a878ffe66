"""Traps in the Dockerfile, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

ENV: Final = "rel/env.sh.eex"

CASES = [
    trap("docker-missing", "mix.exs", "app: :shop", {"Dockerfile": None}),
    edit(
        "docker-layers",
        "Dockerfile",
        "COPY mix.exs",
        "COPY lib/ lib/\nCOPY mix.exs",
        at="code",
    ),
    edit("docker-layers", "Dockerfile", "COPY mix.exs", "COPY . .\nCOPY mix.exs", at="all"),
    edit(
        "docker-layers", "Dockerfile", "COPY lib/ lib/", "COPY rel/ rel/\nCOPY lib/ lib/", at="rel"
    ),
    edit(
        "docker-layers",
        "Dockerfile",
        "COPY lib/ lib/",
        "COPY config/runtime.exs config/\nCOPY lib/ lib/",
        at="runtime",
    ),
    edit(
        "docker-layers",
        "Dockerfile",
        "COPY config/config.exs config/prod.exs config/",
        "COPY config config",
        at="settings",
    ),
    edit(
        "docker-layers",
        "Dockerfile",
        "RUN mix deps.compile\n",
        "",
        "RUN if [ -f mix.lock ]",
        "uncompiled",
    ),
    edit("docker-command", "Dockerfile", 'CMD ["/app/bin/server"]', "CMD /app/bin/server"),
    edit(
        "docker-command",
        "Dockerfile",
        'CMD ["/app/bin/server"]',
        "CMD ['/app/bin/server']",
        at="quotes",
    ),
    edit(
        "docker-command",
        "Dockerfile",
        'CMD ["/app/bin/server"]',
        'CMD ["sh", "-c", "/app/bin/shop start"]',
        at="shell",
    ),
    edit(
        "docker-command",
        "Dockerfile",
        'CMD ["/app/bin/server"]',
        'ENTRYPOINT /app/bin/shop\nCMD ["start"]',
        at="entrypoint",
    ),
    edit(
        "docker-command",
        "Dockerfile",
        'CMD ["/app/bin/server"]\n',
        "",
        "FROM ${RUNNER_IMAGE}",
        "missing",
    ),
    edit("docker-stop-signal", "Dockerfile", "EXPOSE 5000", "STOPSIGNAL SIGINT"),
    edit("docker-user", "Dockerfile", "USER 65534:65534\n", "", "FROM ${RUNNER_IMAGE}", "missing"),
    edit("docker-user", "Dockerfile", "USER 65534:65534", "USER root", at="root"),
    edit("docker-user", "Dockerfile", "USER 65534:65534", "USER 0:0", at="number"),
    edit("docker-user", "Dockerfile", "EXPOSE 5000", "USER root:root", at="again"),
    trap("docker-lock", "mix.exs", "app: :shop", {"mix.lock": None}, "missing"),
    edit("docker-lock", ".dockerignore", "!mix.lock", "mix.lock", at="ignored"),
    edit("docker-lock", ".dockerignore", "!mix.lock\n", "", "*", at="left-out"),
    edit(
        "docker-lock",
        "Dockerfile",
        "COPY mix.exs mix.loc[k] ./",
        "COPY mix.exs ./",
        "RUN if [ -f mix.lock ]",
        "not-copied",
    ),
    edit(
        "docker-emulation",
        "Dockerfile",
        "ENV LANG=C.UTF-8 MIX_ENV=prod",
        'ENV LANG=C.UTF-8 MIX_ENV=prod ERL_FLAGS="+JPperf true"',
    ),
]
