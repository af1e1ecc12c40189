"""The door of the API: JSON in, JSON out, a key in the header, and every error as a code with a sentence."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated, Throttled, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView, exception_handler

from members.api import keys
from members.models import ApiKey

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024
LONGEST_REQUEST_KEY = 64


class Declined(APIException):
    """The request is understood and refused: `code` for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str, status: int = HTTPStatus.CONFLICT) -> None:
        super().__init__(sentence, code)
        self.status_code = status


class TooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The request is larger than 64 kB.")


class WrongKeys(SimpleRateThrottle):
    """How often an address may try a key that is none."""

    scope = "wrong_key"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return f"api-wrong-key-{self.get_ident(request)}"


class PerKey(SimpleRateThrottle):
    """How often a key may ask."""

    scope = "key"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"api-key-{request.auth.pk}" if request.auth else None


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer jf_…`; the request's `auth` is the ApiKey."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey]:
        words = get_authorization_header(request).split()
        if not words:
            raise NotAuthenticated(_("Send the key of your system as “Authorization: Bearer …”."))
        secret = words[1].decode("latin-1") if len(words) == 2 and words[0].lower() == b"bearer" else ""
        key = keys.known(secret, at=timezone.now())
        if key is None:
            throttle = WrongKeys()
            if not throttle.allow_request(request, None):
                raise Throttled(throttle.wait())
            raise AuthenticationFailed(_("There is no such key, or it was revoked."))
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class InScope(BasePermission):
    message = _("This key may not do this.")
    code = "not_allowed"

    def has_permission(self, request: Request, view: Any) -> bool:
        return view.scope in request.auth.scopes


class SmallJSON(JSONParser):
    """JSON of a size that a request here can have."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise TooLarge
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ValidationError(_("This is no JSON that we can read.")) from error


class Endpoint(APIView):
    """A view of the API. `scope` is what a key must be allowed."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = (InScope,)
    throttle_classes = (PerKey,)
    parser_classes = (SmallJSON,)
    renderer_classes = (JSONRenderer,)
    scope = ""

    def request_key(self) -> str:
        """Return the caller's Idempotency-Key, known to be of his system alone."""
        key = self.request.headers.get("Idempotency-Key", "").strip()
        if not 1 <= len(key) <= LONGEST_REQUEST_KEY or not key.isprintable():
            sentence = gettext("Send a header Idempotency-Key of 1 to 64 characters, a new one for each new request.")
            raise Declined("idempotency_key_missing", sentence, HTTPStatus.BAD_REQUEST)
        return f"{self.own_keys()}{key}"

    def own_keys(self) -> str:
        """Return how all request keys of the caller's system begin."""
        return f"api:{self.request.auth.pk}:"


def told(error: Exception, context: dict[str, Any]) -> Response:
    """Return an error as `{"error": {"code", "message"}}`; what nobody has thought of is logged and tells nothing."""
    response = exception_handler(error, context)
    if response is None:
        log.error("the API failed at %s", context["request"].path, exc_info=error)
        return Response(_body("server_error", gettext("Something went wrong here. Try again later.")), status=500)
    if isinstance(error, ValidationError):
        response.data = _body("invalid", *_wrong(response.data))
        return response
    detail = getattr(error, "detail", None)
    code = getattr(detail, "code", None) or HTTPStatus(response.status_code).name.lower()
    response.data = _body(code, str(detail or HTTPStatus(response.status_code).phrase))
    return response


@csrf_exempt
def not_found(request: HttpRequest) -> JsonResponse:
    """Tell in JSON that there is nothing at an address of the API."""
    return JsonResponse(_body("not_found", gettext("There is nothing at this address.")), status=404)


def _body(code: str, message: str, fields: Any = None) -> dict[str, Any]:
    told_of = {"fields": fields} if fields else {}
    return {"error": {"code": code, "message": message, **told_of}}


def _wrong(data: Any) -> tuple[str, Any]:
    """Return the first sentence of what is wrong, with its field, and all of them by field."""
    if not isinstance(data, dict):
        return " ".join(map(str, data)), None
    fields = {name: [str(one) for one in sentences] for name, sentences in data.items()}
    name, sentences = next(iter(fields.items()))
    return (sentences[0] if name == "non_field_errors" else f"{name}: {sentences[0]}"), fields
