# SPDX-License-Identifier: MIT
"""What is written is on the disk, in an order that no power cut can tear."""

import os

import pytest

from appliance.basics.whole_file import read_small, write_whole


@pytest.fixture
def synced(monkeypatch) -> list[str]:
    """What reaches the disk, in order: contents and names."""
    steps: list[str] = []

    def spy(name, describe):
        real = getattr(os, name)

        def call(*args):
            steps.append(describe(*args))
            return real(*args)

        monkeypatch.setattr(os, name, call)

    def file_of(descriptor):
        name = os.readlink(f"/proc/self/fd/{descriptor}").rsplit("/", 1)[1]
        is_file = os.path.isfile(f"/proc/self/fd/{descriptor}")
        size = f" of {os.fstat(descriptor).st_size} bytes" if is_file else ""
        return f"sync {name}{size}"

    spy("fsync", file_of)
    spy("replace", lambda source, target: f"{source.name} becomes {target.name}")
    return steps


def test_the_content_is_on_the_disk_before_its_name_and_the_name_before_the_return(
    tmp_path, synced
):
    path = tmp_path / "there" / "state"
    umask, before = os.umask(0o077), os.listdir("/proc/self/fd")
    try:
        write_whole(path, b"four", 0o640)
    finally:
        os.umask(umask)
    assert synced == [
        "sync .state.draft of 4 bytes",
        ".state.draft becomes state",
        "sync there",
    ]
    assert path.read_bytes() == b"four"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir("/proc/self/fd") == before


def test_a_draft_of_an_earlier_power_cut_is_not_written_through(tmp_path):
    """It may be a link to a file of somebody else's."""
    (tmp_path / "other").write_text("untouched")
    (tmp_path / ".state.draft").symlink_to(tmp_path / "other")
    write_whole(tmp_path / "state", b"new", 0o600)
    assert (tmp_path / "other").read_text() == "untouched"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "state"]


def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert read_small(path, 4) == b"1234"
    with pytest.raises(OSError, match="larger than 3 bytes"):
        read_small(path, 3)
