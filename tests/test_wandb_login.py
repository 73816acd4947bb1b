"""Who gets the W&B key: the host that it is for, over a line that nobody reads; no other."""

import pytest

from reportgen.errors import SourceError
from reportgen.sources.wandb import login
from reportgen.sources.wandb.address import Address

NETRC = """machine api.wandb.ai login user password key-of-wandb
machine wandb.corp.example login user password key-of-corp
machine localhost:8080 login user password key-of-here
default login user password key-of-anybody
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Where an address is asked, and the key that goes there; None: the one that the client has for it."""
    place = tmp_path / "netrc"
    place.write_text(NETRC, encoding="utf-8")
    place.chmod(0o600)
    monkeypatch.setenv("NETRC", str(place))
    monkeypatch.delenv("WANDB_APP_URL", raising=False)

    def asked(site, configured="https://api.wandb.ai"):
        monkeypatch.setenv("WANDB_BASE_URL", configured)
        return login._host(Address("team", "project", "run", site=site))

    return asked


@pytest.mark.parametrize("site", ["", "https://wandb.ai", "https://api.wandb.ai", "http://wandb.ai"])
def test_the_configured_server_gets_its_own_key(host, site):
    assert host(site) == ("https://api.wandb.ai", None)


def test_a_server_of_netrc_gets_the_key_that_netrc_has_for_it(host):
    assert host("https://wandb.corp.example") == ("https://wandb.corp.example", "key-of-corp")
    assert host("http://localhost:8080") == ("http://localhost:8080", "key-of-here")


@pytest.mark.parametrize("site", [
    "https://wandb.evil.example",  # netrc's default is for anybody, so for nobody
    "http://wandb.corp.example",  # in the clear
    "https://wandb.corp.example:8443",  # another port is another server
    "https://wandb.ai:8443",
    "http://localhost:9090",
])  # fmt: skip
def test_no_key_goes_to_another_host_or_in_the_clear(host, site):
    with pytest.raises(SourceError, match="not a host that your W&B key is for, so nothing was sent there"):
        host(site)


def test_a_configured_server_in_the_clear_gets_nothing(host):
    with pytest.raises(SourceError, match="in the clear, so nothing was sent"):
        host("", configured="http://wandb.corp.example")
    assert host("", configured="http://127.0.0.1:8080") == ("http://127.0.0.1:8080", None)


def test_http_that_was_pasted_is_asked_over_https(host):
    """The configured server's pages, pasted without the s."""
    assert host("http://wandb.corp.example", configured="https://wandb.corp.example") == (
        "https://wandb.corp.example", None)  # fmt: skip


def test_with_another_server_configured_a_run_of_wandb_ai_gets_netrcs_key(host):
    """Never the one that is configured for the other server."""
    assert host("https://wandb.ai", configured="https://wandb.corp.example") == ("https://api.wandb.ai", "key-of-wandb")


def test_what_the_client_says_is_told_without_the_key(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "plain-word-key")
    said = login.said(ValueError("refused: plain-word-key\nand other-key too."), "other-key")
    assert said == "refused: [removed] and [removed] too"
