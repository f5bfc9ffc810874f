"""The trial's message queue, in files: kombu's own transport, made safe for a reader beside its writers.

As shipped, a message can be read between the opening of its file and its writing; the worker then dies of the empty
text. Here a message appears in one rename, and a table of queues that is being written is read again.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)
T = TypeVar("T")
encode: Any = dumps
TRIES, PAUSE = 40, 0.05
Shipped: Any = filesystem.Channel  # without types


def patiently(read: Callable[[], T]) -> T:
    """What `read` gives once the file it reads has been written to its end."""
    for _try in range(TRIES):
        try:
            return read()
        except ValueError:
            time.sleep(PAUSE)
    return read()


class Channel(Shipped):  # type: ignore[misc]
    """Messages that appear whole or not at all."""

    def get_table(self, exchange: str) -> Any:
        return patiently(lambda: super(Channel, self).get_table(exchange))

    def _queue_bind(self, *names: Any) -> None:
        patiently(lambda: super(Channel, self)._queue_bind(*names))

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        unseen = folder / f".{name}.part"
        unseen.write_text(str(encode(payload)))
        unseen.replace(folder / name)

    def _get(self, queue: str) -> Any:
        """The next message; one that cannot be read is dropped, for the sweeps will find what it was about."""
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                log.exception("A message of the queue %s cannot be read.", queue)


class Transport(filesystem.Transport):
    """kombu's file transport with our channel, known as `files://`."""

    Channel = Channel


TRANSPORT_ALIASES["files"] = f"{__name__}:Transport"
