"""What all tests share."""

import pytest


@pytest.fixture(autouse=True)
def find_the_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find custom_components/crcp, in the tests that start Home Assistant."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


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
