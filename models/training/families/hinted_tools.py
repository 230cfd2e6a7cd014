"""Tools that a request hardly names: it shares one word with the tool, and says its values as people do, without their keys.

For training only. Everyday requests are like that ("A table for six at noon, please"), and a list of everyday tools is short.
"""

from functools import lru_cache

from chance import HELD_OUT, Chance, capital, content
from families.fields import FieldType, fill, free_key, known_key, object_schema, object_value, some_type
from families.telling import STRANGE, adjunct, shape
from families.tool import Ask, Tool
from text.patterns import wording
from text.tools import EVERYDAY, OBJECTS
from text.words import THINGS

NAME_VERBS = "get find make show add new call order check do set fetch request use run need lookup search list give plan reserve ask want start write send handle put register log note query read view choose compute calculate convert arrange prepare".split()
NAME_TAILS = "info finder maker service lookup tool search status helper data planner manager request list api desk now entry check".split()
DESCRIPTIONS = [
    "(Get|Find|Look up|Return|Show|Fetch|Read|Tell) (the|a|an existing|one|some) {noun}( by its values| for a user| from the list|)(.|)", "(Arrange|Order|Request|Set up|Make|Prepare|Register|Add|Start|Plan|Handle|Write) (a|a new|one|the) {noun}( for somebody| for the user|)(.|)",
    "{Noun} (service|lookup|search|planner|finder|tool|list|desk|data|requests)(.|)", "(Gives|Says|Finds|Tells|Shows|Makes) (you |)(the|a) {noun}( of something| that fits|)(.|)", "(Use this|For use) (for|with|when you need|if somebody wants) (a |any |the |){noun}(.|)", "{Noun}", "Everything about (a|the) {noun}", "(The|A) {noun}(, as asked for|)",
]
REQUESTS = [
    "(A|One|The|Any|Another) {noun} {rest}(, please|, if possible|, thanks|)(.|?|!|)", "(I|We) (need|want|would like|am looking for|could do with|have to have|ask for|wish for) (a|the|one|some) {noun} {rest}(.|, please.|!|)", "(What|How|Where) (is|about|was) (the|a|my|our) {noun} {rest}?", "(Get|Give|Show|Find|Bring|Tell|Fetch|Make|Do) (me|us) (a|the|that|one) {noun} {rest}(.|, please.|!|)", "(Is|Was) there (a|any) {noun} {rest}?",
    "{Noun} {rest}(.|?|!|, please.|)", "{Noun}: {rest}(.|)", "(My|The|Our) {noun} {rest}(, please|)(.|?|)", "(Can|Could|May) (I|we|you) (have|get|see|do|make|arrange|find) (a|the|one) {noun} {rest}(, please|)?", "(Who|Which one) has (a|the) {noun} {rest}?", "(Please|Kindly|Quickly|Now), (a|the) {noun} {rest}(.|!|)", "(It is|This is) about (a|the|my) {noun} {rest}(.|)", "(Do you have|Have we got|Do we have) (a|the|any) {noun} {rest}?",
    "(Let|Let's|Time to) (us |)(do|have|make|plan|see) (a|the) {noun} {rest}(.|!|)", "{rest}: (a |the |){noun}(, please|)(.|!|)", "{rest}, (a|the|one|my) {noun}(, please|)(.|?|)", "(Put|Note|Write|Take|Set) (down |)(a|the) {noun} {rest}(.|, please.|)", "(I'm|I am|We are) (after|interested in|asking for) (a|the|another) {noun} {rest}(.|)", "(What does|What do) (it say|you know|they say) (about|on) the {noun} {rest}?", "(Check|Look at|See to|Take care of) (a|the|my) {noun} {rest}(.|, please.|)",
]
PERSON_REQUESTS = ["{who} (needs|wants|asks for|would like|gets|is waiting for|has to have) (a|the|one|another) {noun} {rest}(.|, please.|!|)", "(Give|Get|Find|Bring|Make) {who} (a|the) {noun} {rest}(.|, please.|)", "(A|The|One) {noun} for {who} {rest}(.|, please.|)", "{noun} {rest}, (for|name is|on behalf of|it is for) {who}(.|)", "{who}'s {noun} {rest}(.|?|)"]
ROWS = [("name", "full_name"), ("word", "word", "two_words"), ("integer", "number"), ("place",), ("clock",), ("day", "date"), ("code",), ("email",), ("language",)]
ROW_WEIGHTS = (5, 6, 5, 6, 4, 4, 4, 1, 1)
JOINED_NOUN_SHARE = 0.45


def some_kinds(chance: Chance) -> list[str]:
    rows: set[int] = set()
    count = chance.random.choices((1, 2, 3), (6, 6, 2))[0]
    while len(rows) < count:
        rows.add(chance.random.choices(range(len(ROWS)), ROW_WEIGHTS)[0])
    return [chance.any(ROWS[row]) for row in chance.shuffled(sorted(rows))]


def hinted_name(chance: Chance, noun: str) -> str:
    verb, tail = chance.any(NAME_VERBS) if chance.roll(0.75) else chance.word().lower(), chance.any(NAME_TAILS)
    return chance.any((f"{verb}_{noun}", f"{verb}_{noun}", f"{verb}{capital(noun)}", f"{noun}_{tail}", f"{noun}-{verb}", noun, f"{noun}_{verb}", f"{verb}-{noun}"))


def said(chance: Chance, kind: str) -> str:
    if kind in ("word", "two_words") and chance.roll(0.8):
        return chance.any(("for", "about", "of", "with", "of the", "for the", "on", "called", "")) + f" {{{kind}}}"
    return adjunct(chance, kind) if "name" not in kind else f"{chance.any(('for', 'with', 'by', 'of', 'from'))} {{{kind}}}"


def request_pattern(chance: Chance, noun: str, kinds: list[str]) -> str:
    who = next((kind for kind in kinds if "name" in kind), None)
    by_person = who is not None and chance.roll(0.6)
    rest = [said(chance, kind) for kind in chance.shuffled(kinds) if not (by_person and kind == who)]
    joined = chance.any((" ", " ", ", ", " ")).join(rest).strip()
    form = wording(chance.any(PERSON_REQUESTS if by_person else REQUESTS), chance.random)
    said_noun = noun + ("s" if chance.roll(0.1) else "")
    text = form.replace("{rest}", joined).replace("{noun}", said_noun).replace("{Noun}", capital(said_noun)).replace("{who}", f"{{{who}}}")
    text = " ".join(text.replace(" ,", ",").replace(" .", ".").replace(" ?", "?").split())
    while STRANGE in text:
        text = text.replace(STRANGE, chance.word().lower(), 1)
    return text if text.startswith("{") else capital(text)


@lru_cache(maxsize=None)
def held_requests() -> frozenset[frozenset[str]]:
    return frozenset(content(shape(one)) for tool in HELD_OUT.allowed(EVERYDAY) for one in tool.requests)


def hinted_tool(chance: Chance, noun: str = "") -> Tool:
    noun = noun or (chance.word().lower() if chance.roll(JOINED_NOUN_SHARE) else chance.pick(OBJECTS if chance.roll(0.5) else THINGS))
    kinds = some_kinds(chance)
    free = chance.any(kinds) if chance.roll(0.35) else None
    types: dict[str, FieldType] = {}
    for kind in kinds:
        key = free_key(chance, kind) if kind == free or any(one.kind != kind and one.key == noun for one in types.values()) else known_key(chance, kind)
        while any(one.key == key for one in types.values()):
            key = free_key(chance, kind)
        types[kind] = FieldType(key, kind, {"type": kind if kind in ("integer", "number") else "string"})
    more = some_type(chance, {one.key for one in types.values()}) if chance.roll(0.35) else None  # that nobody speaks of
    if more:
        more.required = False
    offered = chance.shuffled([*types.values(), *([more] if more else [])])
    outcome = some_type(chance, set(), chance.any(("code", "name", "word", "integer", "place", "date")))

    def ask(chance: Chance) -> Ask:
        while content(shape(pattern := request_pattern(chance, noun, kinds))) in held_requests():
            pass
        fields = {kind: fill(chance, one) for kind, one in types.items()}
        result = fill(chance, outcome)
        request = pattern.format(**{kind: one.spoken for kind, one in fields.items()})
        return Ask(request, object_value([fields[one.kind] for one in offered if one is not more]), {result.key: result.value}, f"The {noun} is {result.value}.")

    description = wording(chance.any(DESCRIPTIONS), chance.random).replace("{noun}", noun).replace("{Noun}", capital(noun)) if chance.roll(0.85) else ""
    return Tool(hinted_name(chance, noun), description, object_schema(chance, offered, chance.roll(0.1)), ask)
