"""Run so many virtual units with all subunits, and print their ports."""

import asyncio
import json
import sys

from crcp.virtual import scenes


async def serve(count: int) -> None:
    """Serve until the process is ended."""
    units = [scenes.studio(name=f"Unit {n}", unit_id=f"unit-{n}") for n in range(count)]
    for unit in units:
        await unit.start()
    print(json.dumps([unit.port for unit in units]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
