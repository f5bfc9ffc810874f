import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu.connection import Connection

from marketplace.broker import Channel


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path / "c")}
    with Connection("files://", transport_options={**folders, "store_processed": False}) as connection:
        yield connection.default_channel


def drain(channel: Channel, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        try:
            found.append(channel._get("q")["n"])
        except Empty:
            continue
    return found


def test_messages_are_read_whole_while_many_write(channel: Channel) -> None:
    def write(first: int) -> None:
        for n in range(first, first + 250):
            channel._put("q", {"n": n, "text": "é" * 20_000})

    writers = [threading.Thread(target=write, args=(250 * n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    found = drain(channel, 1000)
    for writer in writers:
        writer.join()
    assert sorted(found) == list(range(1000))


def test_message_that_cannot_be_read_is_dropped(channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "0_a.q.msg").write_text("")
    channel._put("q", {"n": 1})
    assert channel._get("q") == {"n": 1}
    with pytest.raises(Empty):
        channel._get("q")


def test_table_of_queues_being_written_is_read_again(channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir(exist_ok=True)
    table = tmp_path / "c" / "news.exchange"
    table.write_text("")
    timer = threading.Timer(0.2, table.write_text, ['[["", "", "q"]]'])
    timer.start()
    assert [tuple(row) for row in channel.get_table("news")] == [("", "", "q")]
    timer.join()
