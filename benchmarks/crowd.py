"""People in front of a Streamlit app: some watch a run, some browse, upload and draw. For a process of its own.

Knows the pages of Fitting Room and those of the plain app it is compared with, and nothing of how either is served.
"""

import asyncio
import base64
import io
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from PIL import Image, ImageDraw

from benchmarks.streamlit_client import Tab, TabError, fetch, listen
from core.labels import NAMES

THINK = (2.0, 8.0)  # seconds between two things a person does
CURVE = "training_curve"  # the component that draws a run
GOODBYE = 5.0  # seconds in which all may end what they do
ARRIVE = 0.1  # seconds between two who come
PAPER = 320  # px of the drawing paper


@dataclass(frozen=True)
class Plan:
    """Who comes, to where, for how long."""

    address: str
    run_id: str = ""
    watchers: int = 0
    busy: int = 0
    seconds: float = 30.0
    plain: bool = False  # the app for comparison, of one page
    photos: tuple[tuple[str, bytes], ...] = ()
    seed: int = 0


@dataclass
class Seen:
    """What one watcher saw. Times in unix time."""

    opened: float | None = None  # seconds until the page stood
    # when the curve moved, and a time up to which all that had been learned was on it then
    movements: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class Findings:
    """What a crowd found out. Times in seconds."""

    began: float = 0.0  # unix time: everybody has come
    ended: float = 0.0
    interactions: list[tuple[str, float]] = field(default_factory=list)
    watched: list[Seen] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0  # of this crowd itself, while it was complete


def drawing() -> str:
    """What the drawing paper sends of a T-shirt: its strokes, and how they look."""
    picture = Image.new("RGBA", (PAPER, PAPER))
    right = [(170, 60), (210, 45), (290, 110), (262, 150), (228, 125), (228, 280)]
    outline = [*right, *((PAPER - x, y) for x, y in reversed(right))]
    ImageDraw.Draw(picture).polygon(outline, outline=(29, 26, 22, 255), width=21)
    file = io.BytesIO()
    picture.save(file, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    stroke = {"type": "Path", "path": [["M" if place == 0 else "L", *dot] for place, dot in enumerate(outline)]}
    return json.dumps({"drawing": {"raw": {"objects": [stroke], "background": ""}, "data": address}})


@dataclass
class Crowd:
    """Everybody, and what they found."""

    plan: Plan
    found: Findings = field(default_factory=Findings)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def blame(self, who: str, error: object) -> None:
        """Note an error."""
        self.found.errors.append(f"{who}: {error or type(error).__name__}")

    async def watcher(self, number: int, come: Callable[[], Awaitable[None]]) -> None:
        """Open a run's page and look at it."""
        seen = Seen()
        self.found.watched.append(seen)
        tab = Tab(self.plan.address)
        streaming = None
        try:
            seen.opened = await tab.open("training", f"run={self.plan.run_id}")
            streaming = asyncio.create_task(self.stream(tab, seen))
            await come()
            await self.over.wait()
        except (TabError, OSError) as error:
            self.blame(f"watcher {number}", error)
            await come()
        finally:
            if streaming:
                streaming.cancel()
            await tab.close()
            for error in tab.errors:
                self.blame(f"watcher {number}", error)

    async def stream(self, tab: Tab, seen: Seen) -> None:
        """Hear of a run as the curve does; what stands around it is drawn anew when there is something else to press,
        and after each epoch what the network says is fetched. Meanwhile the curve moves on."""
        version, snapshot, doing, one_by_one = None, None, set(), asyncio.Lock()
        address = f"/live/{self.plan.run_id}"

        async def follow(work: Awaitable[object]) -> None:
            async with one_by_one:
                try:
                    await work
                except (TabError, OSError) as error:
                    self.blame("what stands around the curve", error)

        try:
            async for text in listen(tab.address, address, tab.cookies):
                message = json.loads(text)
                state = message["state"]
                if message["points"]:
                    seen.movements.append((time.time(), message["at"]))
                if state["version"] != version:
                    if version is not None:
                        doing.add(asyncio.create_task(follow(tab.trigger(CURVE, "changed", state["version"]))))
                    version = state["version"]
                if state["snapshot"] != snapshot:
                    snapshot = state["snapshot"]
                    said = fetch(tab.address, f"{address}/{snapshot}", tab.cookies)
                    doing.add(asyncio.create_task(follow(said)))
            if not self.over.is_set():
                self.blame("stream", "it ended")
        except (TabError, OSError, ValueError) as error:
            self.blame("stream", error)
        finally:
            for task in doing:
                task.cancel()

    async def person(self, number: int, come: Callable[[], Awaitable[None]]) -> None:
        """Do one thing after the other, with time to think before each, until it is over."""
        chance = random.Random(1000 * self.plan.seed + number)
        tab = Tab(self.plan.address)
        things = PLAIN if self.plan.plain else FITTING_ROOM
        try:
            await tab.open()
            await come()
            while not await self.thought(chance):
                await chance.choice(things)(self, tab, chance)
        except (TabError, OSError) as error:
            self.blame(f"person {number}", error)
            await come()
        finally:
            await tab.close()
            for error in tab.errors:
                self.blame(f"person {number}", error)

    async def thought(self, chance: random.Random) -> bool:
        """Wait as somebody who thinks. Gives whether it is all over."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.over.wait(), chance.uniform(*THINK))
        return self.over.is_set()

    async def timed(self, name: str, interaction: Awaitable[float]) -> None:
        """Carry an interaction out; note how long the server took, also of one that is given up at the end."""
        counts, began = bool(self.found.began) and not self.over.is_set(), time.perf_counter()
        try:
            await interaction
        finally:
            if counts:
                self.found.interactions.append((name, time.perf_counter() - began))

    async def look_at_clothes(self, tab: Tab, chance: random.Random) -> None:
        """The Clothes page: a class, then a further page of it."""
        await self.timed("open Clothes", tab.visit("dataset"))
        await self.thought(chance)
        await self.timed("choose a class", tab.change("class", string_array_value={"data": [chance.choice(NAMES)]}))
        await self.thought(chance)
        await self.timed("turn the page", tab.change("page", int_value=chance.randint(2, 9)))

    async def show_photo(self, tab: Tab, chance: random.Random) -> None:
        """The Predict page, and a photo on it."""
        await self.timed("open Predict", tab.visit("predict"))
        if "predict_files" not in tab.widgets:  # this person drew before
            await self.timed("choose Photo", tab.change("predict_way", string_array_value={"data": ["Photo"]}))
        await self.thought(chance)
        await self.timed("upload a photo", tab.upload("predict_files", *chance.choice(self.plan.photos)))

    async def draw(self, tab: Tab, chance: random.Random) -> None:
        """The Predict page, and a T-shirt drawn on its paper."""
        await self.timed("open Predict", tab.visit("predict"))
        if "predict_canvas" not in tab.widgets:
            await self.timed("choose Draw", tab.change("predict_way", string_array_value={"data": ["Draw"]}))
        await self.thought(chance)
        await self.timed("draw", tab.change("predict_canvas", json_value=drawing()))

    async def look_at_mistakes(self, tab: Tab, chance: random.Random) -> None:
        """The Mistakes page."""
        await self.timed("open Mistakes", tab.visit("mistakes"))

    async def begin(self, tab: Tab, chance: random.Random) -> None:
        """The first page."""
        await self.timed("open Welcome", tab.visit(""))

    async def open_plain(self, tab: Tab, chance: random.Random) -> None:
        """The plain app, anew."""
        await self.timed("open the page", tab.visit(""))

    async def choose_plain(self, tab: Tab, chance: random.Random) -> None:
        """Another picture of the data set in the plain app."""
        await self.timed("choose a picture", tab.change("picture", double_value=float(chance.randint(0, 9_999))))

    async def upload_plain(self, tab: Tab, chance: random.Random) -> None:
        """A photo in the plain app."""
        await self.timed("upload a photo", tab.upload("photo", *chance.choice(self.plan.photos)))

    async def train_plain(self, number: int, come: Callable[[], Awaitable[None]]) -> None:
        """Press Train in the plain app; its script runs until it is over."""
        tab = Tab(self.plan.address)
        try:
            await tab.open()
            training = asyncio.create_task(tab.change("train", trigger_value=True))
            await come()
            await self.over.wait()
            training.cancel()
        except (TabError, OSError) as error:
            self.blame(f"who trains, {number}", error)
            await come()
        finally:
            await tab.close()


FITTING_ROOM = (Crowd.look_at_clothes, Crowd.show_photo, Crowd.draw, Crowd.look_at_mistakes, Crowd.begin)
PLAIN = (Crowd.open_plain, Crowd.choose_plain, Crowd.upload_plain)


async def _gather(plan: Plan, say: Callable[[str], None]) -> Findings:
    crowd = Crowd(plan)
    count = plan.watchers + plan.busy
    arrived, complete = 0, asyncio.Event()

    async def come() -> None:
        nonlocal arrived
        arrived += 1
        if arrived >= count:
            complete.set()
        await complete.wait()

    watch = crowd.train_plain if plan.plain else crowd.watcher
    people = [watch(number, come) for number in range(plan.watchers)]
    people += [crowd.person(number, come) for number in range(plan.busy)]
    tasks = []
    for one in people:
        tasks.append(asyncio.create_task(one))
        await asyncio.sleep(ARRIVE)
    await complete.wait()
    found = crowd.found
    found.began, spent = time.time(), time.process_time()
    say("complete")
    await asyncio.sleep(plan.seconds)
    found.ended, found.cpu_seconds = time.time(), time.process_time() - spent
    crowd.over.set()
    say("over")
    _, late = await asyncio.wait(tasks, timeout=GOODBYE)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


def gather(plan: Plan, said: Connection) -> None:
    """Let a crowd come, stay and go; sends "complete", "over" and then the Findings. For a process of its own."""
    said.send(asyncio.run(_gather(plan, said.send)))
