"""The controller meets an FTP server that is no unit: pyftpdlib, on loopback."""

from collections.abc import Iterator
from pathlib import Path
import threading

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer
import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.errors import NotAUnit, NotAuthorised, Refused
from custom_components.crcp.protocols.crcp.login import Credentials
from custom_components.crcp.protocols.crcp.messages import Command, Subunit

WHO = Credentials("ha", "secret")


@pytest.fixture
def server(socket_enabled: None, tmp_path: Path) -> Iterator[int]:
    """The port of a server with two files and a folder."""
    for name in ("wedding.ts", "holiday 1998.ts", "folder/inner.ts"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"tape")

    class Handler(FTPHandler):
        authorizer = DummyAuthorizer()
        auth_failed_timeout = 0

    Handler.authorizer.add_user("ha", "secret", str(tmp_path))
    loop = IOLoop()
    server = FTPServer(("127.0.0.1", 0), Handler, ioloop=loop)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            server.serve_forever(timeout=0.02, blocking=False, handle_exit=False)
        server.close_all()

    thread = threading.Thread(target=serve, name="pyftpdlib")
    thread.start()
    yield server.socket.getsockname()[1]
    over.set()
    thread.join()


async def test_it_logs_in_lists_and_says_that_it_is_no_unit(server: int) -> None:
    async with await Controller.connect("127.0.0.1", server, credentials=WHO) as controller:
        assert controller.greeting
        assert "pyftpdlib" in controller.greeting.shown
        assert sorted(await controller.list_names()) == ["folder", "holiday 1998.ts", "wedding.ts"]
        lines = await controller.list_names(details=True)
        assert any(line.endswith("holiday 1998.ts") for line in lines)
        await controller.change_directory("folder")
        assert await controller.working_directory() == "/folder"
        await controller.change_to_parent()
        assert await controller.working_directory() == "/"
        with pytest.raises(NotAUnit, match="none of CRCP's"):
            await controller.unit_status()
        with pytest.raises(NotAUnit):
            await controller.survey()
        with pytest.raises(Refused) as refused:
            await controller.execute(Command("PLAY", Subunit("TAPE")))
        assert refused.value.code in (500, 502)
        # The connection is in step all the same.
        assert "UNIX" in await controller.system()


async def test_without_a_login_too(server: int) -> None:
    async with await Controller.connect("127.0.0.1", server) as controller:
        with pytest.raises((NotAUnit, NotAuthorised)):
            await controller.unit_status()


async def test_a_wrong_password_is_its_answer(server: int) -> None:
    with pytest.raises(NotAuthorised) as refused:
        await Controller.connect("127.0.0.1", server, credentials=Credentials("ha", "guess"))
    assert refused.value.code == 530


async def test_a_payload_type_is_refused_there(server: int) -> None:
    async with await Controller.connect("127.0.0.1", server, credentials=WHO) as controller:
        with pytest.raises(Refused):
            await controller.retrieve("wedding.ts", payload_types=(33,))
        assert len(await controller.list_names()) == 3
