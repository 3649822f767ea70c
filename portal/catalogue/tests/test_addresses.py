"""Which addresses may be called: names and public addresses; never credentials of clouds, never ourselves unasked."""

import pytest

from portal.catalogue.addresses import address_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com/",
        "http://shop.example.com:8080/health?full=1",
        "https://10.1.2.3/",
        "https://[2001:db8::1]/",
        "https://shop_internal.corp/",
        "https://SHOP.example.com./",
    ],
)
def test_an_ordinary_address_is_accepted(url: str) -> None:
    # 2001:db8:: is for documentation, so Python calls it private, which companies' own networks are too
    assert address_problem(url, []) == ""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://shop.example.com/", "not a web address"),
        ("shop.example.com", "not a web address"),
        ("https://", "not a web address"),
        ("https://user:secret@shop.example.com/", "user name or password"),
        ("https://shop.example.com/#top", "never sent to a server"),
        ("https://shop.example.com/a b", "invisible character"),
        ("https://shop.example.com/\r\nHost: x", "invisible character"),
        ("https://shop.example.com:99999/", "not an address"),
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://[fe80::1]/", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("http://127.0.0.1/", "own machine"),
        ("http://localhost:5432/", "own machine"),
        ("http://db.localhost/", "own machine"),
        ("http://[::1]/", "own machine"),
        ("http://0.0.0.0/", "own machine"),
        ("http://2130706433/", "not the name of a host"),
        ("http://0x7f.1/", "not the name of a host"),
        ("http://224.0.0.1/", "not the address of one host"),
    ],
)
def test_what_must_not_be_called_is_refused_with_the_reason(url: str, told: str) -> None:
    assert told in address_problem(url, [])


def test_an_operator_may_allow_the_own_machine_and_names_by_pattern() -> None:
    assert address_problem("http://127.0.0.1:5580/", ["127.0.0.1"]) == ""
    assert address_problem("http://a.localhost/", ["*.localhost"]) == ""


def test_the_password_is_not_repeated_in_the_refusal() -> None:
    assert "secret" not in address_problem("https://user:secret@shop.example.com/", [])
