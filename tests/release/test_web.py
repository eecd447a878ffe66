"""HTTP and HTTPS: where requests are sent, what is answered, and what is survived."""

import json
import select
import socket
import ssl
from http import HTTPStatus

import pytest

from perpetual.release import docker
from perpetual.release.environment import Environment
from perpetual.release.web import Client
from tests.release import raw
from tests.release.support import until

SECURE = {"x-forwarded-proto": "https"}
BY_ADDRESS = {"host": "10.0.1.2:5000"}
"""How a balancer asks for the health of a task: at its address, plainly."""

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def node(environment: Environment) -> Client:
    """Return a client of one node, around the balancer."""
    return environment.node(0)


def orders(client: Client, headers: dict[str, str] | None = None) -> int:
    """Return the number of orders."""
    return int(json.loads(client.ask("/orders", headers=headers).body)["orders"])


# --- steering


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 301), ("HEAD", 301), ("POST", 307), ("PUT", 307), ("PATCH", 307), ("DELETE", 307)],
)
def test_a_plain_request_is_led_to_https(node: Client, method: str, status: int) -> None:
    """With its query; and 307 has the client repeat method and body, which 301 does not."""
    answer = node.ask("/products?page=2&sort=%C3%A9", method=method)
    assert answer.status == status
    assert answer.headers["location"] == "https://localhost/products?page=2&sort=%C3%A9"
    assert "strict-transport-security" not in answer.headers


def test_a_client_that_follows_307_places_its_order(environment: Environment, node: Client) -> None:
    """Nothing is ordered before it does."""
    before = orders(environment.client)
    led = node.ask("/orders", method="POST", headers=FORM, body="product=Mug")
    assert (led.status, orders(environment.client)) == (HTTPStatus.TEMPORARY_REDIRECT, before)
    path = led.headers["location"].removeprefix("https://localhost")
    followed = environment.client.ask(path, method="POST", headers=FORM, body="product=Mug")
    assert followed.status == HTTPStatus.CREATED
    assert orders(environment.client) == before + 1


def test_what_came_by_https_is_answered_and_stays_there(node: Client) -> None:
    """By the balancer's word; browsers keep to HTTPS for a year."""
    for path in ("/", "/products", "/nothing-here"):
        answer = node.ask(path, headers=SECURE)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.status == (404 if path == "/nothing-here" else 200)
    assert node.ask("/", headers={"x-forwarded-proto": "http"}).status == 301


@pytest.mark.parametrize("path", ["/health", "/ready"])
@pytest.mark.parametrize("headers", [{}, SECURE, BY_ADDRESS, {**BY_ADDRESS, **SECURE}])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_is_200_always(
    node: Client, path: str, headers: dict[str, str], method: str
) -> None:
    """A redirect would be an illness to the balancer, or hide one."""
    answer = node.ask(path, method=method, headers=headers)
    assert answer.status == 200
    assert (answer.body == "") == (method == "HEAD")


def test_head_is_get_without_its_body(node: Client) -> None:
    """The same headers, the length among them."""
    got, head = (node.ask("/products", method=method, headers=SECURE) for method in ("GET", "HEAD"))
    assert (head.status, head.headers, head.body) == (got.status, got.headers, "")
    assert int(head.headers["content-length"]) == len(got.body)


# --- through the balancer


@pytest.mark.core
def test_the_balancer_leads_to_its_own_port_with_the_query(environment: Environment) -> None:
    """And what it leads to is served."""
    plain = Client(port=environment.ports.http)
    answer = plain.ask("/products?page=2")
    assert answer.status == 301
    origin = f"https://localhost:{environment.ports.https}"
    assert answer.headers["location"] == f"{origin}/products?page=2"
    followed = environment.client.ask(answer.headers["location"].removeprefix(origin))
    assert followed.status == 200


def test_its_certificate_is_verified(environment: Environment) -> None:
    """By the environment's authority, and by no other; for its own names, and for no other."""
    trust = ssl.create_default_context(cafile=environment.ca_file)
    address = ("127.0.0.1", environment.ports.https)
    with (
        socket.create_connection(address, timeout=raw.SECONDS) as held,
        trust.wrap_socket(held, server_hostname="localhost") as secure,
    ):
        assert secure.version() == "TLSv1.3"
    for context, name in ((trust, "127.0.0.1"), (ssl.create_default_context(), "localhost")):
        with (
            socket.create_connection(address, timeout=raw.SECONDS) as held,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(held, server_hostname=name)


def test_the_release_learns_how_the_request_came(environment: Environment) -> None:
    """From the balancer: what a client says of itself is replaced, or comes before."""
    given = {"x-forwarded-proto": "http", "x-forwarded-port": "1", "x-forwarded-for": "192.0.2.1"}
    told = json.loads(environment.client.ask("/request", headers=given).body)
    assert (told["proto"], told["port"]) == ("https", str(environment.ports.https))
    claimed, client = told["for"].split(", ")
    assert claimed == "192.0.2.1"
    assert client.count(".") == 3


def test_both_nodes_have_their_share(environment: Environment) -> None:
    """And each sees the other."""
    told = [json.loads(environment.client.ask("/nodes").body) for _ in range(20)]
    assert len({one["node"] for one in told}) == 2
    assert {len(one["nodes"]) for one in told} == {2}


# --- pages with the database behind them


def test_products_are_what_the_seeds_made(environment: Environment) -> None:
    """In their order."""
    found = json.loads(environment.client.ask("/products").body)["products"]
    assert [one["name"] for one in found] == ["Mug", "Poster", "Sticker"]


@pytest.mark.parametrize(
    "body", ["product=Nothing", "product=Mug&quantity=0", "product=Mug&quantity=99999999999", ""]
)
def test_an_order_that_cannot_be_is_a_sentence(environment: Environment, body: str) -> None:
    """And orders nothing."""
    before = orders(environment.client)
    answer = environment.client.ask("/orders", method="POST", headers=FORM, body=body)
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "product has to be the name of one" in json.loads(answer.body)["error"]
    assert orders(environment.client) == before


def test_a_quotation_mark_is_a_character_like_others(environment: Environment) -> None:
    """Parameters are parameters, whatever they hold."""
    answer = environment.client.ask("/orders?product=%27%3B+DROP+TABLE+orders%3B--", method="POST")
    assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert orders(environment.client) >= 0


@pytest.mark.core
def test_the_release_talks_tls_to_its_database(environment: Environment) -> None:
    """As the database sees it, in the role that may not change its shape."""
    told = json.loads(environment.client.ask("/database").body)
    assert (told["tls"], told["role"]) == ("TLSv1.3", "app_rw")


# --- what is survived

CLOSE = b"connection: close\r\n"
OK = b"GET /health HTTP/1.1\r\nhost: x\r\n" + CLOSE + b"\r\n"
CHUNKED = b"POST /orders HTTP/1.1\r\ntransfer-encoding: chunked\r\n"
HOSTILE = {
    "a huge header": ([b"GET /health HTTP/1.1\r\nx: " + b"a" * 200_000 + b"\r\n\r\n"], [[]]),
    "a huge path": ([b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n"], [[]]),
    "many headers": (
        [b"GET / HTTP/1.1\r\n", *(b"x%d: y\r\n" % number for number in range(500)), b"\r\n"],
        [[431]],
    ),
    "a negative length": ([b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n"], [[400]]),
    "a length in words": ([b"POST / HTTP/1.1\r\ncontent-length: five\r\n\r\n"], [[400]]),
    "two lengths": (
        [b"POST / HTTP/1.1\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd"],
        [[400]],
    ),
    "an enormous length": ([b"POST / HTTP/1.1\r\ncontent-length: 9999999999\r\n\r\n"], [[413]]),
    "less than its length": ([b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc"], [[]]),
    "chunks": ([CHUNKED + b"\r\n4\r\nabcd\r\n0\r\n\r\n"], [[501]]),
    "a request hidden in another": (
        [CHUNKED + b"content-length: 4\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n"],
        [[501]],
    ),
    "no HTTP": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20], [[], [400]]),
    "words": ([b"hello\r\n\r\n"], [[400]]),
    "a header without colon": ([b"GET /health HTTP/1.1\r\nnothing\r\n\r\n"], [[400]]),
    "a zero byte": ([b"GET /slow?ms=%00 HTTP/1.1\r\n" + CLOSE + b"\r\n"], [[400]]),
    "another's proxy": ([b"GET http://example.com/health HTTP/1.1\r\n\r\n"], [[400]]),
    "nothing": ([b""], [[]]),
    "half a line": ([b"GET /hea"], [[]]),
    "HTTP/1.0": ([b"GET /health HTTP/1.0\r\n\r\n"], [[200]]),
    "four at once": ([b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n" * 3 + OK], [[200] * 4]),
    "a client that has said its last": ([OK], [[200]]),
}  # fmt: skip
"""Bytes, and what may come: the statuses of all answers, or none and the connection's end."""


@pytest.mark.parametrize(("parts", "wanted"), HOSTILE.values(), ids=HOSTILE)
def test_a_strange_request_is_answered_or_ended(
    environment: Environment, node: Client, parts: list[bytes], wanted: list[list[int]]
) -> None:
    """And the node lives: the same process answers afterwards."""
    container = environment.project.container("web1")
    began = (docker.container(container) or {})["State"]["StartedAt"]
    assert raw.exchange(node.port, parts) in wanted
    assert node.serves("/health")
    found = docker.container(container) or {}
    assert found["State"]["StartedAt"] == began
    assert found["State"]["Running"]


def test_a_slow_client_is_heard_to_the_end(node: Client) -> None:
    """Byte by byte, with pauses longer than the node looks for work in between."""
    assert raw.exchange(node.port, [bytes([one]) for one in OK], pause=0.01) == [200]
    assert raw.exchange(node.port, [OK[:9], OK[9:40], OK[40:]], pause=0.6) == [200]


def test_a_client_that_goes_away_leaves_nothing(environment: Environment, node: Client) -> None:
    """No request counts as under way once its client has gone."""
    container = environment.project.container("web1")
    for _ in range(20):
        with raw.connected(node.port) as held:
            held.sendall(b"POST /orders HTTP/1.1\r\ncontent-length: 100\r\n\r\nproduct")
    until(
        "nothing is under way",
        lambda: "requests 0\n" in docker.run("exec", container, "/app/bin/observe"),
    )


def test_strange_requests_through_the_balancer_are_its_to_refuse(environment: Environment) -> None:
    """The nodes see what it lets through, and go on."""
    plain = environment.ports.http
    assert raw.exchange(plain, HOSTILE["a huge header"][0]) == [400]
    assert raw.exchange(plain, HOSTILE["two lengths"][0]) == [400]
    assert environment.client.ask("/products?" + "a" * 4_000).status == 200
    assert environment.client.ask("/", headers={"cookie": "a" * 4_000}).status == 200


def test_a_page_that_takes_long_does_not_hold_up_others(environment: Environment) -> None:
    """Each connection has a process of its own."""
    node = environment.node(1)
    with raw.connected(node.port) as held:
        held.sendall(b"GET /slow?ms=3000 HTTP/1.1\r\nhost: x\r\nx-forwarded-proto: https\r\n\r\n")
        assert node.serves("/health")
        assert select.select([held], [], [], 0)[0] == []
        assert "200 ok" in raw.answer(held)
