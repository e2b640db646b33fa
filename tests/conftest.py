"""What all tests share."""

import asyncio
import asyncio.constants
import os
import signal
import traceback

import pytest

#: A debugging event loop keeps the stack of whatever makes a future. All of it, forty frames, would
#: be a third of the time of the tests with Home Assistant; so many tell where it came from.
FRAMES = 3


def pytest_configure() -> None:
    """Hear Ctrl-C, and keep short stacks.

    A shell makes what it starts in the background deaf to Ctrl-C, and so our children.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio.constants.DEBUG_STACK_DEPTH = FRAMES
    traceback.extract_stack.__defaults__ = (None, FRAMES)  # asyncio's C half asks it for no limit


def pytest_xdist_auto_num_workers() -> int:
    """Use half as many processes again as processors: many tests wait for a clock or a program."""
    return (os.process_cpu_count() or 1) * 3 // 2


@pytest.fixture(autouse=True)
def find_the_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find custom_components/crcp, in the tests that start Home Assistant."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(request: pytest.FixtureRequest) -> None:
    """Let the event loop look for mistakes where Home Assistant runs in it.

    It would elsewhere too; but moving many bytes over sockets takes twice as long then.
    """
    asyncio.get_running_loop().set_debug("hass" in request.fixturenames)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the output with what was skipped and why, so that nobody has to look for it."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:  # a worker of a parallel run; the main process reports
        return
    skipped = terminal.stats.get("skipped", [])
    for report in skipped:
        terminal.write_line(f"skipped: {report.nodeid}: {_reason(report)}")
    if not skipped:
        terminal.write_line("nothing was skipped")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
