"""Tool calls: everyday tools and endlessly many made-up ones, one or several calls, none that fits, results used."""

from dataclasses import dataclass, field
from typing import Any

from chance import Chance, capital, listed
from chat import Conversation, Turn, to_json
from families.fields import Field, field_of, make_field, make_fields, mention, object_schema, object_value, spoken_key
from text.tools import EVERYDAY, OBJECTS, VERBS

COMMANDS = ["ls", "ls -la", "pwd", "date", "whoami", "git status", "git log", "npm test", "npm start", "make", "df -h", "uptime", "cat", "top", "ps aux", "echo"]
ENDINGS = ["txt", "md", "py", "ts", "json", "csv", "log", "html"]
DESCRIBED_SHARE = 0.1  # tools whose parameters have descriptions of their own
NO_TOOL = "None of my tools can do that."
CONSTANTS = {"sent", "saved", "booked", "running", "set", "playing", "done", "written", "calling", "added", "closed"}


@dataclass
class Tool:
    name: str
    description: str
    fields: list[Field]
    described: bool
    request: str
    results: dict[str, Any] = field(default_factory=lambda: {"status": "ok"})
    answer: str = "Done."
    arguments: dict[str, Any] = field(default_factory=dict)

    def definition(self, chance: Chance) -> dict[str, Any]:
        definition: dict[str, Any] = {"name": self.name}
        if self.description:
            definition["description"] = self.description
        return {**definition, "parameters": object_schema(self.fields, self.described, chance)}

    def call(self) -> dict[str, Any]:
        return {"name": self.name, "arguments": self.arguments}


def everyday_field(chance: Chance, key: str, kind: str) -> Field:
    if kind in ("unit", "priority"):
        return field_of(chance, kind, "enum")
    string = {"type": "string"}
    text = ""
    if kind == "path":
        text = f"{chance.word()}.{chance.any(ENDINGS)}" if chance.roll(0.5) else f"{chance.word()}/{chance.word()}.{chance.any(ENDINGS)}"
    elif kind == "command":
        text = f"{chance.any(COMMANDS)} {chance.word()}" if chance.roll(0.4) else chance.any(COMMANDS)
    elif kind == "condition":
        text = chance.any(("sunny", "cloudy", "rainy", "windy", "snowy"))
    elif kind == "progress":
        text = chance.any(("shipped", "delivered", "delayed", "packed"))
    elif kind in CONSTANTS:
        text = kind
    return Field(key, kind, text, string, text) if text else field_of(chance, key, kind)


def read_fields(chance: Chance, spec: str) -> list[Field]:
    found = []
    for part in spec.split(", "):
        key, kind = part.split(" ")
        made = everyday_field(chance, key.rstrip("?"), kind)
        made.required = not key.endswith("?")
        found.append(made)
    return found


def everyday_tool(chance: Chance) -> Tool:
    names, description, parameters, requests, result, answer = chance.pick(EVERYDAY)
    fields = read_fields(chance, parameters)
    said = {made.key: made.spoken for made in fields}
    request = chance.pick(requests).format(**said)
    given = [made for made in fields if made.required]
    for made in fields:
        if not made.required and chance.roll(0.4):
            request += f" {capital(spoken_key(made.key))}: {made.spoken}."
            given.append(made)
    results = {made.key: made.value for made in read_fields(chance, result)}
    order = [made for made in fields if made in given]
    return Tool(chance.any(names), description if chance.roll(0.9) else "", fields, chance.roll(DESCRIBED_SHARE), request, results, answer.format(**said | results), object_value(order))


def made_up_name(chance: Chance, verb: str, thing: str) -> str:
    return chance.any((f"{verb}_{thing}", f"{verb}{capital(thing)}", f"{thing}_{verb}", f"{thing}-{verb}", f"{verb}-{thing}", f"{verb}_{thing}"))


def nested_field(chance: Chance, key: str) -> Field:
    inner = make_fields(chance, 2)
    spoken = " and ".join(f"{spoken_key(one.key)} {one.spoken}" for one in inner)
    return Field(key, "object", object_value(inner), object_schema(inner, False, chance), spoken)


def made_up_fields(chance: Chance) -> list[Field]:
    fields = make_fields(chance, chance.random.choices((1, 2, 3), (5, 4, 1))[0])
    if chance.roll(0.05):
        fields.append(nested_field(chance, chance.any(("options", "details", "customer", "address", "settings"))))
    for made in fields[1:]:
        made.required = chance.roll(0.85)
    return fields


def made_up_request(chance: Chance, verb: str, thing: str, given: list[Field]) -> str:
    mentions = [mention(chance, one, given) for one in chance.shuffled(given)]
    article = chance.any(("the ", "a ", "my ", "this ", "")) if chance.roll(0.9) else "one "
    core = f"{verb} {article}{thing}"
    joined = listed(mentions) if chance.roll(0.7) else ", ".join(mentions)
    forms = ["{core} with {joined}.", "Please {core}, {joined}.", "I want to {core}: {joined}", "Can you {core}? {joined}", "{core}, {joined}", "I need you to {core} with {joined}.", "{core}. {joined}.", "Could you {core} with {joined}?", "Please {core}. Use {joined}.", "{core} using {joined}"]
    return capital(chance.pick(forms).format(core=core, joined=joined))


def made_up_tool(chance: Chance, verb: str = "", thing: str = "") -> Tool:
    verb = verb or chance.pick(VERBS)
    thing = thing or (chance.pick(OBJECTS) if chance.roll(0.75) else chance.invented())
    fields = made_up_fields(chance)
    given = [made for made in fields if made.required or chance.roll(0.5)]
    article = chance.any(("a", "the", "an existing", "one"))
    description = f"{capital(verb)} {article} {thing}" if chance.roll(0.85) else ""
    results, answer = made_up_result(chance, verb, thing)
    return Tool(made_up_name(chance, verb, thing), description, fields, chance.roll(DESCRIBED_SHARE), made_up_request(chance, verb, thing, given), results, answer, object_value(given))


def made_up_result(chance: Chance, verb: str, thing: str) -> tuple[dict[str, Any], str]:
    if chance.roll(0.25):
        return {"status": "ok"}, f"Done: {verb} {thing}."
    if chance.roll(0.15):
        reason = " ".join(chance.words(2))
        return {"error": reason}, f"That failed: {reason}."
    made = make_field(chance, set(), chance.any(("code", "name", "word", "integer", "place", "date")))
    return {made.key: made.value}, f"Done. The {spoken_key(made.key)} is {made.value}."


def some_tools(chance: Chance, count: int) -> list[Tool]:
    """Different tools; some of the made-up ones share a verb or an object, so that the whole name has to be read."""
    chosen: dict[str, Tool] = {}
    last: tuple[str, str] | None = None
    while len(chosen) < count:
        if chance.roll(0.4):
            tool = everyday_tool(chance)
        else:
            verb, thing = chance.pick(VERBS), chance.pick(OBJECTS)
            if last and chance.roll(0.4):
                verb, thing = (last[0], thing) if chance.roll(0.5) else (verb, last[1])
            last = (verb, thing)
            tool = made_up_tool(chance, verb, thing) if chance.roll(0.8) else made_up_tool(chance)
        chosen.setdefault(tool.name, tool)
    return list(chosen.values())


def think_of_call(tool: Tool, effort: str) -> str:
    values = ", ".join(f"{key} = {value if isinstance(value, str) else to_json(value)}" for key, value in tool.arguments.items())
    match effort:
        case "minimal": return f"Use {tool.name}."
        case "low": return f"The tool {tool.name} fits."
        case "medium": return f"The tool {tool.name} fits. {values}."
        case "high": return f"I look at the tools. The tool {tool.name} fits. {values}. All that is required is there."
    return ""


def system_text(chance: Chance) -> str:
    return chance.any(("", "", "", "You are a helpful assistant.", "Use the tools when they help.", "You are an assistant with tools.", "Be brief."))


def conversation_with(chance: Chance, offered: list[Tool], turns: list[Turn], effort: str = "") -> Conversation:
    return Conversation(turns, system=system_text(chance), tools=[tool.definition(chance) for tool in offered], effort=effort)


def answered(chance: Chance, tools: list[Tool]) -> list[Turn]:
    results = [Turn("tool", to_json(tool.results)) for tool in tools]
    return [*results, Turn("assistant", " ".join(tool.answer for tool in tools))]


def one_call(chance: Chance, effort: str = "") -> Conversation:
    offered = some_tools(chance, chance.random.choices((1, 2, 3, 4), (8, 9, 4, 1))[0])
    wanted = chance.any(offered)
    turns = [Turn("user", wanted.request), Turn("assistant", thoughts=think_of_call(wanted, effort), calls=[wanted.call()])]
    if chance.roll(0.5) and not effort:
        turns += answered(chance, [wanted])
        if len(offered) > 1 and chance.roll(0.3):
            following = chance.any([tool for tool in offered if tool is not wanted])
            turns += [Turn("user", following.request), Turn("assistant", calls=[following.call()])]
    return conversation_with(chance, offered, turns, effort)


def parallel_calls(chance: Chance) -> Conversation:
    offered = some_tools(chance, 2 if chance.roll(0.8) else 3)
    wanted = chance.random.sample(offered, 2)
    joined = chance.any(("{} {}", "{} Also: {}", "{} And then: {}", "{}\n{}", "First: {} Second: {}")).format(*[tool.request for tool in wanted])
    turns = [Turn("user", joined), Turn("assistant", calls=[tool.call() for tool in wanted])]
    if chance.roll(0.4):
        turns += answered(chance, wanted)
    return conversation_with(chance, offered, turns)


def nothing_fits(chance: Chance) -> Conversation:
    offered = some_tools(chance, chance.number(2, 3))
    return conversation_with(chance, offered[1:], [Turn("user", offered[0].request), Turn("assistant", NO_TOOL)])
