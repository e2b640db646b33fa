"""The peer without Home Assistant: our controller alone asks as many units, as often.

Prints what it took to begin with all of them; then, after a line on standard input, what it takes
to go on for so many seconds.
"""

import asyncio
import json
import sys
import time

from crcp.polling import RESTING
from crcp.protocols.crcp.client import Controller
from crcp.protocols.crcp.messages import Command, Subunit


async def ask(controller: Controller, part: str | None) -> None:
    """Ask for the state of a part, or for the list of them."""
    await controller.execute(Command("STAT", argument=Subunit(part) if part else None))


async def begin(port: int) -> Controller:
    """Connect, and ask for everything once."""
    controller = await Controller.connect("127.0.0.1", port)
    for part in RESTING:
        await ask(controller, part)
    return controller


async def keep_asking(controller: Controller, part: str | None, interval: float) -> None:
    """Ask again and again."""
    while True:
        await asyncio.sleep(interval)
        await ask(controller, part)


async def main(seconds: float, ports: list[int]) -> None:
    """Begin, wait for the word, go on."""
    began = time.perf_counter()
    controllers = await asyncio.gather(*map(begin, ports))
    print(json.dumps({"set_up_s": time.perf_counter() - began}), flush=True)
    asking = [
        asyncio.create_task(keep_asking(controller, part, interval))
        for controller in controllers
        for part, interval in RESTING.items()
    ]
    await asyncio.to_thread(sys.stdin.readline)
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    share = (time.process_time() - used) / (time.perf_counter() - began)
    if failed := [task for task in asking if task.done()]:
        raise SystemExit(f"a unit answers no more: {failed[0].exception()}")
    print(json.dumps({"idle_core_percent": 100 * share}), flush=True)
    for task in asking:
        task.cancel()
    await asyncio.gather(*(controller.close() for controller in controllers))


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), json.loads(sys.argv[2])))
