"""JSON out of text: by a schema in the system turn, or by keys named in the request; unseen keys and values included."""

from typing import Any

from chance import Chance, capital
from chat import Conversation, Turn, to_json
from families.fields import Field, make_fields, mention, object_schema, object_value, spoken_key

ASK_BY_KEYS = [
    "Extract {keys} as JSON: {text}", "Turn this into JSON with the keys {keys}: {text}", "{text}\nGive me JSON with {keys}.", "Make a JSON object with {keys} from this text: {text}",
    "Read this and answer in JSON ({keys}): {text}", "JSON with {keys}, please: {text}", "{text}\n\nWrite {keys} as JSON.", "Fill in JSON with {keys}. Text: {text}", "What are {keys} here? Answer as JSON. {text}", "Convert to JSON, keys {keys}: {text}",
]
ASK_BY_SCHEMA = ["{text}", "Extract the data: {text}", "Text: {text}", "Fill in the schema: {text}", "{text}\nExtract this.", "Parse this: {text}", "Read this text: {text}", "Please extract: {text}", "Give me the fields of: {text}", "Here is the text. {text}"]
OPENINGS = ["", "", "", "Hi! ", "Note: ", "New entry. ", "Hello, ", "From the form: ", "Dear team, ", "Update: "]
FILLERS = ["", "", "", " Thanks!", " Please reply soon.", " That is all.", " Best regards", " See you.", " Have a nice day."]


def record_text(chance: Chance, fields: list[Field]) -> str:
    order = chance.shuffled(fields) if chance.roll(0.5) else fields
    style = chance.number(0, 5)
    if style == 0:
        body = "\n".join(f"{capital(spoken_key(one.key))}: {one.spoken}" for one in order)
    elif style == 1:
        body = " ".join(f"{capital('the ' + spoken_key(one.key))} is {one.spoken}." for one in order)
    elif style == 2:
        body = "; ".join(f"{spoken_key(one.key)} {one.spoken}" for one in order)
    elif style == 3:
        body = f"{capital(chance.any(('we have', 'there is', 'this is', 'I have', 'please note', 'I send you')))} a {chance.word()} with " + ", ".join(mention(chance, one, fields) for one in order) + "."
    else:
        body = capital(", ".join(mention(chance, one, fields) for one in order)) + "."
    return chance.pick(OPENINGS) + body + chance.pick(FILLERS)


def people_text(chance: Chance) -> tuple[dict[str, Any], str]:
    """Records told in plain sentences, without their keys."""
    name, city, age, thing, count, price = chance.name(), chance.place(), chance.number(18, 90), chance.word(), chance.number(2, 40), chance.number(3, 900)
    email, time = chance.email(), chance.clock()
    forms: list[tuple[dict[str, Any], list[str]]] = [
        ({"name": name, "age": age, "city": city}, [f"{name} is {age} years old and lives in {city}.", f"My name is {name}, I am {age} and I live in {city}.", f"In {city} lives {name}, aged {age}.", f"{name} from {city}, {age} years old."]),
        ({"item": thing, "quantity": count, "price": price}, [f"I want {count} {thing}s at {price} euros each.", f"Order: {count} x {thing}, price {price}.", f"Please send {count} {thing}s for {price} euros."]),
        ({"name": name, "email": email}, [f"Write to {name} at {email}.", f"{name} can be reached at {email}.", f"Contact: {name}, {email}", f"I am {name} and my address is {email}."]),
        ({"person": name, "time": time, "place": city}, [f"Meet {name} at {time} in {city}.", f"Meeting with {name} in {city}, {time}.", f"At {time} I see {name} in {city}."]),
        ({"from": city, "to": (other := chance.place()), "passenger": name}, [f"{name} flies from {city} to {other}.", f"Ticket for {name}: {city} to {other}.", f"From {city} to {other}, passenger {name}."]),
    ]
    value, texts = chance.any(forms)
    return value, chance.pick(texts)


def schema_of(value: dict[str, Any]) -> dict[str, Any]:
    kinds = {int: "integer", str: "string"}
    return {"type": "object", "properties": {key: {"type": kinds[type(one)]} for key, one in value.items()}, "required": list(value)}


def think_of_record(value: dict[str, Any], effort: str) -> str:
    pairs = ", ".join(f"{key} = {one if isinstance(one, str) else to_json(one)}" for key, one in value.items())
    return {"minimal": "Fill in the keys.", "low": f"The keys are {', '.join(value)}.", "medium": f"{pairs}.", "high": f"I look for each key. {pairs}. Nothing is missing."}.get(effort, "")


def extract(chance: Chance, effort: str = "") -> Conversation:
    if chance.roll(0.25):
        value, text = people_text(chance)
        schema = schema_of(value)
    else:
        fields = make_fields(chance, chance.random.choices((1, 2, 3, 4), (3, 6, 4, 1))[0])
        value, text, schema = object_value(fields), record_text(chance, fields), object_schema(fields, chance.roll(0.1), chance)
    answer = Turn("assistant", to_json(value), thoughts=think_of_record(value, effort))
    if chance.roll(0.6):
        system = chance.any(("", "", "You extract data.", "Answer only with JSON."))
        return Conversation([Turn("user", chance.pick(ASK_BY_SCHEMA).format(text=text)), answer], system=system, schema=schema, effort=effort)
    keys = ", ".join(value) if chance.roll(0.7) else " and ".join(value)
    return Conversation([Turn("user", chance.pick(ASK_BY_KEYS).format(keys=keys, text=text)), answer], json_object=chance.roll(0.3), effort=effort)
