#!/bin/sh
# nginx in the balancer's place: TLS ends here, plain HTTP is sent to HTTPS, and the release learns by
# X-Forwarded-* how the request came.
set -eu
while [ ! -s /certificates/balancer.pem ]; do sleep 0.1; done
sed "s/@HTTPS_PORT@/$HTTPS_PORT/" /local/nginx.conf >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
