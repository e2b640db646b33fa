"""What all tests share."""

import asyncio
import signal

import pytest


def pytest_configure() -> None:
    """Hear Ctrl-C: a shell makes what it starts in the background deaf to it, and so our children."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
