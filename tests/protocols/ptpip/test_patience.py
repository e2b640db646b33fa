"""How long an initiator waits, without a clock."""

from custom_components.crcp.protocols.ptpip.patience import LEAST_PROGRESS, Patience


def patience() -> Patience:
    patience = Patience()
    patience.begin(30.0)
    return patience


def test_waiting_uses_patience_up() -> None:
    waiting = patience()
    waiting.waited(20.0)
    waiting.waited(9.0)
    assert waiting.left == 1.0


def test_progress_renews_it() -> None:
    waiting = patience()
    waiting.waited(29.0)
    waiting.moved(LEAST_PROGRESS)
    assert waiting.left == 30.0


def test_a_byte_now_and_then_is_no_progress() -> None:
    waiting = patience()
    for _ in range(6):
        waiting.moved(1)
        waiting.waited(5.0)
    assert waiting.left == 0.0


def test_patience_without_end_is_never_used_up() -> None:
    waiting = Patience()
    waiting.waited(1e9)
    waiting.moved(1 << 30)
    assert waiting.left is None
