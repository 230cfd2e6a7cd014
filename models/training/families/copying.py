"""Copying from context: repeat, pick out, look up, reverse. The crux of everything else, so it never leaves the mix."""

from chance import Chance, capital, listed
from chat import Conversation, Turn

REPEAT = ["Repeat: {}", "Repeat after me: {}", "Say this: {}", "Echo: {}", "Repeat this text exactly: {}", "Copy this: {}", "Please say: {}", "Write this again: {}", "Say exactly this: {}", "Can you repeat this? {}"]
LOOK_UP = ["What is {key}?", "What is the value of {key}?", "{key}?", "Which value has {key}?", "Look up {key}.", "Tell me {key}.", "Give me the value for {key}.", "And what is {key}?", "Find {key}.", "Read out {key}."]
ORDINALS = ["first", "second", "third", "fourth", "fifth"]
PLACE_WORDS = ["What is the {} word in this list: {}?", "Tell me the {} item of: {}", "{} item of {}?", "Which one is {} in: {}?", "Pick the {} of these: {}", "Say the {} word: {}"]


def sentence(chance: Chance) -> str:
    word = chance.word
    forms = [
        lambda: f"The {word()} is near the {word()}.", lambda: f"{chance.name()} likes the {word()} {word()}.", lambda: f"We met {chance.name()} in {chance.place()}.", lambda: f"My {word()} has {chance.number(2, 99)} {word()}s.",
        lambda: f"{chance.name()} and {chance.name()} buy a {word()} at {chance.clock()}.", lambda: " ".join(chance.words(chance.number(2, 12))), lambda: f"{chance.code()} {chance.code()} {chance.code()}",
        lambda: f"The {word()} of {chance.name()} costs {chance.number(2, 999)} euros.", lambda: f"Send it to {chance.email()} before {chance.date()}.", lambda: f"A {word()}, a {word()} and a {word()} are in the {word()}.",
    ]
    return chance.any(forms)()


def repeat(chance: Chance) -> list[Turn]:
    text = " ".join(sentence(chance) for _ in range(chance.random.choices((1, 2, 3), (6, 2, 1))[0]))
    return [Turn("user", chance.pick(REPEAT).format(text)), Turn("assistant", text)]


def word_stream(chance: Chance) -> list[Turn]:
    """Long and dense: many words to copy for few words of prompt."""
    words = [chance.any((chance.word, chance.invented, chance.code))() for _ in range(chance.number(4, 14))]
    text = chance.any((" ", ", ", "\n", "; ")).join(words)
    return [Turn("user", chance.pick(REPEAT).format(text)), Turn("assistant", text)]


def look_up(chance: Chance) -> list[Turn]:
    count = chance.number(2, 5)
    keys = chance.words(count)
    values = [chance.any((chance.word, chance.code, chance.place, chance.name, chance.clock))() for _ in keys]
    pair = chance.any(("{} = {}", "{}: {}", "{} is {}", "{} -> {}", "{} has {}"))
    table = chance.any((", ", "\n", "; ", ". ")).join(pair.format(key, value) for key, value in zip(keys, values))
    turns = []
    asked = chance.random.sample(range(count), min(count, chance.number(1, 3)))
    for number, index in enumerate(asked):
        question = chance.pick(LOOK_UP).format(key=keys[index])
        turns += [Turn("user", f"{table}\n{question}" if number == 0 else question), Turn("assistant", values[index])]
    return turns


def backwards_look_up(chance: Chance) -> list[Turn]:
    names = [chance.name() for _ in range(chance.number(2, 5))]
    things = chance.words(len(names))
    verb = chance.any(("has", "owns", "likes", "buys", "carries", "sells"))
    index = chance.number(0, len(names) - 1)
    story = " ".join(f"{name} {verb} the {thing}." for name, thing in zip(names, things))
    return [Turn("user", f"{story} Who {verb} the {things[index]}?"), Turn("assistant", f"{names[index]} {verb} the {things[index]}.")]


def pick_out(chance: Chance) -> list[Turn]:
    words = chance.words(chance.number(3, 6))
    index = chance.number(0, min(len(words), len(ORDINALS)) - 1)
    place = "last" if index == len(words) - 1 and chance.roll(0.5) else ORDINALS[index]
    return [Turn("user", capital(chance.pick(PLACE_WORDS).format(place, ", ".join(words)))), Turn("assistant", words[index])]


def after_which(chance: Chance) -> list[Turn]:
    words = chance.words(chance.number(4, 10))
    index = chance.number(0, len(words) - 2)
    question = chance.any(("Which word comes after {}?", "What follows {}?", "What is the next word after {}?")).format(words[index])
    return [Turn("user", f"{' '.join(words)}\n{question}"), Turn("assistant", words[index + 1])]


def rewrite_list(chance: Chance) -> list[Turn]:
    words = chance.words(chance.number(3, 6))
    joined = ", ".join(words)
    forms: list[tuple[list[str], str]] = [
        ([f"Reverse this list: {joined}", f"Put these in reverse order: {joined}", f"Write this list backwards: {joined}"], ", ".join(reversed(words))),
        ([f"Turn this into a bullet list: {joined}", f"Make a list of: {joined}", f"Write these as bullet points: {joined}"], "\n".join(f"- {word}" for word in words)),
        ([f"Number these: {joined}", f"Make a numbered list: {joined}", f"Write a numbered list of {joined}"], "\n".join(f"{index + 1}. {word}" for index, word in enumerate(words))),
        ([f"Join these with and: {joined}", f"Write {joined} as a sentence part with and."], listed(words)),
        ([f"How many words are in this list: {joined}?", f"Count the words: {joined}"], str(len(words))),
    ]
    requests, answer = chance.any(forms)
    return [Turn("user", chance.any(requests)), Turn("assistant", answer)]


def say_often(chance: Chance) -> list[Turn]:
    word, count = chance.word(), chance.number(2, 5)
    return [Turn("user", chance.any((f"Say {word} {count} times.", f"Repeat the word {word} {count} times.", f"Write {word} {count} times."))), Turn("assistant", " ".join([word] * count))]


COPY_TASKS = {repeat: 5, word_stream: 3, look_up: 9, backwards_look_up: 3, pick_out: 3, after_which: 3, rewrite_list: 4, say_often: 1}


def copying(chance: Chance) -> Conversation:
    return Conversation(chance.weighted(COPY_TASKS)(chance))
