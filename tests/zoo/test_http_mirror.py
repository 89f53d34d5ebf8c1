"""Where a mirror may be, where it may send one, and who sees the token."""

import shutil
import subprocess
from pathlib import Path

import pytest
from acclimate.framework.errors import ZooError
from acclimate.zoo.mirrors.download import read_small
from acclimate.zoo.mirrors.http_mirror import HttpMirror
from acclimate.zoo.mirrors.locations import given_mirrors, mirror_at
from acclimate.zoo.mirrors.mirror import MirrorError, NotThereError
from acclimate.zoo.mirrors.web_address import follow

from .faulty_server import Server, redirects_to, serve

SECRET = "hf_secret"  # noqa: S105 - of nobody


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Holds one file."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "file").write_bytes(b"content")
    return tmp_path / "root"


def authorizations(server: Server) -> list[str | None]:
    return [asked.headers.get("authorization") for asked in server.asked]


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("file:///etc", r"https://, http://, hf:// or the path of a folder, but got one of file://"),
        ("ftp://somewhere.example/zoo", "but got one of ftp://"),
        ("s3://bucket/zoo", "but got one of s3://"),
        ("https://", "must be https://host/path"),
        ("https://host:port/", "damaged: Port could not be cast"),
        ("https://host/zoo\x00", "must be https://host/path"),
        ("https://host/zo\u00f6", "in printable ASCII"),
        ("https://me:hf_secret@host/zoo", "at host must have no user, password"),
        ("https://host/zoo?sig=hf_secret", "at host must have no user, password, query"),
        ("hf://owner", r"expected hf://owner/repo"),
        ("hf://owner/../repo", r"expected hf://owner/repo"),
        ("hf://owner/repo/../other", r"expected hf://owner/repo"),
        ("hf://owner/repo@v1%0a", r"expected hf://owner/repo"),
        ("", "the path of a folder, but got ''"),
    ],
)
def test_what_is_no_location_is_refused_and_no_secret_is_shown(location: str, message: str) -> None:
    with pytest.raises(ZooError, match=message) as raised:
        mirror_at(location)
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_mirrors_of_the_environment_come_after_those_given_and_get_no_token(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    with serve(root) as server, serve(root) as other:
        monkeypatch.setenv("ACCLIMATE_ZOO_MIRRORS", f"{other.address}, ,{server.address}")
        mirrors = given_mirrors([server.address], SECRET)
        assert [mirror.location for mirror in mirrors] == [server.address, other.address]
        for mirror in mirrors:
            assert read_small(mirror, "file", 99) == b"content"
    assert authorizations(server) == [f"Bearer {SECRET}"]
    assert authorizations(other) == [None]


def test_a_token_follows_to_the_same_host_and_to_no_other(root: Path) -> None:
    (root / "there").write_bytes(b"there")
    with serve(root) as other, serve(root, [redirects_to("/there"), redirects_to(f"{other.address}/file")]) as server:
        assert read_small(HttpMirror(server.address, SECRET), "file", 99) == b"content"
    assert authorizations(server) == [f"Bearer {SECRET}", f"Bearer {SECRET}"]
    assert authorizations(other) == [None]


def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(ZooError, match=r"http://zoo\.example: a token is sent over https only") as raised:
        HttpMirror("http://zoo.example", SECRET)
    assert SECRET not in str(raised.value)
    with pytest.raises(ZooError, match="a token must be of printable ASCII") as raised:
        HttpMirror("https://zoo.example", f"{SECRET}\n")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://somewhere.example/file", "https://me@host/", ""])
def test_a_redirection_leads_to_web_servers_only(target: str, root: Path) -> None:
    with serve(root, [redirects_to(target)]) as server, pytest.raises(MirrorError, match="redirects to what is no"):
        read_small(HttpMirror(server.address), "file", 99)
    assert len(server.asked) == 1


def test_a_redirection_that_is_less_safe_is_refused() -> None:
    with pytest.raises(MirrorError, match="redirects from https to http, which is refused") as raised:
        follow("https://zoo.example/file", "http://zoo.example/file?signature=hf_secret", "https://zoo.example")
    assert SECRET not in str(raised.value)
    assert follow("http://zoo.example/a", "https://cdn.example/b?c=d", "") == "https://cdn.example/b?c=d"


@pytest.mark.parametrize(("status", "message"), [(401, "wants another token"), (403, "another token"), (400, "400")])
def test_a_refusal_is_not_asked_for_again(status: int, message: str, root: Path) -> None:
    refuse = [lambda request: request.answer(status, {"Content-Length": "0"})]
    with serve(root, refuse) as server, pytest.raises(MirrorError, match=message):
        read_small(HttpMirror(server.address), "file", 99)
    assert len(server.asked) == 1


def test_names_are_quoted_and_what_is_not_there_is_told_apart(root: Path) -> None:
    (root / "a b?c").write_bytes(b"odd")
    with serve(root) as server:
        assert read_small(HttpMirror(f"{server.address}/"), "a b?c", 99) == b"odd"
        with pytest.raises(NotThereError, match="404"):
            read_small(HttpMirror(server.address), "file/none", 99)


def test_a_proxy_is_the_environments(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(root) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        with pytest.raises(NotThereError):
            read_small(HttpMirror("http://zoo.example"), "file", 99)
    assert [asked.path for asked in proxy.asked] == ["http://zoo.example/file"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*command, "-keyout", path, "-out", tmp_path / "own.pem", *subject], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "own.pem").read_bytes())
    return path


def test_certificates_are_checked_and_https_leads_to_no_http(
    certificate: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serve(root) as plain, serve(root, [redirects_to(f"{plain.address}/file")]) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        address = server.address.replace("http:", "https:")
        with pytest.raises(MirrorError, match="CERTIFICATE_VERIFY_FAILED") as raised:
            read_small(HttpMirror(address, SECRET), "file", 99)
        assert not raised.value.again
        assert not server.asked
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.raises(MirrorError, match="redirects from https to http"):
            read_small(HttpMirror(address, SECRET), "file", 99)
        assert read_small(HttpMirror(address, SECRET), "file", 99) == b"content"
        assert not plain.asked
    assert authorizations(server) == [f"Bearer {SECRET}"] * 2
