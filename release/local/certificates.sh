#!/bin/sh
# An authority of this machine's own, and certificates for database and balancer; made at first start,
# and again before they expire. The keys never leave the volume. What was made is written to stdout.
# A stranger's certificate is there too, who signs nothing: to see who trusts it all the same.
set -eu
umask 077
cd /certificates

fresh() { [ -s "$1" ] && openssl x509 -checkend 604800 -noout -in "$1" >/dev/null; }

# Names are compared too: the balancer's change with PHX_HOST.
sign() {
    name=$1
    printf 'subjectAltName=%s\n' "$2" >"$name.ext.new"
    fresh "$name.pem" && cmp -s "$name.ext" "$name.ext.new" &&
        openssl verify -CAfile ca.pem "$name.pem" >/dev/null 2>&1 && return
    # An interruption leaves no certificate, rather than one of another key.
    rm -f "$name.pem"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
        -keyout "$name.key" -out "$name.csr" 2>/dev/null
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 \
        -extfile "$name.ext.new" -out "$name.pem.new" 2>/dev/null
    mv "$name.ext.new" "$name.ext"
    mv "$name.pem.new" "$name.pem"
    rm -f "$name.csr"
    echo "made $name"
}

authority() {
    fresh "$1.pem" && return
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
        -subj "/CN=$2" -addext "basicConstraints=critical,CA:TRUE" \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

authority ca "Perpetual local authority"
authority stranger "A stranger"
sign database "DNS:database,DNS:localhost"
sign balancer "DNS:localhost,DNS:balancer,DNS:${HOST:-localhost}"
# Certificates are for everybody to see; the release, which is nobody, reads the authority's.
chmod 755 .
chmod 644 ./*.pem
