"""JSON out of text: by a schema in the system turn, or by keys named in the request; unseen keys and values included.

A schema is used for several texts in a row, which teaches more for the same tokens; bare questions about one field of a
text ("city?") lead up to whole objects.
"""

from functools import lru_cache
from typing import Any

from chance import HELD_OUT, Chance, capital, sentence_case
from chat import Conversation, Turn, to_json
from families.fields import KINDS, Field, FieldType, fill, free_key, known_key, mention, nested_type, object_schema, object_value, some_types, spoken_key
from families.telling import shape, some_kinds, told_sentence
from text.requests import MORE_WORDINGS, MORE_ASK_BY_KEYS, MORE_ASK_BY_SCHEMA, MORE_ASK_ONE, MORE_FILLERS, MORE_OPENINGS, MORE_RECORDS
from text.words import MORE_WORDS

ASK_BY_KEYS = [
    "Extract {keys} as JSON: {text}", "Turn this into JSON with the keys {keys}: {text}", "{text}\nGive me JSON with {keys}.", "Make a JSON object with {keys} from this text: {text}",
    "Read this and answer in JSON ({keys}): {text}", "JSON with {keys}, please: {text}", "{text}\n\nWrite {keys} as JSON.", "Fill in JSON with {keys}. Text: {text}", "What are {keys} here? Answer as JSON. {text}", "Convert to JSON, keys {keys}: {text}",
    "{text}\nReturn {keys} as JSON.", "I need {keys} as a JSON object. {text}", "JSON ({keys}): {text}",
]
ASK_BY_SCHEMA = ["{text}", "Extract the data: {text}", "Text: {text}", "Fill in the schema: {text}", "{text}\nExtract this.", "Parse this: {text}", "Read this text: {text}", "Please extract: {text}", "Give me the fields of: {text}", "Here is the text. {text}", "JSON please: {text}", "Next one: {text}", "{text}\nAs JSON, please."]
ASK_ONE = ["What is the {key}?", "{key}?", "Which {key}?", "Give me the {key}.", "Tell me the {key}.", "And the {key}?", "the {key}, please", "Find the {key}."]
OPENINGS = ["", "", "", "Hi! ", "Note: ", "New entry. ", "Hello, ", "From the form: ", "Dear team, ", "Update: ", "FYI: ", "Good morning. "]
FILLERS = ["", "", "", " Thanks!", " Please reply soon.", " That is all.", " Best regards", " See you.", " Have a nice day."]
BLURRED_SHARE = 0.35
TOLD_SHARE = 0.42  # of the records: told in sentences that telling.py makes
FREE_TOLD_SHARE = 0.4
NESTED_SHARE = 0.35
BY_SCHEMA_SHARE = 0.34  # keys that no grammar gives are the harder half
CLOSING_SHARE = 0.2  # any sentence before or behind the text
NESTED_KEYS = ["details", "contact", "options", "delivery", "event", "billing", "sender", "source"]


def around(chance: Chance, pattern: str) -> str:
    """Its {gaps} filled in, if it has any."""
    if "{" not in pattern:
        return pattern
    return pattern.format(name=chance.name(), word=chance.word(), place=chance.place(), number=chance.number(1, 99))


def wrapped(chance: Chance, body: str) -> str:
    before, after = around(chance, chance.wide(OPENINGS, MORE_OPENINGS)).rstrip(), around(chance, chance.wide(FILLERS, MORE_FILLERS)).lstrip()
    if not chance.held and chance.roll(CLOSING_SHARE):
        after = any_sentence(chance)
    if not chance.held and chance.roll(CLOSING_SHARE / 2):
        before = any_sentence(chance)
    return f"{before} {body} {after}".strip()


def any_sentence(chance: Chance) -> str:
    """Words that belong to no field."""
    words = [word.lower() for word in chance.words(chance.number(1, 5))]
    return capital(" ".join(words)) + chance.any((".", "!", "!", "?", ","))


def more_styles(chance: Chance, fields: list[Field]) -> str:
    """Ways to write a record down that only training sees."""
    pairs = [(spoken_key(one.key) if chance.roll(0.7) else one.key, one.spoken) for one in fields]
    match chance.number(0, 5):
        case 0: return "\n".join(f"- {key}: {value}" for key, value in pairs)
        case 1: return " | ".join(f"{key}: {value}" for key, value in pairs)
        case 2: return "\n".join(f"{key} = {value}" for key, value in pairs)
        case 3: return ", ".join(f"{value} ({key})" for key, value in pairs)
        case 4: return f"{chance.any((' / ', '. ', ', ', ' and ')).join(mention(chance, one, fields) for one in fields)}"
    return f"{capital(chance.word())} {chance.any(('has', 'needs', 'comes with', 'was given', 'shows', 'uses', 'got', 'takes'))} " + chance.any((", ", "; ", " and ")).join(mention(chance, one, fields) for one in fields) + chance.any((".", "", "!"))


def record_text(chance: Chance, fields: list[Field]) -> str:
    order = chance.shuffled(fields) if chance.roll(0.5) else fields
    style = chance.number(0, 5)
    if not chance.held and chance.roll(0.4):
        body = more_styles(chance, order)
    elif style == 0:
        body = "\n".join(f"{capital(spoken_key(one.key))}: {one.spoken}" for one in order)
    elif style == 1:
        body = " ".join(f"{capital('the ' + spoken_key(one.key))} is {one.spoken}." for one in order)
    elif style == 2:
        body = "; ".join(f"{spoken_key(one.key)} {one.spoken}" for one in order)
    elif style == 3:
        body = f"{capital(chance.any(('we have', 'there is', 'this is', 'I have', 'please note', 'I send you')))} a {chance.word()} with " + ", ".join(mention(chance, one, fields) for one in order) + "."
    else:
        body = sentence_case(", ".join(mention(chance, one, fields) for one in order), [one.spoken for one in fields]) + "."
    return wrapped(chance, body)


# Records told in plain sentences, without their keys: (key kind, …), patterns. Each fifth record type is held out, and each fifth pattern.
RECORDS: list[tuple[str, list[str]]] = [
    ("name name, age integer, city place", ["{name} is {age} years old and lives in {city}.", "My name is {name}, I am {age} and I live in {city}.", "In {city} lives {name}, aged {age}.", "{name} from {city}, {age} years old.", "{name} ({age}), {city}", "I am {name} from {city} and {age} years old."]),
    ("item word, quantity integer, price integer", ["I want {quantity} {item}s at {price} euros each.", "Order: {quantity} x {item}, price {price}.", "Please send {quantity} {item}s for {price} euros.", "{quantity} {item}s, {price} euros", "We sold {quantity} {item}s for {price} euros each.", "{quantity} pieces of {item}, each {price} euros."]),
    ("name name, email email", ["Write to {name} at {email}.", "{name} can be reached at {email}.", "Contact: {name}, {email}", "I am {name} and my address is {email}.", "{name} <{email}>", "Please mail {name}: {email}"]),
    ("person name, time clock, place place", ["Meet {person} at {time} in {place}.", "Meeting with {person} in {place}, {time}.", "At {time} I see {person} in {place}.", "In {place} at {time}: {person}", "{person} waits in {place} at {time}.", "Lunch with {person}, {time}, {place}"]),
    ("from place, to place, passenger name", ["{passenger} flies from {from} to {to}.", "Ticket for {passenger}: {from} to {to}.", "From {from} to {to}, passenger {passenger}.", "{passenger}, {from} - {to}", "{passenger} takes the train from {from} to {to}.", "One seat {from} to {to} for {passenger}."]),
    ("product word, colour colour, size integer", ["A {colour} {product} in size {size}.", "I look for a {product}, {colour}, size {size}.", "{product}: {colour}, {size}", "One {product} of size {size} in {colour}.", "The {product} is {colour} and has size {size}."]),
    ("title two_words, author name", ["{author} wrote {title}.", "{title} by {author}", "The book {title} was written by {author}.", "I read {title}, {author} is the author.", "{author}: {title}"]),
    ("team word, score integer", ["The {team} team has {score} points.", "{team} scored {score}.", "{score} points for {team}.", "{team}: {score}", "{team} reached {score} points."]),
    ("guest name, nights integer, hotel word", ["{guest} stays {nights} nights at the {hotel}.", "{nights} nights in the {hotel} for {guest}.", "Room at the {hotel}, {nights} nights, {guest}", "{guest} booked the {hotel} for {nights} nights.", "The {hotel} expects {guest} for {nights} nights."]),
    ("patient name, doctor name, date date", ["{patient} sees doctor {doctor} on {date}.", "Doctor {doctor} expects {patient} on {date}.", "On {date}: {patient} with doctor {doctor}.", "{patient} has an appointment with doctor {doctor}, {date}.", "{date}, doctor {doctor}, patient {patient}"]),
    ("job job, company word, city place", ["{company} in {city} looks for a {job}.", "A {job} is wanted at {company}, {city}.", "Work as a {job} for {company} in {city}.", "{job} at {company} ({city})", "In {city}, {company} needs a {job}."]),
    ("name name, colour colour, food food", ["{name} likes {colour} and eats {food}.", "{name} wears {colour}, loves {food}.", "{food} for {name}, who likes {colour}.", "{name}: {colour}, {food}", "The favourite of {name} is {colour}, and {food} to eat."]),
    ("order_id code, customer name", ["{customer} asks about order {order_id}.", "Order {order_id} belongs to {customer}.", "{customer} placed order {order_id}.", "Order {order_id}, customer {customer}", "Where is {order_id}? It is for {customer}."]),
    ("event word, day day, time clock", ["The {event} is on {day} at {time}.", "{day}, {time}: {event}", "Come to the {event} on {day}, {time}.", "On {day} at {time} we have the {event}.", "{event} starts {day} at {time}."]),
    ("sender name, recipient name, amount integer", ["{sender} pays {recipient} {amount} euros.", "{amount} euros from {sender} to {recipient}.", "{recipient} gets {amount} euros from {sender}.", "{sender} -> {recipient}: {amount}", "{sender} sent {amount} euros to {recipient}."]),
    ("pet name, animal word, age integer", ["{pet} is a {animal} and {age} years old.", "Our {animal} {pet} is {age}.", "We have a {animal} called {pet}, aged {age}.", "{pet}, {animal}, {age} years", "{pet} the {animal} turned {age}."]),
    ("room code, floor integer", ["Room {room} is on floor {floor}.", "On floor {floor} you find room {room}.", "{room}, floor {floor}", "Go to floor {floor}, room {room}.", "It is room {room} on the floor number {floor}."]),
    ("player name, sport sport, club word", ["{player} plays {sport} for {club}.", "{club} has a new {sport} player: {player}.", "{player} does {sport} at {club}.", "{sport}: {player} ({club})", "At {club}, {player} trains {sport}."]),
    ("device word, error code", ["The {device} shows error {error}.", "Error {error} on my {device}.", "My {device} says {error}.", "{device}: {error}", "I see {error} when I start the {device}."]),
    ("name name, language language, city place", ["{name} from {city} speaks {language}.", "{name} speaks {language} and lives in {city}.", "In {city}, {name} teaches {language}.", "{name}, {language}, {city}", "{name} learns {language} in {city}."]),
]

def record_types(chance: Chance, spec: str) -> list[FieldType]:
    found = []
    for part in spec.split(", "):
        key, kind = part.split(" ")
        schema = {"type": kind if kind in ("integer", "number") else "string"}
        found.append(FieldType(key, kind, schema))
    return found


def told_record(chance: Chance) -> tuple[list[FieldType], list[str]]:
    """A kind of record with some ways to tell it; its patterns have the keys as gaps."""
    kinds = some_kinds(chance)
    free = chance.any(kinds) if chance.roll(FREE_TOLD_SHARE) else None
    types: dict[str, FieldType] = {}
    for kind in kinds:
        key = free_key(chance, kind) if kind == free else known_key(chance, kind)
        while any(one.key == key for one in types.values()) or "-" in key:
            key = free_key(chance, kind)
        types[kind] = FieldType(key, kind, {"type": kind if kind in ("integer", "number") else "string"}, free=kind == free)
    patterns = [told_sentence(chance, kinds) for _ in range(3)]
    keyed = [pattern.format(**{kind: "{" + one.key + "}" for kind, one in types.items()}) for pattern in patterns]
    held = held_shapes()
    return chance.shuffled(list(types.values())), [pattern for pattern in keyed if shape(pattern) not in held] or [" / ".join("{" + one.key + "}" for one in types.values())]


@lru_cache(maxsize=None)
def held_shapes() -> frozenset[str]:
    """Sentences about held-out records: no other record is told in these words."""
    return frozenset(shape(one) for _, patterns in HELD_OUT.allowed(RECORDS) for one in HELD_OUT.allowed(patterns)) - {"{}: {}"}


class Record:
    """A kind of record: its schema, and endless texts about such records."""

    def __init__(self, chance: Chance, by_schema: bool = False):
        self.patterns: list[str] = []
        self.described = False
        if not chance.held and chance.roll(TOLD_SHARE):
            self.types, self.patterns = told_record(chance)
        elif chance.roll(0.3 if chance.held else 0.38):
            spec, self.patterns = chance.any(MORE_RECORDS) if not chance.held and chance.roll(0.7) else chance.pick(RECORDS)
            self.types = record_types(chance, spec)
        else:
            self.types = some_types(chance, chance.random.choices((1, 2, 3, 4), (3, 6, 4, 1))[0])
            self.described = chance.roll(0.08)
            if len(self.types) < 3 and chance.roll(0.08 if chance.held else NESTED_SHARE):
                free = not chance.held and chance.roll(0.6)
                self.types.append(nested_type(chance, free_key(chance) if free else chance.pick(NESTED_KEYS)))
            for one in self.types[1:]:
                one.required = chance.roll(0.9)
        if not chance.held:
            for one in self.types:
                one.free = not by_schema and (one.free or chance.roll(0.5))

    def schema(self, chance: Chance) -> dict[str, Any]:
        return object_schema(chance, self.types, self.described)

    def text(self, chance: Chance) -> tuple[list[Field], str]:
        fields = [fill(chance, one) for one in self.types if one.required or chance.roll(0.5)]
        if self.patterns:
            return fields, self.told(chance).format(**{one.key: one.spoken for one in fields})
        return fields, record_text(chance, fields)

    def told(self, chance: Chance) -> str:
        pattern = chance.pick(self.patterns) if any(self.patterns is patterns for _, patterns in RECORDS) else chance.any(self.patterns)
        return chance.blurred(pattern) if not chance.held and chance.roll(BLURRED_SHARE) and all(one.kind != "two_words" for one in self.types) else pattern


def think_of_record(value: dict[str, Any], effort: str) -> str:
    pairs = ", ".join(f"{key} = {one if isinstance(one, str) else to_json(one)}" for key, one in value.items())
    return {"minimal": "Fill in the keys.", "low": f"The keys are {', '.join(value)}.", "medium": f"{pairs}.", "high": f"I look for each key. {pairs}. Nothing is missing."}.get(effort, "")


def extract(chance: Chance, effort: str = "", rounds: int = 1) -> Conversation:
    if chance.held:  # in this order, so that the questions stay those of the card before
        record, by_schema = Record(chance), chance.roll(0.6)
    else:
        by_schema = chance.roll(BY_SCHEMA_SHARE)
        record = Record(chance, by_schema)
    turns: list[Turn] = []
    for _ in range(rounds):
        fields, text = record.text(chance)
        value = object_value(fields)
        keys = ", ".join(value) if chance.roll(0.7) else " and ".join(value)
        ask = chance.wide(ASK_BY_SCHEMA, MORE_ASK_BY_SCHEMA) if by_schema else chance.wide(ASK_BY_KEYS, MORE_ASK_BY_KEYS)
        if not chance.held and not by_schema and chance.roll(BLURRED_SHARE):  # any word may stand beside the keys
            ask = chance.blurred(ask)
        ask = ask.format(keys=keys, text=text)
        turns += [Turn("user", ask), Turn("assistant", to_json(value), thoughts=think_of_record(value, effort))]
    if by_schema:
        system = chance.any(("", "", "You extract data.", "Answer only with JSON."))
        return Conversation(turns, system=system, schema=record.schema(chance), effort=effort)
    return Conversation(turns, json_object=chance.roll(0.3), effort=effort)


def extract_often(chance: Chance) -> Conversation:
    return extract(chance, rounds=chance.number(2, 5))


def one_field(chance: Chance) -> Conversation:
    """A text, then bare questions about its fields, in any order."""
    fields, text = Record(chance).text(chance)
    flat = [one for one in fields if isinstance(one.value, str)] or fields
    turns: list[Turn] = []
    for number, one in enumerate(chance.shuffled(flat)):
        question = capital(chance.wide(ASK_ONE, MORE_ASK_ONE).format(key=spoken_key(one.key)))
        turns += [Turn("user", f"{text}\n{question}" if number == 0 else question), Turn("assistant", one.spoken)]
    return Conversation(turns)


PAIR_FORMS = ["{key} {value}", "{key}: {value}", "{key} is {value}", "{key} = {value}", "the {key} {value}", "{key} set to {value}", "the {key} is {value}", "{value} as {key}", "{value} for the {key}"]


def pairs(chance: Chance) -> Conversation:
    """Keys and values without any meaning, to JSON in another order: the bare act of finding what stands beside a key.

    Only the values are learnt, since no one could know the order.
    """
    keys = [chance.invented() if chance.roll(0.3) else chance.word() if chance.roll(0.4) else chance.pick(MORE_WORDS if chance.roll(0.5) else PAIR_KEYS) for _ in range(chance.number(3, 7))]
    found = {key: pair_value(chance) for key in keys}
    one_form = chance.pick(PAIR_FORMS) if chance.roll(0.5) else ""
    said = [(one_form or chance.wide(PAIR_FORMS, MORE_WORDINGS)).format(key=spoken_key(key), value=value) for key, value in found.items()]
    text = chance.any((", ", "\n", "; ", ". ", " and ")).join(said)
    value = {key: found[key] for key in chance.shuffled(list(found))}
    answer = to_json(value)
    learnt = [f"{json_text(one)}" for one in value.values()]
    request = chance.any(("{}", "{}", "JSON: {}", "{}\nJSON", "Record: {}")).format(sentence_case(text, map(str, found.values())) if chance.roll(0.3) else text)
    return Conversation([Turn("user", request), Turn("assistant", answer, learnt=learnt)], json_object=chance.roll(0.3))


PAIR_KEYS = [key for keys, _ in KINDS.values() for key in keys]


def pair_value(chance: Chance) -> Any:
    return chance.any((chance.word, chance.word, chance.word, chance.name, chance.place, chance.code, lambda: chance.number(1, 99)))()


def json_text(value: Any) -> str:
    """With the closing quote, which has to be learnt, and without the opening one, which a grammar writes."""
    return to_json(value).removeprefix('"')
