"""The push: a token nobody else sees, faults as sentences, and no name left behind."""

import json
import os
import stat
import textwrap
from pathlib import Path
from typing import Any, Final

import pytest

from perpetual.deploy import push
from perpetual.deploy.image import Image, local
from perpetual.errors import OperatorError

DIGEST: Final = "sha256:" + "d" * 64
IMAGE: Final = Image(
    reference="release:1", id="sha256:" + "1" * 64, commit="c0ffee" * 6, architecture="arm64"
)
TOKEN: Final = {
    "authorizationData": [
        {"authorizationToken": "QVdTOnRva2Vu", "proxyEndpoint": "https://registry.example:5000"}
    ]
}

DOCKER: Final = """\
#!/bin/sh
echo "$@" >> "$LOG"
case "$1" in
  context) echo "unix:///run/user/7/docker.sock" ;;
  push)
    echo "host $DOCKER_HOST" >> "$LOG"
    cp "$DOCKER_CONFIG/config.json" "$LOG.config"
    ls -l "$DOCKER_CONFIG/config.json" | cut -c1-10 > "$LOG.mode"
    echo "$DOCKER_CONFIG" > "$LOG.folder"
    %s ;;
  image)
    if [ "$2" = inspect ]; then
      echo '[{"Id": "sha256:1", "RepoTags": ["release:1", "registry.example:5000/perpetual/prod:x"],
        "Architecture": "arm64", "Config": {"Labels": null}}]'
    fi ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts a stand-in for Docker on the path; `does` is its push."""

    def make(does: str) -> Path:
        program, log = tmp_path / "docker", tmp_path / "log"
        program.write_text(DOCKER % does)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("LOG", str(log))
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        return log

    return make


PUSHED: Final = f'echo "c0ffee: digest: {DIGEST} size: 1994"'


def test_the_image_is_pushed_under_a_tag_that_follows_from_it(docker: Any) -> None:
    """To the registry that the token is for; the local name goes away again."""
    log = docker(PUSHED)
    beats: list[int] = []
    assert push.push(TOKEN, IMAGE, "perpetual/prod", lambda: beats.append(1)) == DIGEST
    lines = log.read_text().splitlines()
    target = "registry.example:5000/perpetual/prod:c0ffeec0ffee-111111111111"
    assert lines[0] == f"tag {IMAGE.id} {target}"
    assert f"push {target}" in lines
    assert lines[-1] == f"image rm --no-prune {target}"
    assert beats


def test_the_token_is_in_a_file_of_its_own_and_then_nowhere(docker: Any) -> None:
    """Docker's own configuration is left alone; its daemon is the one in use."""
    log = docker(PUSHED)
    push.push(TOKEN, IMAGE, "perpetual/prod", lambda: None)
    config = json.loads(Path(f"{log}.config").read_text())
    assert config == {"auths": {"registry.example:5000": {"auth": "QVdTOnRva2Vu"}}}
    assert Path(f"{log}.mode").read_text().strip() == stat.filemode(stat.S_IFREG | 0o600)
    assert not Path(Path(f"{log}.folder").read_text().strip()).exists()
    assert "host unix:///run/user/7/docker.sock" in log.read_text()
    assert "QVdTOnRva2Vu" not in log.read_text()


FAULTS = {
    "denied: User is not authorized to perform: ecr:PutImage": "does not take this push",
    "no basic auth credentials": "does not take this push",
    "tag invalid: The image tag 'x' already exists and cannot be overwritten because the tag is "
    "immutable.": "another image under this tag",
    "toomanyrequests: Rate exceeded": "too many requests at once",
    "dial tcp 10.0.0.1:443: connect: connection refused": "cannot be reached from Docker",
    "name unknown: The repository with name 'perpetual/prod' does not exist": "no such repository",
    "Cannot connect to the Docker daemon": "daemon does not answer",
    "something else entirely": "`docker push` failed",
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_registry_that_refuses_is_a_sentence(said: str, docker: Any) -> None:
    """What it means, and what it said; the local name goes away all the same."""
    log = docker(f"echo {json.dumps(said)} >&2; exit 1")
    with pytest.raises(OperatorError, match=FAULTS[said]) as raised:
        push.push(TOKEN, IMAGE, "perpetual/prod", lambda: None)
    assert said.splitlines()[0][:20] in raised.value.detail
    assert "image rm --no-prune" in log.read_text()


def test_a_push_without_a_digest_is_no_push(docker: Any) -> None:
    """Whatever Docker says."""
    docker("echo done")
    with pytest.raises(OperatorError, match="does not tell its digest"):
        push.push(TOKEN, IMAGE, "perpetual/prod", lambda: None)


def test_a_push_ends_with_the_run(docker: Any, tmp_path: Path) -> None:
    """An interrupt leaves no process that goes on pushing."""
    docker(f"echo $$ > {tmp_path}/pid; exec sleep 300")

    def interrupt() -> None:
        if (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        push.push(TOKEN, IMAGE, "perpetual/prod", interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_token_that_is_none_is_not_handed_on(docker: Any) -> None:
    """Docker would say that nobody is logged in."""
    docker(PUSHED)
    wrong = {"authorizationData": [{**TOKEN["authorizationData"][0], "authorizationToken": "eA=="}]}
    with pytest.raises(OperatorError, match="none that Docker can use"):
        push.push(wrong, IMAGE, "perpetual/prod", lambda: None)


def test_no_docker_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperatorError, match="no command `docker`"):
        push.push(TOKEN, IMAGE, "perpetual/prod", lambda: None)


def test_a_local_image_is_read_with_its_receipt(docker: Any, tmp_path: Path) -> None:
    """What Docker has, and what the check found; nothing where it was never checked."""
    docker(PUSHED)
    found = local(tmp_path, "release:1")
    assert (found.id, found.architecture, found.commit) == ("sha256:1", "arm64", "")
    assert found.receipt is None
    assert found.tag == "1"


def test_an_image_that_is_not_here_is_a_sentence(docker: Any, tmp_path: Path) -> None:
    """With where it might come from."""
    docker(PUSHED)
    script = textwrap.dedent("""\
        #!/bin/sh
        echo 'Error: No such image: x' >&2
        exit 1
        """)
    (tmp_path / "docker").write_text(script)
    with pytest.raises(OperatorError, match="there is no image x here"):
        local(tmp_path, "x")
