# SPDX-License-Identifier: MIT
"""The kernel's PWM, on a tree of files as sysfs has them; not seen on a Pi."""

import struct
from pathlib import Path

import pytest

from appliance.hardware import kernel_pwm as module
from appliance.hardware.gpio import GpioUnavailable, claim_led, wakes_at_rest
from appliance.hardware.kernel_pwm import kernel_pwm
from tests.hardware.test_libgpiod import chip  # noqa: F401

MS_NS = 1_000_000


def cells(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


@pytest.fixture(autouse=True)
def sysfs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(module, "_SYS", tmp_path)
    monkeypatch.setattr(module, "_OPENED_WITHIN_S", 0.05)
    return tmp_path


def plant(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def channel(root: Path, number: int) -> Path:
    """Of pwmchip0, already exported; regular files keep what was written last."""
    path = root / f"class/pwm/pwmchip0/pwm{number}"
    plant(path, {"duty_cycle": b"0", "period": b"0", "enable": b"0"})
    return path


def written(path: Path) -> dict[str, int]:
    return {file.name: int(file.read_text()) for file in path.iterdir()}


def pwm_gpio(root: Path, gpio: int) -> Path:
    node = "class/pwm/pwmchip0/device/of_node"
    plant(root, {f"{node}/compatible": b"pwm-gpio\0",
                 f"{node}/gpios": cells(7, gpio, 0)})  # fmt: skip
    return channel(root, 0)


def soc_pwm(root: Path, gpio: int, pins: dict[str, bytes]) -> None:
    node, group = "class/pwm/pwmchip0/device/of_node", "bus/gpio/devices/gpiochip0"
    plant(root, {f"{node}/compatible": b"brcm,bcm2835-pwm\0",
                 f"{node}/pinctrl-0": cells(0x51)})  # fmt: skip
    plant(root / group / "of_node/pwm_pins", {"phandle": cells(0x51), **pins})


def test_a_machine_without_any_has_none():
    assert kernel_pwm(27) is None


def test_a_line_that_an_overlay_pulses_is_dimmed_there(sysfs):
    files = pwm_gpio(sysfs, 27)
    pwm = kernel_pwm(27)
    pwm.set(0.25)
    assert written(files) == {"duty_cycle": MS_NS // 4, "period": MS_NS, "enable": 1}
    pwm.close()
    assert written(files)["duty_cycle"] == 0
    assert kernel_pwm(22) is None


@pytest.mark.parametrize(
    ("gpio", "number", "pins"),
    [
        (12, 0, {"brcm,pins": cells(12)}),
        (13, 1, {"brcm,pins": cells(12, 13)}),
        (13, 1, {"pins": b"gpio12\0gpio13\0"}),
    ],
)
def test_the_socs_pwm_is_taken_where_the_pins_are_connected_to_it(
    sysfs, gpio, number, pins
):
    soc_pwm(sysfs, gpio, pins)
    files = channel(sysfs, number)
    kernel_pwm(gpio).set(1.0)
    assert written(files)["duty_cycle"] == MS_NS


def test_the_socs_pwm_on_other_pins_is_not_that_of_the_led(sysfs):
    soc_pwm(sysfs, 12, {"brcm,pins": cells(18, 19)})
    channel(sysfs, 0)
    assert kernel_pwm(12) is None


def test_one_that_may_not_be_written_says_so(sysfs):
    pwm_gpio(sysfs, 27)
    (sysfs / "class/pwm/pwmchip0/pwm0/enable").unlink()
    (sysfs / "class/pwm/pwmchip0/pwm0/enable").mkdir()
    with pytest.raises(
        GpioUnavailable, match=r"^the kernel's PWM: .*/enable: Is a dir"
    ):
        kernel_pwm(27)


def test_an_led_there_is_not_claimed_and_rests_dimmed(sysfs, chip):  # noqa: F811
    files = pwm_gpio(sysfs, 27)
    light = claim_led(27)
    light.value = 0.05
    assert written(files)["duty_cycle"] == MS_NS // 20
    assert not wakes_at_rest(light)
    assert not chip.requests
    light.close()
