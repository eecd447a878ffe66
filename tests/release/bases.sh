#!/usr/bin/env bash
# Base images out of Debian packages, for machines without a registry of images: what they hold is
# what the public defaults hold, slim Debian, Elixir's builder, Postgres, nginx, HAProxy and a registry.
#
# Run as root, with Docker running. Images that are there already are kept.
set -euo pipefail

SUITE=trixie
PREFIX=perpetual-test
MIRROR=${MIRROR:-http://deb.debian.org/debian}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/perpetual

present() { docker image inspect "$PREFIX/$1:$SUITE" >/dev/null 2>&1; }

# The archive outlives the daemon's images: a fresh daemon imports it in seconds.
runner() {
    local archive=$CACHE/$SUITE-slim.tar root
    if [ ! -s "$archive" ]; then
        mkdir -p "$CACHE"
        root=$(mktemp -d)
        debootstrap --variant=minbase --include=ca-certificates,libncurses6,libstdc++6,openssl "$SUITE" "$root" "$MIRROR" >"$CACHE/debootstrap.log"
        # As Debian's own slim images: no documentation, no translations, nothing kept of apt's.
        rm -rf "$root"/usr/share/{doc,info,locale,man}/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
        printf 'path-exclude /usr/share/%s/*\n' doc info locale man >"$root/etc/dpkg/dpkg.cfg.d/slim"
        printf 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\nDPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n' \
            >"$root/etc/apt/apt.conf.d/slim"
        tar -C "$root" --create --file "$archive.new" .
        mv "$archive.new" "$archive"
        rm -rf "$root"
    fi
    docker import "$archive" "$PREFIX/runner:$SUITE" >/dev/null
}

packaged() {
    local name=$1
    shift
    docker build --quiet --tag "$PREFIX/$name:$SUITE" - >/dev/null 2>"$CACHE/$name.log" <<DOCKERFILE
FROM $PREFIX/runner:$SUITE
RUN apt-get update && apt-get install -y --no-install-recommends $* && rm -rf /var/lib/apt/lists/*
DOCKERFILE
}

present runner || runner
present builder || packaged builder elixir erlang-crypto erlang-dev erlang-p1-pgsql erlang-parsetools \
    erlang-runtime-tools erlang-ssl build-essential ca-certificates curl git
present postgres || packaged postgres postgresql-17
present nginx || packaged nginx nginx-light
present haproxy || packaged haproxy haproxy
present registry || packaged registry docker-registry
