"""What a tool is here: what a model is told of it, and somebody who asks for what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chance import Chance


@dataclass
class Ask:
    """One request that a tool answers, and what is called, comes back and is said then."""

    request: str
    arguments: dict[str, Any]
    results: dict[str, Any]
    answer: str


@dataclass
class Tool:
    name: str
    description: str
    parameters: dict[str, Any]
    ask: Callable[[Chance], Ask]

    def definition(self) -> dict[str, Any]:
        described = {"description": self.description} if self.description else {}
        return {"name": self.name, **described, "parameters": self.parameters}
