"""The line that shows how far an import is."""

from dataclasses import dataclass, field
import sys
import time

from crcp.importer.run import Progress

#: How often the line is drawn, in seconds, and over how long the rate is taken.
REDRAW = 0.1
RATE_OVER = 3.0

MEBI = 1 << 20


@dataclass
class Bar:
    """One line that shows how far the import is; nothing where nobody looks."""

    shown: bool
    drawn: float = 0.0
    marks: list[tuple[float, int]] = field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        """Draw, if it is time."""
        now = time.monotonic()
        if not self.shown or now - self.drawn < REDRAW:
            return
        self.drawn = now
        done = progress.done + progress.received
        self.marks = [m for m in self.marks if now - m[0] < RATE_OVER and m[1] <= done]
        self.marks.append((now, done))
        print("\r\x1b[K" + self.line(progress, self.rate()), end="", file=sys.stderr, flush=True)

    def listing(self, count: int) -> None:
        """Say how many pictures the camera has described so far."""
        if self.shown:
            self.drawn = time.monotonic()
            print(f"\r\x1b[K{count} listed", end="", file=sys.stderr, flush=True)

    def line(self, progress: Progress, rate: float) -> str:
        """What the line says."""
        done = progress.done + progress.received
        name = "".join(c if c.isprintable() else "?" for c in progress.photo.filename)[:32]
        share = min(1.0, done / progress.total) if progress.total else 0.0
        bar = ("#" * int(20 * share)).ljust(20, ".")
        left = f"{clock((progress.total - done) / rate)} left" if rate else ""
        count = f"{progress.number}/{progress.count}"
        return f"[{bar}] {share:4.0%} {count} {name} {rate / MEBI:.1f} MiB/s {left}".rstrip()

    def rate(self) -> float:
        """Bytes a second, of late."""
        (first, before), (last, now) = self.marks[0], self.marks[-1]
        return (now - before) / (last - first) if last > first else 0.0

    def clear(self) -> None:
        """Make room for something else."""
        if self.shown and self.drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    """Minutes and seconds, or hours before them."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
