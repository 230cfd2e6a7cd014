"""Fields: a key, what kind of value it takes, its JSON schema, and the ways in which people mention it.

Tool arguments and JSON extraction are both made of fields, so that what is learnt for one serves the other.
"""

from dataclasses import dataclass, field
from typing import Any

from chance import HELD_OUT, HELD_WORDS, Chance, capital, listed
from text.requests import MORE_WORDINGS, read_keys
from text.words import COLOURS, CURRENCIES, DAYS, FOODS, JOBS, LANGUAGES, MONTHS, SPORTS

PLAINEST_WORDINGS = ["{key} {value}", "{key}: {value}"]
PLAIN_WORDINGS = ["{key} {value}", "{key}: {value}", "{key} is {value}", "the {key} {value}", "{key} = {value}", "{value} as {key}", "{value} as the {key}", "{key} should be {value}", "{key} set to {value}", "the {key} is {value}", "{value} for the {key}", "a {key} of {value}"]

# kind -> keys that take it, and natural ways to mention such a value besides the plain ones
KINDS: dict[str, tuple[list[str], list[str]]] = {
    "name": (["name", "owner", "customer", "author", "person", "guest", "player", "driver", "teacher", "contact", "manager", "recipient", "sender", "host", "buyer", "doctor"], ["for {value}", "named {value}"]),
    "full_name": (["full_name", "client", "patient", "speaker", "employee", "passenger", "applicant"], ["for {value}"]),
    "place": (["city", "location", "destination", "origin", "place", "town", "station", "country", "airport", "region", "venue"], ["in {value}"]),
    "word": (["title", "label", "topic", "product", "item", "category", "key", "tag", "team", "group", "project", "brand", "material", "channel", "folder", "device", "reason", "subject", "flavour", "pattern", "model", "table", "field", "theme", "service", "genre"], ["called {value}"]),
    "two_words": (["headline", "description", "note", "summary", "message", "comment", "text", "query", "body", "caption", "question"], []),
    "integer": (["quantity", "count", "amount", "age", "size", "floor", "seats", "limit", "width", "height", "weight", "level", "year", "minutes", "points", "pages", "distance", "score", "days", "port", "nights", "persons", "stock"], []),
    "number": (["price", "total", "temperature", "rate", "length", "discount", "budget", "fee"], []),
    "code": (["id", "code", "order_id", "number", "ticket_id", "serial", "reference", "room", "account", "flight", "user_id", "invoice_id", "version", "sku", "case_id", "licence"], ["with id {value}"]),
    "email": (["email", "mail", "address", "reply_to", "cc"], []),
    "date": (["date", "due_date", "start_date", "deadline", "birthday", "end_date", "arrival"], ["on {value}"]),
    "clock": (["time", "start_time", "alarm", "departure", "end_time"], ["at {value}"]),
    "day": (["day", "weekday"], ["on {value}"]),
    "colour": (["colour", "color", "background"], ["in {value}"]),
    "language": (["language", "target_language"], ["in {value}"]),
    "currency": (["currency"], ["in {value}"]),
    "boolean": (["urgent", "public", "active", "express", "gift", "notify", "paid", "private", "insured", "repeat", "verified"], []),
    "words": (["tags", "items", "labels", "colours", "products", "names", "keywords", "ingredients", "members", "guests", "topics"], []),
    "enum": (["priority", "status", "unit", "mode", "type", "plan", "format", "role", "season", "class", "shape", "mood", "speed", "month", "sport", "job", "food"], []),
    "choice": (["option", "variant", "section", "stage", "kind", "style", "source", "target"], []),
}
HELD_KEYS = {key for keys, _ in KINDS.values() for key in HELD_OUT.allowed(keys)} - {key for keys, _ in KINDS.values() for key in Chance(0).allowed(keys)}
MORE_KEYS = read_keys(HELD_KEYS, HELD_WORDS)  # for training only
KIND_WEIGHTS = {"name": 10, "full_name": 4, "place": 9, "word": 20, "two_words": 6, "integer": 14, "number": 9, "code": 10, "email": 4, "date": 5, "clock": 4, "day": 3, "colour": 4, "language": 2, "currency": 1, "boolean": 5, "words": 7, "enum": 8, "choice": 3}
TRAINING_WEIGHTS = KIND_WEIGHTS | {"full_name": 7, "email": 7, "words": 16, "two_words": 15, "boolean": 13, "enum": 10, "number": 18, "integer": 15, "date": 11, "clock": 8}  # the long ones are the hard ones
ENUMS: dict[str, list[str]] = {
    "priority": ["low", "normal", "high"], "status": ["open", "closed", "pending", "done"], "unit": ["celsius", "fahrenheit"], "mode": ["auto", "manual", "eco"],
    "type": ["standard", "express", "private", "basic"], "plan": ["free", "pro", "team", "business"], "format": ["pdf", "csv", "html"], "role": ["admin", "member", "guest"],
    "season": ["spring", "summer", "autumn", "winter"], "class": ["first", "second", "economy"], "shape": ["round", "square", "oval"], "mood": ["calm", "happy", "sad"], "speed": ["slow", "medium", "fast"],
    "month": MONTHS, "sport": SPORTS[:6], "job": JOBS[:6], "food": FOODS[:6],
}


FREE_KEY_SHARE = 0.4  # in training: keys of no meaning, since those of evaluation have none for the model either
MORE_KEY_SHARE = 0.5  # of the others
LONGER_SHARE = 0.06
DIGITS_SHARE = 0.3  # of the codes in training: text all the same, where the schema or the key says so
FREE_VALUE_SHARE = 0.4  # in training: any word as a day, a colour, a language


@dataclass
class FieldType:
    """A field before it has a value: what a schema says of it."""

    key: str
    kind: str
    schema: dict[str, Any]
    required: bool = True
    free: bool = False  # neither its key nor a schema says that its digits are text
    inner: list["FieldType"] = field(default_factory=list)


@dataclass
class Field:
    type: FieldType
    value: Any
    spoken: str  # the value as a person writes it

    @property
    def key(self) -> str:
        return self.type.key

    @property
    def kind(self) -> str:
        return self.type.kind


def free_key(chance: Chance, kind: str = "word") -> str:
    """Any word or two; in the plural where there are several of something, and else not."""
    parts = chance.words(chance.random.choices((1, 2, 3), (10, 9, 1))[0])
    if kind == "words" or (kind == "integer" and chance.roll(0.25)):
        parts[-1] = parts[-1].rstrip("s") + "s"
    elif kind not in ("integer", "number", "boolean") and len(parts[-1]) > 3 and parts[-1].endswith("s"):
        parts[-1] = parts[-1].rstrip("s")
    return "".join([parts[0], *map(capital, parts[1:])]) if chance.roll(0.1) else "_".join(parts)


def some_type(chance: Chance, taken: set[str], kind: str | None = None) -> FieldType:
    while True:
        chosen = kind or chance.weighted(KIND_WEIGHTS if chance.held else TRAINING_WEIGHTS)
        free = not chance.held and chance.roll(FREE_KEY_SHARE)
        key = free_key(chance, chosen) if free else known_key(chance, chosen)
        if key not in taken:
            taken.add(key)
            made = type_of(chance, key, chosen)
            made.free = free
            return made


def known_key(chance: Chance, kind: str) -> str:
    """A key that says what it takes, but for some of the words and codes."""
    if not chance.held and chance.roll(MORE_KEY_SHARE):
        return chance.any(MORE_KEYS[kind])
    return chance.invented() if kind in ("word", "code", "choice") and chance.roll(0.3) else chance.pick(KINDS[kind][0])


def some_types(chance: Chance, count: int) -> list[FieldType]:
    taken: set[str] = set()
    return [some_type(chance, taken) for _ in range(count)]


def nested_type(chance: Chance, key: str) -> FieldType:
    inner = some_types(chance, 2)
    return FieldType(key, "object", object_schema(chance, inner, False), inner=inner)


def type_of(chance: Chance, key: str, kind: str) -> FieldType:
    return FieldType(key, kind, schema_of(chance, key, kind))


def schema_of(chance: Chance, key: str, kind: str) -> dict[str, Any]:
    match kind:
        case "integer" | "number" | "boolean": return {"type": kind}
        case "words": return {"type": "array", "items": {"type": "string"}}
        case "enum" if not chance.held and (key not in ENUMS or chance.roll(0.5)): return {"type": "string", "enum": some_values(chance)}
        case "enum": return {"type": "string", "enum": ENUMS[key]}
        case "choice": return {"type": "string", "enum": chance.words(chance.number(2, 4))}
    return {"type": "string"}


def some_values(chance: Chance) -> list[str]:
    known = chance.any((MONTHS, DAYS, COLOURS, SPORTS, JOBS, FOODS, LANGUAGES, CURRENCIES))
    return chance.some(known, chance.number(2, 12)) if chance.roll(0.4) else chance.words(chance.number(2, 6))


def fill(chance: Chance, type_: FieldType) -> Field:
    if type_.kind == "object":
        inner = [fill(chance, one) for one in type_.inner]
        return Field(type_, object_value(inner), " and ".join(f"{spoken_key(one.key)} {one.spoken}" for one in inner))
    value = value_of(chance, type_)
    return Field(type_, value, say_value(chance, value))


def value_of(chance: Chance, type_: FieldType) -> Any:
    if not chance.held and type_.kind in ("day", "colour", "language", "currency", "job", "food", "sport") and chance.roll(FREE_VALUE_SHARE):
        return chance.unusual_name() if type_.kind in ("day", "language") else chance.word().upper()[:3] if type_.kind == "currency" else chance.word()
    if not chance.held and type_.kind in ("name", "word") and chance.roll(LONGER_SHARE):  # how long a value is, only the text says
        return chance.full_name() if type_.kind == "name" else " ".join(chance.words(2))
    if not chance.held and type_.kind == "code":
        return digits(chance) if chance.roll(DIGITS_SHARE) and not type_.free else lettered_code(chance)
    match type_.kind:
        case "name": return chance.name()
        case "full_name": return chance.full_name()
        case "place": return chance.place()
        case "word": return capital(chance.word()) if chance.roll(0.2) else chance.word()
        case "two_words": return " ".join(chance.words(chance.number(2, 4)))
        case "integer": return chance.number(1, 99) if chance.roll(0.7) else chance.number(100, 9999)
        case "number": return chance.any((chance.number(1, 999), chance.number(100, 9999) / 100, chance.number(100, 9999) / 100, chance.number(10, 999) / 10, chance.number(10, 999) / 10))
        case "code": return chance.code()
        case "email": return chance.email()
        case "date": return chance.date()
        case "clock": return chance.clock()
        case "day": return chance.any(DAYS)
        case "colour": return chance.pick(COLOURS)
        case "language": return chance.pick(LANGUAGES)
        case "currency": return chance.pick(CURRENCIES)
        case "job": return chance.pick(JOBS)
        case "food": return chance.pick(FOODS)
        case "sport": return chance.pick(SPORTS)
        case "boolean": return chance.roll(0.6)
        case "words": return chance.words(chance.number(2, 4))
        case "enum" | "choice": return chance.any(type_.schema["enum"])
    raise ValueError(type_.kind)


def digits(chance: Chance) -> str:
    return "".join(str(chance.number(0, 9)) for _ in range(chance.number(2, 7)))


def lettered_code(chance: Chance) -> str:
    while (code := chance.code()).isdigit():
        pass
    return code


def say_value(chance: Chance, value: Any) -> str:
    if isinstance(value, bool):
        return chance.any(("yes", "true", "on")) if value else chance.any(("no", "false", "off"))
    if isinstance(value, list):
        return listed(value) if chance.roll(0.7) else ", ".join(value)
    return str(value)


def spoken_key(key: str) -> str:
    return key.replace("_", " ")


def mention(chance: Chance, one: Field, among: list[Field]) -> str:
    """A value as it is mentioned beside others; without its key only where its kind makes clear which is meant."""
    if one.kind not in KINDS:  # an object, or an everyday kind of its own
        return f"{spoken_key(one.key)}: {one.spoken}"
    alone = sum(other.kind.removeprefix("full_") == one.kind.removeprefix("full_") for other in among) == 1
    wordings = KINDS[one.kind][1] if alone else []
    if wordings and chance.roll(0.3):
        wording = chance.any(wordings)
    else:
        wording = chance.any(PLAINEST_WORDINGS) if chance.roll(0.5 if chance.held else 0.3) else chance.wide(PLAIN_WORDINGS, MORE_WORDINGS)
    return wording.format(key=spoken_key(one.key), value=one.spoken)


def object_schema(chance: Chance, types: list[FieldType], described: bool) -> dict[str, Any]:
    properties = {}
    for one in types:
        described_as = chance.any((f"The {spoken_key(one.key)}", capital(spoken_key(one.key))))
        properties[one.key] = {**one.schema, "description": described_as} if described else one.schema
    return {"type": "object", "properties": properties, "required": [one.key for one in types if one.required]}


def object_value(fields: list[Field]) -> dict[str, Any]:
    return {one.key: one.value for one in fields}
