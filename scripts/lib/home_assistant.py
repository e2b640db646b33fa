"""Run a real Home Assistant with this integration on 127.0.0.1, and talk to it as its pages do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
import ctypes
import itertools
import json
import os
from pathlib import Path
import signal
import socket
import sys
import time
from typing import Any, Self

import aiohttp

ROOT = Path(__file__).resolve().parents[2]

#: Home Assistant installs its own requirements at its first start, which takes minutes somewhere.
START_TIMEOUT = 600

USERNAME = PASSWORD = "demo"
LOG_NAME = "home-assistant.log"
CLIENT_ID = "http://127.0.0.1/"

#: What a person needs to look around, and nothing that talks to the world outside.
CONFIGURATION = """\
homeassistant:
  name: CRCP demo
  time_zone: UTC
  unit_system: metric
  country: JP
  media_dirs:
    local: {media}
http:
  server_host: 127.0.0.1
  server_port: {port}
automation:
config:
conversation:
frontend:
history:
logbook:
media_source:
my:
scene:
script:
stream:
system_health:
zeroconf:
logger:
  default: warning
  logs:
    custom_components.crcp: info
"""


class StartFailed(Exception):
    """Home Assistant, or a process beside it, did not start; the text says why."""


class Process:
    """A child process in a group of its own, so that nothing of it stays behind."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process

    @classmethod
    async def start(cls, name: str, *command: str, output: Path | None = None) -> Self:
        """Start a command; its output goes to a file, or is read from process.stdout."""
        with output.open("ab") if output else nullcontext() as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log or asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT if log else None,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        return cls(name, process)

    async def read_line(self) -> bytes:
        """Read the next line of the output; empty at its end."""
        return await self.process.stdout.readline() if self.process.stdout else b""

    async def stop(self) -> None:
        """Ask it to end; after ten seconds end it and all that it started."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self.process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()


def _end_with_parent() -> None:
    """Ask Linux to end this process when the one that started it is gone, however it went.

    A Home Assistant that is still starting ignores the request to end, and nobody is left to ask
    twice; so it is not asked.
    """
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class HomeAssistant:
    """A running Home Assistant, logged in."""

    def __init__(self, folder: Path, port: int, session: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.config = folder / "config"
        self.media = folder / "media"
        self.log = folder / LOG_NAME
        self.address = f"http://127.0.0.1:{port}"
        self.token = ""
        self._port = port
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.process: Process | None = None
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._subscribers: dict[int, Callable[[Any], None]] = {}

    @classmethod
    @asynccontextmanager
    async def run(
        cls, folder: Path, port: int, *, say: Callable[[str], None]
    ) -> AsyncIterator[Self]:
        """Start it with its files in folder, log in, and stop it at the end."""
        async with aiohttp.ClientSession() as session:
            home = cls(folder, port, session)
            home.write_configuration()
            process = await Process.start(
                "Home Assistant",
                *(sys.executable, "-m", "homeassistant", "--config", str(home.config)),
                output=home.log,
            )
            try:
                await home.wait_until_running(process, say)
                home.process = process
                async with home.logged_in():
                    yield home
            finally:
                await process.stop()

    def write_configuration(self) -> None:
        """Write the configuration, with this checkout's integration in it."""
        self.media.mkdir(parents=True, exist_ok=True)
        storage = self.config / ".storage"
        storage.mkdir(parents=True, exist_ok=True)
        text = CONFIGURATION.format(media=json.dumps(str(self.media)), port=self._port)
        (self.config / "configuration.yaml").write_text(text)
        link = self.config / "custom_components"
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT / "custom_components")
        # Home Assistant keeps the address that it took from the configuration before.
        (storage / "http").unlink(missing_ok=True)
        onboarding = storage / "onboarding"
        if not onboarding.exists():
            done = {"done": ["core_config", "analytics", "integration"]}
            onboarding.write_text(
                json.dumps({"version": 4, "minor_version": 1, "key": "onboarding", "data": done})
            )

    async def wait_until_running(self, process: Process, say: Callable[[str], None]) -> None:
        """Return when Home Assistant answers. Raises StartFailed when it ends or never does."""
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT
        patience = itertools.count(1)
        while asyncio.get_running_loop().time() < deadline:
            if process.process.returncode is not None:
                raise StartFailed(f"Home Assistant ended at once; its log: {self.log}")
            with suppress(aiohttp.ClientError):
                async with self._session.get(f"{self.address}/manifest.json") as answer:
                    if answer.status == 200:
                        return
            if "Unable to install package" in self.log.read_text():
                raise StartFailed(
                    "Home Assistant could not install what it needs; is there a network? "
                    f"Its log: {self.log}"
                )
            if next(patience) == 40:
                say("still starting: at its first start Home Assistant installs what it needs")
            await asyncio.sleep(0.25)
        raise StartFailed(f"Home Assistant did not start; its log: {self.log}")

    # -- logging in ----------------------------------------------------------------------------

    @asynccontextmanager
    async def logged_in(self) -> AsyncIterator[None]:
        """Log in and keep a websocket open."""
        code = await self._create_user() or await self._log_in()
        form = {"grant_type": "authorization_code", "code": code, "client_id": CLIENT_ID}
        async with self._session.post(f"{self.address}/auth/token", data=form) as answer:
            answer.raise_for_status()
            self.token = (await answer.json())["access_token"]
        async with self._session.ws_connect(f"{self.address}/api/websocket") as ws:
            await ws.receive_json()
            await ws.send_json({"type": "auth", "access_token": self.token})
            if (await ws.receive_json())["type"] != "auth_ok":
                raise StartFailed("Home Assistant did not accept the login")
            self._socket = ws
            reader = asyncio.create_task(self._read(ws))
            try:
                await self._wait_until_started()
                # A new address is taken back after five minutes unless somebody confirms it.
                await self.ask("http/config/promote")
                # That the address is in the configuration is no news to whoever looks at the demo.
                with suppress(RuntimeError):  # in another version it may be none
                    await self.ask(
                        "repairs/ignore_issue",
                        domain="http",
                        issue_id="deprecated_yaml",
                        ignore=True,
                    )
                yield
            finally:
                reader.cancel()

    async def _create_user(self) -> str | None:
        """Create the first user; None when there is one already."""
        user = {"name": "Demo", "username": USERNAME, "password": PASSWORD, "language": "en"}
        url = f"{self.address}/api/onboarding/users"
        async with self._session.post(url, json={**user, "client_id": CLIENT_ID}) as answer:
            return (await answer.json())["auth_code"] if answer.status == 200 else None

    async def _log_in(self) -> str:
        flow: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "handler": ["homeassistant", None],
            "redirect_uri": CLIENT_ID,
        }
        url = f"{self.address}/auth/login_flow"
        async with self._session.post(url, json=flow) as answer:
            flow_id = (await answer.json())["flow_id"]
        user = {"client_id": CLIENT_ID, "username": USERNAME, "password": PASSWORD}
        async with self._session.post(f"{url}/{flow_id}", json=user) as answer:
            code: str = (await answer.json())["result"]
            return code

    async def _wait_until_started(self) -> None:
        while (await self.ask("get_config"))["state"] != "RUNNING":
            await asyncio.sleep(0.1)

    async def long_lived_token(self) -> str:
        """A token that a script can use for as long as this Home Assistant lives."""
        token: str = await self.ask(
            "auth/long_lived_access_token", client_name=f"demo {time.time()}", lifespan=365
        )
        return token

    # -- asking --------------------------------------------------------------------------------

    async def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the HTTP API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.address}/api/{path}"
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Send a websocket command and return its result. Raises RuntimeError with its error."""
        number = next(self._ids)
        return await self._send(number, {"type": kind, **fields})

    async def subscribe(self, listener: Callable[[Any], None], kind: str, **fields: Any) -> None:
        """Call listener with every message of a subscription."""
        number = next(self._ids)
        self._subscribers[number] = listener
        await self._send(number, {"type": kind, **fields})

    async def state(self, entity_id: str) -> dict[str, Any]:
        """The state of an entity."""
        state: dict[str, Any] = await self.api("GET", f"states/{entity_id}")
        return state

    async def act(self, domain: str, action: str, entity_id: str, **data: Any) -> None:
        """Perform an action on an entity, as a dashboard does."""
        await self.ask(
            "call_service",
            domain=domain,
            service=action,
            service_data=data,
            target={"entity_id": entity_id},
        )

    async def _send(self, number: int, message: dict[str, Any]) -> Any:
        if self._socket is None:
            raise RuntimeError("not logged in")
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json({"id": number, **message})
        async with asyncio.timeout(60):
            result = await answer
        if not result["success"]:
            raise RuntimeError(f"{message['type']}: {result['error']['message']}")
        return result.get("result")

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            for part in _parts(json.loads(message.data)):
                if part["type"] == "event":
                    self._subscribers.get(part["id"], print)(part["event"])
                elif answer := self._answers.pop(part["id"], None):
                    answer.set_result(part)


def _parts(message: Any) -> list[dict[str, Any]]:
    return message if isinstance(message, list) else [message]


def port_must_be_free(port: int) -> None:
    """Raise StartFailed when something listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartFailed(
                f"port {port} is in use ({error.strerror}); choose another with --port"
            ) from None
