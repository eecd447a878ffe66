"""Traps in what stands behind the balancer, each a change of the good project."""

from typing import Final

from tests.release_units.lint.good import edit, trap

PROD: Final = "config/prod.exs"
RUNTIME: Final = "config/runtime.exs"
SSL: Final = 'ssl: [cacertfile: env.("PGSSLROOTCERT")]'

CASES = [
    edit(
        "force-ssl-health",
        PROD,
        '    exclude: [paths: ["/health", "/ready"], hosts: ["localhost", "127.0.0.1"]]\n',
        "    hsts: true\n",
        "force_ssl: [",
        "nothing",
    ),
    edit("force-ssl-health", PROD, '"/health", "/ready"', '"/ready"', "force_ssl: [", "other"),
    edit(
        "force-ssl-health",
        PROD,
        'exclude: [paths: ["/health", "/ready"], hosts: ["localhost", "127.0.0.1"]]',
        'exclude: ["/health", "/ready"]',
        "force_ssl: [",
        "as-host",
    ),
    edit(
        "force-ssl-health",
        PROD,
        ',\n    exclude: [paths: ["/health", "/ready"], hosts: ["localhost", "127.0.0.1"]]\n  ],',
        '\n  ],\n  exclude: [paths: ["/health"]],',
        "  exclude: [",
        "beside",
    ),
    trap(
        "force-ssl-health",
        "lib/shop_web/endpoint.ex",
        "plug Plug.SSL",
        {
            "lib/shop_web/endpoint.ex": {
                "  plug ShopWeb.Health": "  plug Plug.SSL, rewrite_on: [:x_forwarded_proto]\n"
                "  plug ShopWeb.Health"
            }
        },
        "plug",
    ),
    edit(
        "force-ssl-proxy",
        PROD,
        "rewrite_on: [:x_forwarded_proto]",
        "rewrite_on: [:x_forwarded_host]",
        "force_ssl: [",
    ),
    edit(
        "force-ssl-runtime",
        RUNTIME,
        "      secret_key_base:",
        "      force_ssl: [hsts: true],\n      secret_key_base:",
    ),
    edit("check-origin", RUNTIME, '["https://" <> env.("PHX_HOST")]', "false", "check_origin:"),
    edit(
        "check-origin",
        RUNTIME,
        '["https://" <> env.("PHX_HOST")]',
        '["http://" <> env.("PHX_HOST")]',
        "check_origin:",
        "plain",
    ),
    edit(
        "check-origin",
        PROD,
        "  cache_static",
        '  check_origin: ["https://shop.example"],\n  cache_static',
        at="fixed",
    ),
    edit(
        "check-origin",
        "lib/shop_web/endpoint.ex",
        "websocket: [",
        "websocket: [check_origin: false, ",
        at="socket",
    ),
    edit("url-host", RUNTIME, 'host: env.("PHX_HOST")', 'host: "shop.example"', "url: ["),
    trap(
        "url-host",
        "mix.exs",
        "app: :shop",
        {RUNTIME: {'      url: [scheme: "https", host: env.("PHX_HOST"), port: 443],\n': ""}},
        "missing",
    ),
    trap(
        "health-route",
        "mix.exs",
        "app: :shop",
        {"lib/shop_web/health.ex": {'request_path: "/health"': 'request_path: "/alive"'}},
    ),
]
