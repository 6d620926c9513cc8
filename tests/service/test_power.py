# SPDX-License-Identifier: MIT
"""The shutdown is asked for where systemd looks."""

from appliance.core.signals import TABLE, Signal
from appliance.service.power import REQUEST, power_off
from docs.generate.documents import DEPLOY

(UNIT,) = (DEPLOY / "share").iterdir()


def test_a_request_is_left_where_systemd_looks_for_it(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    power_off()
    assert (tmp_path / REQUEST).exists()
    (record,) = caplog.records
    place = "/usr/share/voice-appliance"
    assert f"unless {place}/{UNIT.name} was enabled" in record.getMessage()
    assert TABLE[Signal.SHUT_DOWN].message_id == record.MESSAGE_ID


def test_where_there_is_no_systemd_it_says_so(monkeypatch, caplog, tmp_path):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    power_off()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "none"))
    power_off()
    texts = [record.getMessage() for record in caplog.records]
    assert texts == [
        "no shutdown: systemd has not started this",
        f"no shutdown: {tmp_path}/none: No such file or directory",
    ]
