"""Tool calls: everyday tools and endlessly many made-up ones, one or several calls, none that fits, results used.

A list of tools is dear to read, so a conversation asks of it several times: more is learnt from the same tokens.
"""

from typing import Any

from chance import Chance, capital, listed, sentence_case
from chat import Conversation, Turn, to_json
from families.fields import ENUMS, Field, FieldType, fill, free_key, mention, nested_type, object_schema, object_value, some_type, some_types, spoken_key, type_of
from families.hinted_tools import hinted_tool
from families.tool import Ask, Tool
from text.patterns import wording
from text.requests import MORE_TOOL_FORMS
from text.tools import EVERYDAY, MORE_EVERYDAY, OBJECTS, VERBS

COMMANDS = ["ls", "ls -la", "pwd", "date", "whoami", "git status", "git log", "npm test", "npm start", "make", "df -h", "uptime", "cat", "top", "ps aux", "echo"]
ENDINGS = ["txt", "md", "py", "ts", "json", "csv", "log", "html"]
PICKED = {"condition": ("sunny", "cloudy", "rainy", "windy", "snowy"), "progress": ("shipped", "delivered", "delayed", "packed")}
DESCRIBED_SHARE = 0.1  # tools whose parameters have descriptions of their own
BLURRED_SHARE = 0.1  # requests in words that nobody knows
HINTED_SHARE = 0.25
MORE_TOOLS_SHARE = 0.4
RENAMED_SHARE = 0.2  # of the parameters that only one kind of value fits
NO_TOOL = "None of my tools can do that."
CONSTANTS = {"sent", "saved", "booked", "running", "set", "playing", "done", "written", "calling", "added", "closed", "found"}
NESTED_KEYS = ["options", "details", "customer", "address", "settings", "delivery"]
MADE_UP_FORMS = [
    "{core} with {joined}.", "Please {core}, {joined}.", "I want to {core}: {joined}", "Can you {core}? {joined}", "{core}, {joined}", "I need you to {core} with {joined}.", "{core}. {joined}.", "Could you {core} with {joined}?", "Please {core}. Use {joined}.", "{core} using {joined}",
    "{core} ({joined})", "Now {core}, {joined}", "I would like to {core} with {joined}.", "{joined}: please {core}.", "Go and {core}. {joined}", "Will you {core}, {joined}?", "{core} - {joined}",
]


def everyday_text(chance: Chance, kind: str) -> str:
    if kind == "path":
        return f"{chance.word()}.{chance.any(ENDINGS)}" if chance.roll(0.5) else f"{chance.word()}/{chance.word()}.{chance.any(ENDINGS)}"
    if kind == "command":
        return f"{chance.any(COMMANDS)} {chance.word()}" if chance.roll(0.4) else chance.any(COMMANDS)
    return chance.any(PICKED[kind]) if kind in PICKED else kind


def everyday_type(chance: Chance, part: str) -> FieldType:
    key, kind = part.split(" ")
    if kind in ENUMS:
        made = type_of(chance, kind, "enum")
    elif kind in (*PICKED, *CONSTANTS, "path", "command"):
        made = FieldType(key, kind, {"type": "string"})
    else:
        made = type_of(chance, key, kind)
    made.key, made.required = key.rstrip("?"), not key.endswith("?")
    return made


def everyday_fill(chance: Chance, type_: FieldType) -> Field:
    if type_.kind in (*PICKED, *CONSTANTS, "path", "command"):
        text = everyday_text(chance, type_.kind)
        return Field(type_, text, text)
    return fill(chance, type_)


def everyday_tool(chance: Chance) -> Tool:
    tool = chance.any(MORE_EVERYDAY) if not chance.held and chance.roll(MORE_TOOLS_SHARE) else chance.pick(EVERYDAY)
    types = [everyday_type(chance, part) for part in tool.parameters.split(", ")]
    slots = [one.key for one in types]
    for one in types:
        if not chance.held and sum(one.kind == other.kind for other in types) == 1 and chance.roll(RENAMED_SHARE):
            one.key = free_key(chance)
    result_types = [everyday_type(chance, part) for part in tool.result.split(", ")]

    def ask(chance: Chance) -> Ask:
        fields = [everyday_fill(chance, one) for one in types]
        said = {slot: one.spoken for slot, one in zip(slots, fields)}
        pattern = wording(chance.any(tool.requests), chance.random)
        request = (chance.blurred(pattern) if not chance.held and chance.roll(BLURRED_SHARE) else pattern).format(**said)
        given = [one for one in fields if one.type.required]
        for one in fields:
            if not one.type.required and chance.roll(0.3):
                request += f" {capital(spoken_key(one.key))}: {one.spoken}."
                given.append(one)
        results = {one.key: one.value for one in (everyday_fill(chance, type_) for type_ in result_types)}
        ordered = [one for one in fields if one in given]
        return Ask(request, object_value(ordered), results, tool.answer.format(**said | results))

    return Tool(chance.any(tool.names), tool.description if chance.roll(0.9) else "", object_schema(chance, types, chance.roll(DESCRIBED_SHARE)), ask)


def made_up_name(chance: Chance, verb: str, thing: str) -> str:
    return chance.any((f"{verb}_{thing}", f"{verb}{capital(thing)}", f"{thing}_{verb}", f"{thing}-{verb}", f"{verb}-{thing}", f"{verb}_{thing}"))


def made_up_types(chance: Chance) -> list[FieldType]:
    types = some_types(chance, chance.random.choices((1, 2, 3), (6, 4, 1))[0])
    if chance.roll(0.05):
        types.append(nested_type(chance, chance.any(NESTED_KEYS)))
    for one in types[1:]:
        one.required = chance.roll(0.85)
    return types


def made_up_request(chance: Chance, verb: str, thing: str, given: list[Field]) -> str:
    mentions = [mention(chance, one, given) for one in chance.shuffled(given)]
    article = chance.any(("the ", "a ", "my ", "this ", "")) if chance.roll(0.9) else "one "
    joined = listed(mentions) if chance.roll(0.7) else ", ".join(mentions)
    request = chance.wide(MADE_UP_FORMS, MORE_TOOL_FORMS).format(core=f"{verb} {article}{thing}", joined=joined)
    return sentence_case(request, [one.spoken for one in given])


def made_up_tool(chance: Chance, verb: str = "", thing: str = "") -> Tool:
    known = 1.0 if chance.held else 0.6
    verb = verb or (chance.pick(VERBS) if chance.roll(0.8 * known) else chance.invented() if chance.held else chance.word())
    thing = thing or (chance.pick(OBJECTS) if chance.roll(0.6 * known) else chance.word())
    types = made_up_types(chance)
    outcome = None if chance.roll(0.4) else some_type(chance, set(), chance.any(("code", "name", "word", "integer", "place", "date")))
    article = chance.any(("a", "the", "an existing", "one"))
    description = f"{capital(verb)} {article} {thing}" if chance.roll(0.85) else ""

    def ask(chance: Chance) -> Ask:
        given = [fill(chance, one) for one in types if one.required or chance.roll(0.5)]
        results, answer = made_up_result(chance, verb, thing, outcome)
        return Ask(made_up_request(chance, verb, thing, given), object_value(given), results, answer)

    return Tool(made_up_name(chance, verb, thing), description, object_schema(chance, types, chance.roll(DESCRIBED_SHARE)), ask)


def made_up_result(chance: Chance, verb: str, thing: str, outcome: FieldType | None) -> tuple[dict[str, Any], str]:
    if chance.roll(0.15):
        reason = " ".join(chance.words(2))
        return {"error": reason}, f"That failed: {reason}."
    if outcome is None:
        return {"status": "ok"}, f"Done: {verb} {thing}."
    made = fill(chance, outcome)
    return {made.key: made.value}, f"Done. The {spoken_key(made.key)} is {made.value}."


def some_tools(chance: Chance, count: int) -> list[Tool]:
    """Different tools; some of the made-up ones share a verb or an object, so that the whole name has to be read."""
    chosen: dict[str, Tool] = {}
    last: tuple[str, str] | None = None
    while len(chosen) < count:
        if not chance.held and chance.roll(HINTED_SHARE):
            tool = hinted_tool(chance)
        elif chance.roll(0.45):
            tool = everyday_tool(chance)
        else:
            verb, thing = (chance.pick(VERBS), chance.pick(OBJECTS)) if chance.held or chance.roll(0.5) else (chance.word(), chance.word())
            if last and chance.roll(0.4 if chance.held else 0.55):
                verb, thing = (last[0], thing) if chance.roll(0.5) else (verb, last[1])
            last = (verb, thing)
            tool = made_up_tool(chance, verb, thing) if chance.roll(0.6) else made_up_tool(chance)
        chosen.setdefault(tool.name, tool)
    return list(chosen.values())


def call(tool: Tool, ask: Ask) -> dict[str, Any]:
    return {"name": tool.name, "arguments": ask.arguments}


def think_of_call(tool: Tool, ask: Ask, effort: str) -> str:
    values = ", ".join(f"{key} = {value if isinstance(value, str) else to_json(value)}" for key, value in ask.arguments.items())
    match effort:
        case "minimal": return f"Use {tool.name}."
        case "low": return f"The tool {tool.name} fits."
        case "medium": return f"The tool {tool.name} fits. {values}."
        case "high": return f"I look at the tools. The tool {tool.name} fits. {values}. All that is required is there."
    return ""


def system_text(chance: Chance) -> str:
    return chance.any(("", "", "", "You are a helpful assistant.", "Use the tools when they help.", "You are an assistant with tools.", "Be brief."))


def conversation_with(chance: Chance, offered: list[Tool], turns: list[Turn], effort: str = "") -> Conversation:
    return Conversation(turns, system=system_text(chance), tools=[tool.definition() for tool in offered], effort=effort)


def answered(asks: list[Ask]) -> list[Turn]:
    return [*[Turn("tool", to_json(ask.results)) for ask in asks], Turn("assistant", " ".join(ask.answer for ask in asks))]


def tool_count(chance: Chance) -> int:
    return chance.random.choices((1, 2, 3, 4), (8, 9, 4, 1))[0]


def one_call(chance: Chance, effort: str = "") -> Conversation:
    offered = some_tools(chance, tool_count(chance))
    tool = chance.any(offered)
    ask = tool.ask(chance)
    turns = [Turn("user", ask.request), Turn("assistant", thoughts=think_of_call(tool, ask, effort), calls=[call(tool, ask)])]
    if chance.roll(0.4) and not effort:
        turns += answered([ask])
    return conversation_with(chance, offered, turns, effort)


def calls_often(chance: Chance) -> Conversation:
    """Several requests of the same tools; most without the result in between, which costs tokens and teaches little."""
    offered = some_tools(chance, tool_count(chance))
    turns: list[Turn] = []
    for _ in range(chance.number(3, 6)):
        tool = chance.any(offered)
        ask = tool.ask(chance)
        turns += [Turn("user", ask.request), Turn("assistant", calls=[call(tool, ask)])]
        if chance.roll(0.2):
            turns += answered([ask])
    return conversation_with(chance, offered, turns)


def parallel_calls(chance: Chance) -> Conversation:
    offered = some_tools(chance, chance.random.choices((1, 2, 3), (2, 7, 2))[0])
    turns: list[Turn] = []
    for _ in range(1 if chance.held else chance.number(1, 3)):
        pairs = [(tool, tool.ask(chance)) for tool in (chance.random.sample(offered, 2) if len(offered) > 1 else offered * 2)]
        joined = chance.any(("{} {}", "{} Also: {}", "{} And then: {}", "{}\n{}", "First: {} Second: {}")).format(*[ask.request for _, ask in pairs])
        turns += [Turn("user", joined), Turn("assistant", calls=[call(tool, ask) for tool, ask in pairs])]
        if chance.roll(0.3):
            turns += answered([ask for _, ask in pairs])
    return conversation_with(chance, offered, turns)


def nothing_fits(chance: Chance) -> Conversation:
    """Asked for what none of the tools does; in training with requests that one does fit beside it."""
    known = some_tools(chance, chance.number(2, 4))
    missing, offered = known[0], known[1:]
    turns = [Turn("user", missing.ask(chance).request), Turn("assistant", NO_TOOL)]
    if not chance.held and chance.roll(0.7):
        tool = chance.any(offered)
        ask = tool.ask(chance)
        fitting = [Turn("user", ask.request), Turn("assistant", calls=[call(tool, ask)])]
        turns = turns + fitting if chance.roll(0.5) else fitting + turns
    return conversation_with(chance, offered, turns)
