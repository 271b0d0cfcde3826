"""Puts the web side together.

`app.extensions["hadir"]` is the `central.office.Office` that every page works with.
"""

from flask import Flask

from central.config import CentralConfig
from central.office import Office, open_office
from central.pages import node_api, node_door, node_templates
from central.pages.site import register_pages

NODE_VIEWS = (node_api, node_templates)
"""The modules whose views hang on the door for nodes; importing them is what puts them there."""
MAX_REQUEST_BYTES = 1_048_576


def create_app(config: CentralConfig) -> Flask:
    """The WSGI application over an installation that `init` has made.

    Raises:
        PrivateFileError, SchemaError, StoreError: as `open_office`.
        UnmarkedEndpointError: an endpoint does not say who may call it.
    """
    return app_for(open_office(config))


def app_for(office: Office) -> Flask:
    """The WSGI application over an open office."""
    app = Flask("central", static_folder=None)
    app.extensions["hadir"] = office
    app.config.update(
        SECRET_KEY=office.keys.session_secret,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        SESSION_COOKIE_SECURE=not office.config.plain_http,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.register_blueprint(node_door.blueprint)
    register_pages(app)
    return app
