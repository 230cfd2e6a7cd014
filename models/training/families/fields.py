"""Fields: a key, what kind of value it takes, its JSON schema, and the ways in which people mention it.

Tool arguments and JSON extraction are both made of fields, so that what is learnt for one serves the other.
"""

from dataclasses import dataclass
from typing import Any

from chance import Chance, capital, listed
from text.words import COLOURS, CURRENCIES, DAYS, FOODS, JOBS, LANGUAGES, MONTHS, SPORTS

PLAINEST_WORDINGS = ["{key} {value}", "{key}: {value}"]
PLAIN_WORDINGS = ["{key} {value}", "{key}: {value}", "{key} is {value}", "the {key} {value}", "{key} = {value}", "{value} as {key}", "{value} as the {key}", "{key} should be {value}", "{key} set to {value}"]

# kind -> keys that take it, and natural ways to mention such a value besides the plain ones
KINDS: dict[str, tuple[list[str], list[str]]] = {
    "name": (["name", "owner", "customer", "author", "person", "guest", "player", "driver", "teacher", "contact", "manager", "recipient"], ["for {value}", "named {value}"]),
    "full_name": (["full_name", "client", "patient", "speaker", "employee", "passenger"], ["for {value}"]),
    "place": (["city", "location", "destination", "origin", "place", "town", "station", "country"], ["in {value}"]),
    "word": (["title", "label", "topic", "product", "item", "category", "key", "tag", "team", "group", "project", "brand", "material", "channel", "folder", "device", "reason", "subject", "flavour", "pattern"], ["called {value}"]),
    "two_words": (["headline", "description", "note", "summary", "message", "comment", "text", "query"], []),
    "integer": (["quantity", "count", "amount", "age", "size", "floor", "seats", "limit", "width", "height", "weight", "level", "year", "minutes", "points", "pages", "distance", "score", "days", "port"], []),
    "number": (["price", "total", "temperature", "rate", "length", "discount", "budget"], []),
    "code": (["id", "code", "order_id", "number", "ticket_id", "serial", "reference", "room", "account", "flight", "user_id", "invoice_id", "version", "sku"], ["with id {value}"]),
    "email": (["email", "mail", "address", "reply_to"], []),
    "date": (["date", "due_date", "start_date", "deadline", "birthday", "end_date"], ["on {value}"]),
    "clock": (["time", "start_time", "alarm", "departure"], ["at {value}"]),
    "day": (["day", "weekday"], ["on {value}"]),
    "colour": (["colour", "color", "background"], ["in {value}"]),
    "language": (["language", "target_language"], ["in {value}"]),
    "currency": (["currency"], ["in {value}"]),
    "boolean": (["urgent", "public", "active", "express", "gift", "notify", "paid", "private", "insured", "repeat"], []),
    "words": (["tags", "items", "labels", "colours", "products", "names", "keywords", "ingredients", "members", "guests"], []),
    "enum": (["priority", "status", "unit", "mode", "type", "plan", "format", "role", "season", "class", "shape", "mood", "speed", "month", "sport", "job", "food"], []),
}
KIND_WEIGHTS = {"name": 10, "full_name": 4, "place": 9, "word": 20, "two_words": 6, "integer": 14, "number": 5, "code": 10, "email": 4, "date": 5, "clock": 4, "day": 3, "colour": 4, "language": 2, "currency": 1, "boolean": 5, "words": 7, "enum": 10}
ENUMS: dict[str, list[str]] = {
    "priority": ["low", "normal", "high"], "status": ["open", "closed", "pending", "done"], "unit": ["celsius", "fahrenheit"], "mode": ["auto", "manual", "eco"],
    "type": ["standard", "express", "private", "basic"], "plan": ["free", "pro", "team", "business"], "format": ["pdf", "csv", "html"], "role": ["admin", "member", "guest"],
    "season": ["spring", "summer", "autumn", "winter"], "class": ["first", "second", "economy"], "shape": ["round", "square", "oval"], "mood": ["calm", "happy", "sad"], "speed": ["slow", "medium", "fast"],
    "month": MONTHS, "sport": SPORTS[:6], "job": JOBS[:6], "food": FOODS[:6],
}


@dataclass
class Field:
    key: str
    kind: str
    value: Any
    schema: dict[str, Any]
    spoken: str  # the value as a person writes it
    required: bool = True


def make_field(chance: Chance, taken: set[str], kind: str | None = None) -> Field:
    while True:
        chosen = kind or chance.weighted(KIND_WEIGHTS)
        key = chance.pick(KINDS[chosen][0])
        if key not in taken:
            taken.add(key)
            return field_of(chance, key, chosen)


def make_fields(chance: Chance, count: int) -> list[Field]:
    taken: set[str] = set()
    return [make_field(chance, taken) for _ in range(count)]


def field_of(chance: Chance, key: str, kind: str) -> Field:
    value, schema = value_of(chance, key, kind)
    return Field(key, kind, value, schema, say_value(chance, value))


def value_of(chance: Chance, key: str, kind: str) -> tuple[Any, dict[str, Any]]:
    string = {"type": "string"}
    match kind:
        case "name": return chance.name(), string
        case "full_name": return chance.full_name(), string
        case "place": return chance.place(), string
        case "word": return (capital(chance.word()) if chance.roll(0.2) else chance.word()), string
        case "two_words": return " ".join(chance.words(chance.number(2, 4))), string
        case "integer": return (chance.number(1, 99) if chance.roll(0.7) else chance.number(100, 9999)), {"type": "integer"}
        case "number": return chance.any((chance.number(1, 999), chance.number(100, 9999) / 100, chance.number(10, 999) / 10)), {"type": "number"}
        case "code": return chance.code(), string
        case "email": return chance.email(), string
        case "date": return chance.date(), string
        case "clock": return chance.clock(), string
        case "day": return chance.any(DAYS), string
        case "colour": return chance.pick(COLOURS), string
        case "language": return chance.pick(LANGUAGES), string
        case "currency": return chance.pick(CURRENCIES), string
        case "boolean": return chance.roll(0.6), {"type": "boolean"}
        case "words": return chance.words(chance.number(2, 4)), {"type": "array", "items": string}
        case "enum": return chance.any(ENUMS[key]), {"type": "string", "enum": ENUMS[key]}
    raise ValueError(kind)


def say_value(chance: Chance, value: Any) -> str:
    if isinstance(value, bool):
        return chance.any(("yes", "true", "on")) if value else chance.any(("no", "false", "off"))
    if isinstance(value, list):
        return listed(value) if chance.roll(0.7) else ", ".join(value)
    return str(value)


def spoken_key(key: str) -> str:
    return key.replace("_", " ")


def mention(chance: Chance, field: Field, among: list[Field]) -> str:
    """A value as it is mentioned beside others; without its key only where its kind makes clear which is meant."""
    if field.kind not in KINDS:  # an object, or an everyday kind of its own
        return f"{spoken_key(field.key)}: {field.spoken}"
    alone = sum(other.kind.removeprefix("full_") == field.kind.removeprefix("full_") for other in among) == 1
    wordings = KINDS[field.kind][1] if alone else []
    if wordings and chance.roll(0.3):
        wording = chance.any(wordings)
    else:
        wording = chance.any(PLAINEST_WORDINGS) if chance.roll(0.6) else chance.pick(PLAIN_WORDINGS)
    return wording.format(key=spoken_key(field.key), value=field.spoken)


def object_schema(fields: list[Field], described: bool, chance: Chance) -> dict[str, Any]:
    properties = {}
    for field in fields:
        described_as = chance.any((f"The {spoken_key(field.key)}", capital(spoken_key(field.key))))
        properties[field.key] = {**field.schema, "description": described_as} if described else field.schema
    return {"type": "object", "properties": properties, "required": [field.key for field in fields if field.required]}


def object_value(fields: list[Field]) -> dict[str, Any]:
    return {field.key: field.value for field in fields}
