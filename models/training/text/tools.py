"""Everyday tools, from tools.txt, and the words that made-up ones are named with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class EverydayTool:
    names: list[str]
    description: str
    parameters: str
    requests: list[str]
    result: str
    answer: str


def read_tools(text: str) -> list[EverydayTool]:
    found: list[EverydayTool] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "#":
            names, description, parameters = rest.split(" | ")
            found.append(EverydayTool(names.split(", "), description, parameters, [], "", ""))
        elif mark == "?":
            found[-1].requests.append(rest)
        elif mark == ">":
            found[-1].result, found[-1].answer = rest.split(" | ")
    return found


FOLDER = Path(__file__).parent
EVERYDAY = read_tools((FOLDER / "tools.txt").read_text())
MORE_EVERYDAY = read_tools((FOLDER / "more_tools.txt").read_text())

VERBS = ["create", "delete", "update", "find", "open", "close", "start", "stop", "check", "rename", "archive", "share", "print", "move", "copy", "restart", "approve", "reject", "publish", "assign", "cancel", "export", "import", "lock", "unlock", "verify", "schedule", "clean", "repair", "rent", "return", "sell", "measure", "describe", "track"]
OBJECTS = ["invoice", "ticket", "room", "playlist", "server", "customer", "report", "album", "task", "order", "contract", "vehicle", "parcel", "appointment", "account", "document", "photo", "backup", "campaign", "coupon", "course", "device", "domain", "event", "form", "game", "garden", "house", "image", "job", "key", "lesson", "loan", "machine", "meeting", "member", "menu", "movie", "network", "note", "offer", "page", "payment", "pet", "plan", "poll", "product", "profile", "project", "quiz", "recipe", "rental", "review", "robot", "school", "sensor", "shift", "ship", "shop", "song", "store", "survey", "team", "tour", "train", "trip", "user", "video", "voucher", "warehouse", "website", "workout"]
