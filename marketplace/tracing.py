"""The id of the request that all this is done for: in logs, tasks and mails."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
