"""The blueprint that all pages for people hang on."""

from flask import Blueprint

pages = Blueprint("pages", __name__, template_folder="templates")
