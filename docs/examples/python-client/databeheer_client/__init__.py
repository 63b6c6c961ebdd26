"""A client of the market API: standard library, and joserfc with cryptography for your own key."""

from databeheer_client.client import Client
from databeheer_client.credentials import ClientKey, ClientSecret
from databeheer_client.problems import ProblemError, UnreachableError
from databeheer_client.webhooks import Event, ForgedWebhookError, verify

__all__ = [
    "Client",
    "ClientKey",
    "ClientSecret",
    "Event",
    "ForgedWebhookError",
    "ProblemError",
    "UnreachableError",
    "verify",
]
