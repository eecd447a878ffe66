#!/bin/sh
# Postgres as RDS keeps it: TLS or nothing, and a master user who is no superuser. The binaries are
# those of the image, Debian's or the official one. Arguments are settings, as `postgres` takes them.
set -eu
umask 077
PATH="$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH"
home=/var/lib/perpetual
data=$home/data

as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }

# Certificates may not be there yet at the very first start.
while [ ! -s /certificates/database.pem ]; do sleep 0.1; done
chown postgres:postgres "$home"
chmod 700 "$home"
install -o postgres -g postgres -m 600 /certificates/database.key /certificates/database.pem "$home"

if [ ! -s "$data/PG_VERSION" ]; then
    rm -rf "$data.new"
    as_postgres initdb --pgdata="$data.new" --username=rdsadmin --encoding=UTF8 --locale=C.UTF-8 --auth=reject >/dev/null
    printf 'hostssl all all all scram-sha-256\n' >"$data.new/pg_hba.conf"
    # By way of stdin: the password is in nobody's list of processes.
    password=$(printf '%s' "$MASTER_PASSWORD" | sed "s/'/''/g")
    printf '%s\n' 'CREATE ROLE rds_superuser NOLOGIN' \
        'GRANT pg_checkpoint, pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION' \
        "CREATE ROLE \"$MASTER_USER\" LOGIN CREATEDB CREATEROLE PASSWORD '$password'" \
        "GRANT rds_superuser TO \"$MASTER_USER\"" |
        as_postgres postgres --single -D "$data.new" postgres >/dev/null
    mv "$data.new" "$data"
fi

unset MASTER_PASSWORD password
exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D "$data" \
    -c listen_addresses='*' \
    -c unix_socket_directories= \
    -c ssl=on \
    -c ssl_cert_file="$home/database.pem" \
    -c ssl_key_file="$home/database.key" \
    -c ssl_min_protocol_version=TLSv1.2 \
    -c password_encryption=scram-sha-256 \
    -c log_connections=on \
    "$@"
