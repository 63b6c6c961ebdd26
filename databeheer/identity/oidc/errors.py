"""What can go wrong with a provider: the person's log-in, the provider itself, or our settings."""

from __future__ import annotations

from databeheer.errors import DatabeheerError, UnauthenticatedError, UnavailableError


class AnswerRefusedError(UnauthenticatedError):
    """The provider's answer is not as it must be; the message says which rule, and never what stood there."""


class LogInDeclinedError(UnauthenticatedError):
    """The visitor broke the log-in off at the provider, or the provider would not log him in."""

    code = "login-declined"


class LevelTooLowError(UnauthenticatedError):
    """The visitor logged in by a means that is not strong enough here."""

    code = "level-too-low"


class ProviderAwayError(UnavailableError):
    """The provider does not answer, or not as one should. `slug` says how, for whoever runs the house."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"the identity provider does not answer as it should ({slug}); try again in a minute"
        )
        self.slug = slug


class ProviderSettingsError(DatabeheerError):
    """The settings of the provider cannot be used; the message names which, and what to do."""

    code = "settings"
