"""The seams to flask-smorest: strict parsing, problem documents, and typed decorators.

flask-smorest has no type information; this module is the only one that touches it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any, NoReturn

from flask import Flask, Request, Response, current_app, json, request
from flask.typing import ResponseReturnValue
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from databeheer.errors import DatabeheerError
from web import answers
from web.api import common_headers, conditional, deprecation
from web.api.fields import AccessPointCode, Moment
from web.api.schemas.problems import ProblemSchema
from web.api.schemas.tokens import TokenError
from web.bearer import proof_for
from web.parsing import MAX_BODY_BYTES, parse_json_object, parse_pairs, read_body
from web.problems import MEDIA_TYPE, PROBLEMS, MalformedBodyError
from web.tokens import REVOKE_PATH

TOKEN_PATH = "/oauth2/token"
JWKS_PATH = "/oauth2/jwks"
METADATA_PATH = "/.well-known/oauth-authorization-server"
WITHOUT_TOKEN = frozenset({TOKEN_PATH, REVOKE_PATH, JWKS_PATH, METADATA_PATH})
IDEMPOTENCY_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A key of your own for this one request (a UUID, say). Sent again with the same key within a "
    "day, the same request gets its first answer and is not carried out twice; another one is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_KEY = re.compile("[!-~]{1,200}")
View = Callable[..., ResponseReturnValue]
SchemaLike = Schema | type[Schema]


class StrictParser(FlaskParser):
    """webargs, reading through `web.parsing` and raising problems instead of aborting."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  # as webargs declares it

    def load_json(self, req: Request, schema: Schema) -> Any:
        """Read the body as one strict JSON object."""
        largest = getattr(schema, "largest_body", MAX_BODY_BYTES)
        return parse_json_object(read_body(req, "application/json", largest=largest))

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """Read the query string: each name once."""
        return parse_pairs(req.query_string, "query")

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        """Say of every wrong field where it stands and what is wrong."""
        wrong = tuple(places(error.messages_dict))
        raise MalformedBodyError(
            "the request has a field that is missing, unknown or wrong", wrong
        ) from error


def places(messages: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield where something is wrong, and what, from the messages of a schema under their location."""
    # webargs puts the location first; a body's fields become JSON pointers, parameters keep their name.
    for location, tree in messages.items():
        yield from _leaves(tree, "" if location == "query" else "/")


def _leaves(tree: object, path: str) -> Iterator[dict[str, str]]:
    if isinstance(tree, Mapping):
        for key, branch in tree.items():
            step = "" if key == "_schema" else str(key)
            yield from _leaves(branch, path + step if path in ("", "/") else f"{path}/{step}")
    else:
        for message in tree if isinstance(tree, list) else [tree]:
            yield {"where": path or "query", "detail": str(message)}


class MarketApi(Api):  # type: ignore[misc]  # untyped library
    """flask-smorest without its error bodies: ours are problem documents.

    Its own document is written when it is first asked for: that takes longer than all else at the start.
    """

    ERROR_SCHEMA = ProblemSchema()
    DEFAULT_ERROR_RESPONSE_NAME = None  # every refusal is named

    def __init__(self, app: Flask) -> None:
        self._writing = Lock()
        self._chapters: list[Callable[[], None]] = []
        self._document: str | None = None
        super().__init__(app)

    def describe_later(self, chapter: Callable[[], None]) -> None:
        """Add what `chapter` adds to the document, once it is written."""
        self._chapters.append(chapter)

    def _register_error_handlers(self) -> None:
        """Leave errors to `web.answers`."""

    def _openapi_json(self) -> Response:
        with self._writing:
            if self._document is None:
                for chapter in self._chapters:
                    chapter()
                document = self.spec.to_dict()
                common_headers.describe(document, deprecation.listed_by_path())
                self._document = json.dumps(document, indent=2, sort_keys=False)
        return current_app.response_class(self._document, mimetype="application/json")


class MarketBlueprint(Blueprint):  # type: ignore[misc]  # untyped library
    """A blueprint that parses strictly, and describes its views when the document is asked for."""

    ARGUMENTS_PARSER = StrictParser()

    def register_views_in_doc(self, api: MarketApi, app: Flask, spec: Any, **names: Any) -> None:
        """Leave it to `MarketApi`, until somebody asks."""
        api.describe_later(partial(super().register_views_in_doc, api, app, spec, **names))


blueprint = MarketBlueprint("market-api", __name__, description="Ask permission, read, end, verify.")
blueprint.register_error_handler(DatabeheerError, answers.answer_error)
blueprint.after_request(conditional.add_etag)
blueprint.after_request(deprecation.tell)


@blueprint.before_request  # type: ignore[untyped-decorator]  # untyped library
def require_token() -> None:
    """Ask for a token of this interface before looking at anything else."""
    if request.path not in WITHOUT_TOKEN:
        proof_for("own")
    deprecation.refuse_retired()


def operation(
    rule: str,
    method: str,
    *,
    answer: SchemaLike | None,
    summary: str,
    status: int = 200,
    example: object = None,
    query: SchemaLike | None = None,
    body: SchemaLike | None = None,
    body_example: object = None,
    refusals: tuple[str, ...] = (),
    content: Mapping[str, Any] | None = None,
    headers: Mapping[str, Any] | None = None,
    security: list[dict[str, list[str]]] | None = None,
    takes_key: bool = False,
    documents: Iterable[str] = (),
    document_example: str = "",
    also: Mapping[int, Any] | None = None,
) -> Callable[[View], View]:
    """Register a view with its documentation.

    `refusals` are slugs of the problem table. `documents`: the body is a document of one of these media types.
    `also`: answers of other statuses, that are no refusals.
    """

    def decorate(view: View) -> View:
        wrapped = view
        for decorator in _decorators(answer, status, example, query, body, body_example, headers):
            wrapped = decorator(wrapped)
        extra: dict[str, Any] = {
            "summary": summary,
            "operationId": view.__name__,
            "description": inspect.cleandoc(view.__doc__ or ""),
        }
        if security is not None:
            extra["security"] = security
        if documents:
            binary = {"schema": {"type": "string", "format": "binary"}, "example": document_example}
            extra["requestBody"] = {"required": True, "content": dict.fromkeys(documents, binary)}
        if takes_key:
            extra["parameters"] = [IDEMPOTENCY_KEY]
        extra["responses"] = {**(also or {}), **_refusal_responses(refusals)}
        if content:
            extra["responses"][status] = {"content": dict(content)}
        documented: View = blueprint.doc(**extra)(wrapped)
        blueprint.route(rule, methods=[method])(documented)
        return view

    return decorate


def _decorators(
    answer: SchemaLike | None,
    status: int,
    example: object,
    query: SchemaLike | None,
    body: SchemaLike | None,
    body_example: object,
    headers: Mapping[str, Any] | None,
) -> list[Callable[[View], View]]:
    chosen: list[Callable[[View], View]] = []
    # The innermost first: the view takes the query, then the body.
    if body is not None:
        chosen.append(blueprint.arguments(body, location="json", example=body_example))
    if query is not None:
        chosen.append(blueprint.arguments(query, location="query"))
    chosen.append(blueprint.response(status, answer, example=example, headers=headers))
    return chosen


def idempotency_key() -> dict[str, str]:
    """Return the key of this request as an argument for the door; nothing where none came.

    Raises:
        MalformedBodyError: it is empty, too long, came twice, or has other characters than visible ASCII.
    """
    key = request.headers.get(IDEMPOTENCY_KEY["name"])
    if key is None:
        return {}
    if _KEY.fullmatch(key) is None:
        place = {"where": IDEMPOTENCY_KEY["name"], "detail": "1 to 200 visible ASCII characters, once"}
        raise MalformedBodyError("the idempotency key is not understood", (place,))
    return {"idempotency_key": key}


def _refusal_responses(slugs: tuple[str, ...]) -> dict[int, Any]:
    by_status: dict[int, list[str]] = {}
    for slug in slugs:
        by_status.setdefault(PROBLEMS[slug].status, []).append(slug)
    return {status: problem_response(status, of) for status, of in sorted(by_status.items())}


def problem_response(status: int, slugs: list[str]) -> dict[str, Any]:
    """Return the OpenAPI description of a refusal, with an example per problem type."""
    examples = {
        slug: {
            "summary": PROBLEMS[slug].title,
            "value": {
                "type": PROBLEMS[slug].uri,
                "title": PROBLEMS[slug].title,
                "status": status,
                "detail": PROBLEMS[slug].meaning,
                "remedy": PROBLEMS[slug].remedy,
            },
        }
        for slug in slugs
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": HTTPStatus(status).phrase + ": " + ", ".join(slugs),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }


def make_api(app: Flask, description: str) -> MarketApi:
    """Return the API over `app`, its document at `/api/v1/openapi.json`."""
    app.config.update(
        API_TITLE="databeheer market API",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": description, "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"}},
            "security": [{"token": []}],
        },
    )
    api = MarketApi(app)
    for field in (Moment, AccessPointCode):
        api.register_field(field, "string", None)
    api.spec.components.schema("TokenError", schema=TokenError)
    api.spec.components.security_scheme(
        "token",
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": {}}}},
    )
    api.spec.components.security_scheme("client", {"type": "http", "scheme": "basic"})
    return api
