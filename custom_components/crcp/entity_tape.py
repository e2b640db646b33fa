"""What the entities of a tape share: what is known of it, and the verbs."""

from collections.abc import Awaitable, Callable

from .entity import SubunitEntity
from .errors import invalid
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Amount, Motion
from .protocols.crcp.status import TapeStatus
from .tapes import Tape, fastest

#: How far a step goes, in seconds: one picture of television.
PICTURE = 0.04


class TapeEntity(SubunitEntity):
    """An entity of a TAPE subunit (section 8 of the draft)."""

    @property
    def status(self) -> TapeStatus | None:
        """What the unit told last."""
        return self.coordinator.data.tapes.get(self.subunit)

    @property
    def tape(self) -> Tape:
        """What is known beyond that."""
        return self.coordinator.tape(self.subunit)

    async def play(
        self,
        speed: float | None = None,
        stop: Amount | None = None,
        seconds: float | None = None,
    ) -> None:
        """Play, at the chosen speed unless another is given; seconds: and pause so long after."""
        wanted = self.tape.chosen_speed if speed is None else speed
        # Speed 1 is left unsaid where it can be: some units take no argument at all.
        plain = stop is None and wanted == 1
        await self.move("PLAY", Motion() if plain else Motion(wanted, stop), wanted, seconds)

    async def record(self, speed: float | None = None, stop: Amount | None = None) -> None:
        """Record, if the guard lets us."""
        if not self.tape.may_record:
            raise invalid("recording_not_allowed")
        wanted = 1.0 if stop and speed is None else speed
        await self.move("RECO", Motion(wanted, stop), wanted or 1.0)

    async def wind(
        self, direction: int, speed: float | None = None, stop: Amount | None = None
    ) -> None:
        """Wind forward or backward, as fast as the tape can unless a speed is given."""
        wanted = speed if speed is not None else fastest(self.status, direction)
        if wanted is None:
            raise invalid("cannot_wind_back")
        await self.move("FF", Motion(wanted, stop), wanted)

    async def step_picture(self, direction: int) -> None:
        """Move on by one picture."""
        stop = Amount(direction * PICTURE, relative=True)
        await self.move("PLAY", Motion(direction, stop), direction)

    async def go_to(self, position: float) -> None:
        """Wind to a position; a tape that played plays on from there, as fast as it did."""
        self.check_free()
        before, speed, resume = self.tape.operation, self.tape.speed, self.tape.resume
        if before == "PLAY":
            resume = Motion() if speed == 1 else Motion(speed)

        async def wind(controller: Commands) -> None:
            await controller.go_to(self.subunit, position)
            self.tape.commanded("FF", None)
            # One that is on its way already plays on from the new position.
            self.tape.resume = resume

        await self.coordinator.async_drive(self.subunit, wind)

    def check_free(self) -> None:
        """Raise ServiceValidationError while a clip needs the tape; pausing it ends that."""
        if self.tape.is_lent:
            raise invalid("tape_lent")

    async def pause(self) -> None:
        """Stop where the tape is."""

        async def stop(controller: Commands) -> None:
            await controller.pause_tape(self.subunit)
            self.tape.commanded("PAUS", 0)

        await self.coordinator.async_drive(self.subunit, stop)

    async def move(
        self, name: str, motion: Motion, speed: float, seconds: float | None = None
    ) -> None:
        """Send a tape command; whatever a seek wanted to do afterwards is forgotten."""
        self.check_free()

        async def send(controller: Commands) -> None:
            await controller.move_tape(self.subunit, name, motion)
            self.tape.commanded(name, speed)

        await self.coordinator.async_drive(self.subunit, send, seconds)


type TapeVerb = Callable[[TapeEntity], Awaitable[None]]
