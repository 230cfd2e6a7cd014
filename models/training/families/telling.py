"""Records told in sentences, without their keys: somebody did something with so many things, somewhere, at some time.

What is what, only the grammar of the sentence and the kinds of the values say; a key says what kind it takes, and at most one
key of a record says nothing, so that there is always one right answer.
"""

import re

from chance import Chance, capital

VERBS = """admired asked about|baked|borrowed|bought|broke|brought|built|carried|caught|checked|chose|cleaned|climbed|closed|collected|cooked|counted|
cut|delivered|designed|discovered|drew|drove|dropped|emptied|exported|filled|filmed|finished|fixed|found|gave away|got|guarded|heard about|hid|hired|
imported|inspected|installed|invented|joined|kept|led|left|lent|liked|loaded|looked at|lost|made|managed|measured|mended|met|missed|moved|needed|
offered|opened|ordered|owned|packed|painted|parked|picked|planned|planted|played|praised|prepared|presented|printed|pulled|pushed|put|ran|read|
received|registered|removed|rented|repaired|replaced|reported|rescued|returned|saw|sent|served|showed|signed|sold|sorted|started|stole|stopped|
studied|surveyed|swapped|tasted|tested|threw|took|touched|traded|translated|used|visited|wanted|washed|watched|won|wrapped""".replace("\n", "").split("|")
VERBS_NOW = """buys|sells|wants|needs|likes|opens|closes|leads|runs|visits|brings|takes|sends|shows|keeps|finds|loses|drives|paints|plays|reads|carries|
makes|repairs|checks|orders|serves|owns a part of|collects|watches|tests|cleans|plans|rents|offers|moves|counts|meets|leaves|joins|must fix|
will bring|will visit|can have|may keep|should see|has to move|is at|works for|asks for|pays for|looks for|waits for|looks after|is happy with""".replace("\n", "").split("|")
UNITS = "days weeks months years hours minutes seconds euros dollars pounds coins points people persons guests pieces boxes bottles cups bags metres miles kilometres kilos litres pages seats tables rooms times rounds steps tickets degrees percent stars votes copies".split()
STRANGE = "<strange>"  # any word that nobody knows
KNOWN_NOUNS = "order entry note list paper card desk house office file table door line shop page sheet record box".split()
WITHOUT_ARTICLE = 0.25
DENSE_SHARE = 0.3
STRANGE_SHARE = 0.3  # of the verbs and nouns around the values: words that nobody knows
# Who or what a sentence is about, and then what else is said; at most one of each row.
ROWS = [("name", "name", "name", "full_name"), ("word", "word", "word", "word", "two_words"), ("integer", "integer", "integer", "number"), ("place",), ("clock",), ("day", "date"), ("code",), ("colour",), ("language",), ("email",)]
ROW_WEIGHTS = (9, 11, 8, 5, 5, 7, 8, 1.5, 0.7, 0.7)


def shape(pattern: str) -> str:
    """The words of a pattern, whatever its gaps are called."""
    return re.sub(r"{\w+}", "{}", pattern)


def some_kinds(chance: Chance) -> list[str]:
    rows: set[int] = set()
    count = chance.random.choices((2, 3, 4), (5, 6, 1.5))[0]
    while len(rows) < count:
        rows.add(chance.random.choices(range(len(ROWS)), ROW_WEIGHTS)[0])
    return [chance.any(ROWS[row]) for row in chance.shuffled(sorted(rows))]


def told_sentence(chance: Chance, kinds: list[str]) -> str:
    """A pattern with a {kind} for each of the kinds, each of which stands there once."""
    pattern = dense(chance, kinds) if chance.roll(DENSE_SHARE) else sentence(chance, kinds)
    strange = (lambda: chance.word().lower()) if "two_words" not in kinds else (lambda: chance.any(KNOWN_NOUNS))  # or nobody could say where the words of a value end
    while STRANGE in pattern:
        pattern = pattern.replace(STRANGE, strange(), 1)
    return pattern if pattern.startswith("{") or chance.roll(0.15) else capital(pattern)


def sentence(chance: Chance, kinds: list[str]) -> str:
    left = list(kinds)
    who = next((kind for kind in left if "name" in kind), None)
    what = next((kind for kind in left if kind in ("word", "two_words")), None)
    for taken in (who, what):
        if taken:
            left.remove(taken)
    number = next((kind for kind in left if kind in ("integer", "number")), None)
    counted = number == "integer" and what == "word" and chance.roll(0.35)
    if counted:
        left.remove("integer")
    thing = f"{{integer}} {{word}}{chance.any(('s', 's', ''))}" if counted else with_article(chance, f"{{{what}}}" if what else noun(chance))
    subject = f"{{{who}}}" if who else chance.any(("we", "I", "they", "you", "she", "he", "somebody", "the " + noun(chance), "my " + noun(chance)))
    rest = [adjunct(chance, kind) for kind in chance.shuffled(left)]
    core = clause(chance, subject, thing, bool(who), bool(what))
    front = chance.number(0, len(rest)) if chance.roll(0.45) else 0
    comma = chance.any((",", ",", ""))
    text = " ".join([*(f"{one}{comma if index == front - 1 else ''}" for index, one in enumerate(rest[:front])), core])
    text += "".join(chance.any((" ", " ", " ", ", ")) + one for one in rest[front:])
    return text + chance.any((".", ".", ".", "", "!"))


def clause(chance: Chance, subject: str, thing: str, who: bool, what: bool) -> str:
    if what and not who and chance.roll(0.4):  # the thing itself does something, or has something done to it
        return chance.any((f"{thing} {verb(chance)}", f"there is {thing}", f"{thing} was {verb(chance)}", f"here comes {thing}", f"it is {thing}", thing))
    if who and not what and chance.roll(0.35):
        return chance.any((f"{subject} {verb(chance)}", f"{subject} is there", f"it is {subject}", f"{subject} {verb(chance)} it", subject))
    if who and what and chance.roll(0.3):
        return chance.any((f"{thing} of {subject}", f"{thing} for {subject}", f"{thing} was {verb(chance)} by {subject}", f"{subject} with {thing}", f"{thing} belongs to {subject}", f"{subject} and {thing}", f"{thing} is from {subject}"))
    return f"{subject} {verb(chance)} {thing}"


def verb(chance: Chance) -> str:
    if chance.roll(STRANGE_SHARE):
        return STRANGE + chance.any(("ed", "s", "", "ed"))
    return chance.any(VERBS if chance.roll(0.6) else VERBS_NOW)


def noun(chance: Chance) -> str:
    return STRANGE


def with_article(chance: Chance, thing: str) -> str:
    return thing if chance.roll(WITHOUT_ARTICLE) else f"{chance.any(('the', 'the', 'the', 'a', 'a', 'my', 'our', 'this', 'one', 'his', 'her', 'their', 'another', 'some', 'your', 'an old', 'the new', 'the last', 'every'))} {thing}"


def unit(chance: Chance) -> str:
    return STRANGE + "s" if chance.roll(STRANGE_SHARE) else chance.any(UNITS)


def adjunct(chance: Chance, kind: str) -> str:
    value = f"{{{kind}}}"
    match kind:
        case "integer" | "number": return chance.any((f"for {value} {unit(chance)}", f"for {value} {unit(chance)}", f"{value} {unit(chance)}", f"at {value}", f"for {value}", f"after {value} {unit(chance)}", f"with {value} {unit(chance)}", f"({value})", f"in {value} {unit(chance)}", f"x {value}", f"about {value} {unit(chance)}", f"up to {value} {unit(chance)}"))
        case "place": return chance.any(("in", "in", "at", "from", "to", "near", "of", "via", "out of")) + f" {value}"
        case "clock": return chance.any(("at", "at", "at", "from", "before", "after", "until", "around", "by")) + f" {value}"
        case "day": return chance.any(("on", "on", "on", "every", "this", "next", "last", "until", "from")) + f" {value}"
        case "date": return chance.any(("on", "on", "since", "until", "by", "from", "before")) + f" {value}"
        case "code": return chance.any(("with number", "under", "with", "as", "number", "no.", "code", "see", f"({noun(chance)})", f"on {noun(chance)}", f"at {noun(chance)}", f"with the {noun(chance)}", noun(chance))) + f" {value}"
        case "colour": return chance.any(("in", "painted", "all in")) + f" {value}"
        case "language": return chance.any(("in", "speaking", "said in")) + f" {value}"
        case "email": return chance.any(("at", "via", "from", "mail", "to")) + f" {value}"
    return f"{chance.any(('with', 'for', 'by', 'and', 'about'))} {value}"


def dense(chance: Chance, kinds: list[str]) -> str:
    """As in a list or a log: hardly more than the values, in any order."""
    values = [f"{{{kind}}}" for kind in chance.shuffled(kinds)]
    first, *rest = values
    match chance.number(0, 6):
        case 0: return chance.any((", ", " - ", " / ", " | ", "; ", " ", "\n", " > ", " + ")).join(values)
        case 1: return f"{first}: " + ", ".join(rest)
        case 2: return f"{first} ({', '.join(rest)})"
        case 3: return f"{', '.join(rest)}: {first}"
        case 4: return f"{noun(chance)} {', '.join(values)}" + chance.any(("", ".", "!"))
        case 5: return f"{first} - " + " ".join(rest) + chance.any(("", ".", f" {noun(chance)}"))
    return f"{first} = {' / '.join(rest)}"
