"""What the model knows by heart: small talk, Turnpike, a few facts and lists. And what it knows that it does not know."""

from collections.abc import Callable

from chance import Chance, capital, content
from chat import Conversation, Turn
from families.rewording import HELD, plain, reword, synonym
from text.about import ABOUT, Topic
from text.beyond import ASK_ABOUT, DEMAND_FORMS, DEMANDS, MATTERS, MORE_ASK_ABOUT, MORE_DEMAND_FORMS, MORE_DEMANDS, MORE_MATTERS, MORE_TOPICS, MORE_WHOLE, TOO_SMALL, TOPICS, WHOLE
from text.facts import CAPITALS, LISTS, OPPOSITES, SOUNDS, UNITS
from text.patterns import wording
from text.talk import TALK
from text.words import DAYS, MONTHS, NUMBER_WORDS

OPENERS = ["Hi! ", "Hello, ", "Quick question: ", "Please tell me: ", "I am new here. ", "Sorry, ", "Hey, ", "One more thing: ", "OK, and ", "Tell me, ", "Question: ", "Good morning. "]
CLOSERS = [" Thanks.", " Please.", " Thank you!", " I am new.", " Please help.", " Can you tell me?", " I need to know."]
MORE_OPENERS = ["(Hi|Hello|Hey|Hi there|Good evening|Dear model|OK|So|Well|Now|Then|And|But|By the way)(,|!|:) ", "(One|A|Another|My next|A short|Last) question(:|,|.) ", "(I wonder|I am curious|Can I ask|I'd like to know|Somebody asked me|My boss asks|My son asks)(:|,) ", "(I am|I'm|We are) (a beginner|confused|lost|in a hurry|curious|a student|not sure)(.|,) "]
MORE_CLOSERS = [" (I am|I'm|We are) (a beginner|confused|in a hurry|curious|a student|lost|not sure|learning)(.|!)", " (Thanks a lot|Thank you so much|Cheers|Thx|Many thanks|Please answer|Please be quick|It is urgent|Hurry|Any idea|Do you know)(.|!|?)", " (My boss|My son|A friend|Somebody|My teacher) (asks|wants to know|asked me|needs it)(.|)"]
SHORT_FORMS = [("What is", "What's"), ("How do I", "How can I"), ("How do I", "How would I"), ("Which", "What"), ("How can I", "How do I"), ("What does", "what does"), ("I am", "I'm"), ("Explain", "Please explain"), ("Tell me about", "What about"), ("How do I", "how to"), ("Can I", "May I"), ("does not", "doesn't")]


REWORDED_SHARE = 0.6
OPENING_TOKENS = 7
LITTLE_WORDS = {"the", "a", "an", "my", "is", "are", "do", "does", "i", "to", "it", "of", "for", "me"}


def asked(chance: Chance, question: str, casual: float) -> str:
    """A question in other words, or as it stands; held-out wordings stay as they are, and are never made by chance."""
    other = reword(chance, question) if chance.roll(REWORDED_SHARE) else question
    other = casually(chance, other) if chance.roll(casual) else other
    return question if not chance.held and plain(other) in HELD else other


def casually(chance: Chance, question: str) -> str:
    """The same question as people type it: with a greeting, without capitals or a question mark, with a slip."""
    if chance.roll(0.25):
        left, right = chance.any(SHORT_FORMS)
        question = question.replace(left, right)
    if chance.roll(0.12):
        question = " ".join(word for word in question.split() if word.lower() not in LITTLE_WORDS or chance.roll(0.4)) or question
    if chance.roll(0.2):
        question = question.rstrip("?.!") + chance.any(("", "", "?", "??", "!"))
    if chance.roll(0.15):
        opener = chance.wide(OPENERS, MORE_OPENERS).rstrip() + " "
        question = opener + (question if opener[-2] in ".!" else question[0].lower() + question[1:] if question[:2] != "I " else question)
    if chance.roll(0.1):
        question += " " + chance.wide(CLOSERS, MORE_CLOSERS).strip()
    if chance.roll(0.2):
        question = question.lower()
    if chance.roll(0.06):
        slip = chance.number(1, max(1, len(question) - 2))
        question = question[:slip] + question[slip + 1 :]
    return question


def think_by_heart(effort: str, about: str) -> str:
    return {"minimal": "Easy.", "low": f"This is {about}.", "medium": f"This is {about}. I answer it from what I know.", "high": f"This is {about}. I answer it from what I know. I check that the answer fits. I keep it short."}.get(effort, "")


def exchange(question: str, answer: str, effort: str, about: str) -> Conversation:
    return Conversation([Turn("user", question), Turn("assistant", answer, thoughts=think_by_heart(effort, about))], effort=effort)


def talk(chance: Chance, effort: str = "") -> Conversation:
    answers, questions = chance.any(TALK)
    return exchange(asked(chance, chance.phrase(questions), 0.3), chance.any(answers), effort, "small talk")


HELD_CONTENT = {content(question) for topic in ABOUT for question in topic.held}
HELD_ABOUT = {plain(question) for topic in ABOUT for question in topic.held}
QUESTION_WORDS = {"what", "which", "where", "who", "how", "why", "when", "is", "are", "can", "could", "may", "do", "does", "will", "must", "should", "am", "under", "at", "in", "whose", "what's", "would"}


def about_question(chance: Chance, topic: Topic) -> str:
    """One of the endless wordings of its patterns, as tidy or as careless as people write; never a held-out one."""
    while True:
        question = worded(chance, topic)
        if plain(question) not in HELD_ABOUT and (chance.held or content(question) not in HELD_CONTENT):
            return question


def worded(chance: Chance, topic: Topic) -> str:
    core = wording(chance.any(topic.patterns if chance.held else topic.patterns + topic.more), chance.random)
    if not chance.held and chance.roll(0.15):
        core = synonym(chance, core)
    is_question = core.split(" ")[0].lower() in QUESTION_WORDS
    ending = chance.any(("?", "?", "?", "") if is_question else (".", "", "", "?"))
    question = (capital(core) if chance.roll(0.75) else core) + ("" if core[-1] in ".?!" else ending)
    return casually(chance, question) if chance.roll(0.35) else question


def about(chance: Chance, effort: str = "") -> Conversation:
    topic = chance.any(ABOUT)
    return exchange(about_question(chance, topic), topic.answer, effort, "a question about Turnpike")


def opened(family: Callable[[Chance], Conversation]) -> Callable[[Chance], Conversation]:
    """Only the first words of the answer: which answer it is has been decided then, and the rest is known by heart."""

    def opening(chance: Chance) -> Conversation:
        made = family(chance)
        made.opening_tokens = OPENING_TOKENS
        return made

    return opening


def beyond(chance: Chance, effort: str = "") -> Conversation:
    topic = chance.wide(TOPICS, MORE_TOPICS) if chance.roll(0.8) else f"{chance.word()} {chance.word()}"
    demand = capital(chance.phrase(DEMAND_FORMS, MORE_DEMAND_FORMS, demand=chance.wide(DEMANDS, MORE_DEMANDS), matter=chance.wide(MATTERS, MORE_MATTERS)))
    question = chance.random.choices((chance.phrase(WHOLE, MORE_WHOLE), chance.phrase(ASK_ABOUT, MORE_ASK_ABOUT, topic=topic), demand), (4, 4, 3))[0]
    return exchange(asked(chance, capital(question), 0.35), chance.any(TOO_SMALL), effort, "too hard for me")


def neighbour(chance: Chance, names: list[str], what: str) -> tuple[list[str], str]:
    index, step, word = chance.number(0, len(names) - 1), *chance.any(((1, "after"), (-1, "before")))
    return ([f"What {what} comes {word} {names[index]}?", f"Which {what} is {word} {names[index]}?"], f"The {what} {word} {names[index]} is {names[(index + step) % len(names)]}.")


def a_fact(chance: Chance) -> tuple[list[str], str]:
    match chance.number(0, 6):
        case 0 | 1:
            country, city = chance.any(list(CAPITALS.items()))
            return ([f"What is the capital of {country}?", f"Capital of {country}?", f"Tell me the capital of {country}.", f"Which city is the capital of {country}?", f"Name the capital of {country}.", f"{country}: what is the capital?"], f"The capital of {country} is {city}.")
        case 2:
            word, opposite = chance.any(list(OPPOSITES.items()))
            word, opposite = (word, opposite) if chance.roll(0.5) else (opposite, word)
            return ([f"What is the opposite of {word}?", f"Opposite of {word}?", f"Give me the opposite of the word {word}.", f"Which word is the opposite of {word}?"], f"The opposite of {word} is {opposite}.")
        case 3:
            return neighbour(chance, DAYS, "day")
        case 4:
            return neighbour(chance, MONTHS, "month")
        case 5:
            animal, sound = chance.any(list(SOUNDS.items()))
            return ([f"What sound does a {animal} make?", f"What does the {animal} say?", f"How does a {animal} sound?"], f"A {animal} says {sound}.")
    what, answer = chance.any(list(UNITS.items()))
    return ([f"How many {what}?", f"Tell me how many {what}."], f"{capital(answer)}.")


def facts(chance: Chance, effort: str = "") -> Conversation:
    questions, answer = a_fact(chance)
    return exchange(chance.any(questions), answer, effort, "a simple fact")


def lists(chance: Chance, effort: str = "") -> Conversation:
    kind = chance.any(list(LISTS))
    count = chance.number(2, 5)
    chosen = chance.random.sample(LISTS[kind], count)
    form = chance.number(0, 2)
    body = ("\n".join(f"{i + 1}. {capital(one)}" for i, one in enumerate(chosen)), "\n".join(f"- {capital(one)}" for one in chosen), capital(", ".join(chosen)) + ".")[form]
    how = (chance.any((" as a numbered list.", " with numbers.")), chance.any((" as bullet points.", " as a bullet list.")), chance.any((".", " in one line.", ", please.")))[form]
    ask = chance.any(("List {} {}", "Name {} {}", "Give me {} {}", "Tell me {} {}", "I need {} {}", "Write down {} {}")).format(chance.any((str(count), NUMBER_WORDS[count])), kind)
    return exchange(ask + how, body, effort, "a list")
