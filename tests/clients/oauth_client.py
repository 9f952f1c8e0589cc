"""Authlib and joserfc as client of the authorization server: all that it knows it reads from the metadata.

    oauth_client.py ISSUER CLIENT SECRET PUBLIC_CLIENT REDIRECT PUBLIC_REDIRECT USER PASSWORD CALL
"""

import os
import sys
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

ISSUER, CLIENT, SECRET, PUBLIC, REDIRECT, PUBLIC_REDIRECT, USER, PASSWORD, CALL = sys.argv[1:]

parts = urlsplit(ISSUER)
well_known = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
document = requests.get(well_known, timeout=10).json()
assert document["issuer"] == ISSUER, document
# Authlib holds the document against RFC 8414, which asks for TLS: the loopback listener of a test has none.
AuthorizationServerMetadata(
    {k: v.replace("http://", "https://") if isinstance(v, str) else v for k, v in document.items()}
).validate()
keys = KeySet.import_key_set(requests.get(document["jwks_uri"], timeout=10).json())


class Form(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            assert attrs["method"] == "post"
            self.action = attrs["action"]
        if tag == "input":
            self.fields[attrs["name"]] = attrs.get("value", "")


def check(token, subject, kind):
    """RFC 9068, section 4."""
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "at+jwt", decoded.header
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": ISSUER},
        sub={"essential": True, "value": subject},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
        client_id={"essential": True},
    ).validate(decoded.claims)
    assert decoded.claims["aut"] == kind


def call(token):
    answer = requests.post(CALL, json={"code": "LK"}, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    return answer.status_code


def session(client, secret, method, redirect):
    return OAuth2Session(
        client,
        secret,
        redirect_uri=redirect,
        scope="geo:read",
        token_endpoint=document["token_endpoint"],
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        code_challenge_method="S256",
    )


def browse(url, redirect):
    """A browser: opens the page, fills it in, and gives the address that it is sent to."""
    browser = requests.Session()
    page = browser.get(url, timeout=10)
    assert page.status_code == 200, page.text
    form = Form(page.text)
    form.fields.update(username=USER, password=PASSWORD, decision="allow")
    answer = browser.post(urljoin(page.url, form.action), data=form.fields, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text
    location = answer.headers["Location"]
    assert location.startswith(redirect), location
    # RFC 9207: a client that talks to several servers would see here that another one answered.
    assert parse_qs(urlsplit(location).query)["iss"] == [ISSUER]
    return location


def authorized(client, secret, method, redirect):
    made = session(client, secret, method, redirect)
    verifier = generate_token(48)
    url, state = made.create_authorization_url(document["authorization_endpoint"], code_verifier=verifier)
    location = browse(url, redirect)
    token = made.fetch_token(authorization_response=location, state=state, code_verifier=verifier)
    check(token["access_token"], USER, "application_user")
    assert call(token["access_token"]) == 200
    first = token["refresh_token"]
    token = made.refresh_token(document["token_endpoint"])
    assert token["refresh_token"] != first and call(token["access_token"]) == 200
    try:
        made.fetch_token(authorization_response=location, state=state, code_verifier=verifier)
        raise AssertionError("a code was good twice")
    except OAuthError as error:
        assert error.error == "invalid_grant", error


def credentials(method):
    made = session(CLIENT, SECRET, method, None)
    token = made.fetch_token(document["token_endpoint"], grant_type="client_credentials")["access_token"]
    check(token, CLIENT, "application")
    assert call(token) == 200
    seen = made.introspect_token(document["introspection_endpoint"], token=token).json()
    assert seen["active"] is True and seen["client_id"] == CLIENT and seen["scope"] == "geo:read", seen
    assert made.revoke_token(document["revocation_endpoint"], token=token).status_code == 200
    assert made.introspect_token(document["introspection_endpoint"], token=token).json() == {"active": False}


for name in ("client_secret_basic", "client_secret_post"):
    assert name in document["token_endpoint_auth_methods_supported"]
    credentials(name)
    authorized(CLIENT, SECRET, name, REDIRECT)
authorized(PUBLIC, None, "none", PUBLIC_REDIRECT)
try:
    session(CLIENT, "wrong", "client_secret_basic", None).fetch_token(
        document["token_endpoint"], grant_type="client_credentials"
    )
    raise AssertionError("a wrong secret was taken")
except OAuthError as error:
    assert error.error == "invalid_client", error
print("all calls are as they should be")
