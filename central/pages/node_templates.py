"""Templates at the door for nodes: fetched and handed in for one open order each, sealed both ways."""

from flask import Response, jsonify

from central import template_errands
from central.nodes import Node
from central.pages.node_door import blueprint, body, office_here, signed


@blueprint.get("/nodes/<node>/templates/<order>")
@signed
def fetch(known: Node, order: str) -> Response:
    """The template for an order to install or to search."""
    sealed = template_errands.deliver(office_here(), known, order)
    return Response(sealed, mimetype="application/octet-stream")


@blueprint.put("/nodes/<node>/templates/<order>")
@signed
def hand_in(known: Node, order: str) -> Response:
    """The template that an order to export asks for."""
    template_errands.take_in(office_here(), known, order, body())
    return jsonify({"held": True})
