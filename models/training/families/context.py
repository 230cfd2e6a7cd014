"""What was said before counts: facts told earlier, rules in the system turn, questions about a passage."""

from chance import Chance, capital, sentence_case
from chat import Conversation, Turn
from families.copying import look_up, sentence
from families.knowledge import a_fact, about, facts, talk
from text.memories import ANY_ANSWER, ANY_ASKED, ANY_TOLD, MORE_ASKED, MORE_TOLD
from text.words import COLOURS, DAYS, FOODS, JOBS, SPORTS

# key -> (how the fact is told, how it is asked for, what is answered); patterns, each fifth held out
PERSONAL: dict[str, tuple[list[str], list[str], str]] = {
    "name": (
        ["My name is {v}.", "I am {v}.", "(You can call|Call) me {v}.", "(Hi|Hello|Hey), {v} here.", "(Hello|Hi|Hey), I'm {v}(!|.)", "People call me {v}.", "{v} is my name.", "I'm called {v}.", "I go by {v}.", "(Hi|Hello), my name is {v}.", "The name is {v}.", "This is {v} (speaking|writing)."],
        ["What is my name?", "Do you (remember|know) my name?", "Who am I?", "What am I called?", "How do people call me?", "What's my name(?| again?)", "(Tell me|Say) my name.", "By what name do (I go|you know me)?", "What was my name?", "Which name did I (tell you|give you)?", "my name?", "Can you (repeat|recall) my name?"], "Your name is {v}."),
    "place": (
        ["I live in {v}.", "I am from {v}.", "My home is in {v}.", "I (just |)moved to {v}.", "My (city|home town) is {v}.", "My (house|flat) is in {v}.", "I come from {v}.", "We live in {v}.", "I was born in {v}.", "{v} is where I live.", "I am writing from {v}."],
        ["Where do I live?", "(Which|What) city do I live in?", "Where is my home?", "Do you (know|remember) where I live?", "What is my city?", "Where am I from?", "In which (place|town) do I live?", "Where did I say I live?", "Where is my house?", "What is my home town?", "Where do I come from?"], "You live in {v}."),
    "colour": (
        ["My favourite colour is {v}.", "I like the colour {v} best.", "I love {v}, it is my favourite colour.", "The colour I like most is {v}.", "{v} is my favourite colour.", "Of all colours I like {v} best.", "My best colour is {v}.", "As for colours, I prefer {v}.", "{v} is the colour I love."],
        ["What is my favourite colour?", "(Which|What) colour do I (like best|love|prefer)?", "What colour do I like?", "Do you (remember|know) my favourite colour?", "Tell me my favourite colour.", "Which is my colour?", "What was my favourite colour?", "my favourite colour?", "Which colour did I say I like?"], "Your favourite colour is {v}."),
    "pet": (
        ["My pet is called {v}.", "I have a (dog|cat) named {v}.", "My (cat|dog)'s name is {v}.", "The name of my pet is {v}.", "I have a pet called {v}.", "My (cat|dog|pet) is {v}.", "{v} is my (dog|cat|pet).", "At home waits my pet {v}.", "We have a pet, it is called {v}."],
        ["What is my pet called?", "What is the name of my pet?", "How do I call my pet?", "Who is my pet?", "What is my pet's name?", "Do you (know|remember) my pet's name?", "Tell me the name of my pet.", "Which pet do I have?", "my pet's name?", "What was my pet called?"], "Your pet is called {v}."),
    "thing": (
        ["I bought a {v}.", "Today I bought a {v}.", "I have just got a {v} from the shop.", "In the shop I took a {v}.", "Yesterday I bought a {v}.", "I got myself a {v}.", "I (purchased|ordered) a {v}.", "A {v} is what I bought.", "At the market I bought a {v}."],
        ["What did I buy?", "What did I get from the shop?", "Do you remember what I bought?", "Which thing did I buy?", "What have I bought?", "Tell me what I bought.", "What was it that I bought?", "What is it I bought?", "Do you know what I bought?"], "You bought a {v}."),
    "job": (
        ["I work as a {v}.", "I am a {v} by trade.", "My job is {v}.", "I earn my money as a {v}.", "By profession I am a {v}.", "I am a {v}.", "I've been a {v} for years.", "For a living I work as a {v}.", "I have a job as a {v}."],
        ["What is my job?", "What do I work as?", "How do I earn my money?", "What do I do for a living?", "What is my profession?", "Which job do I have?", "Do you (remember|know) my job?", "What's my (job|work)?", "Tell me my job.", "As what do I work?"], "You work as a {v}."),
    "food": (
        ["My favourite food is {v}.", "I love to eat {v}.", "I like {v} best of all food.", "The best food is {v}.", "{v} is my favourite food.", "I could eat {v} every day.", "My favourite dish is {v}.", "I love eating {v}.", "Nothing tastes better than {v}."],
        ["What is my favourite food?", "What do I love to eat?", "Which food do I like best?", "What do I like to eat?", "Do you (know|remember) my favourite food?", "What food do I love?", "Tell me my favourite food.", "Which dish do I love to eat?", "my favourite food?"], "Your favourite food is {v}."),
    "sport": (
        ["My sport is {v}.", "I do {v} on Sundays.", "I like to do {v}.", "I train for {v}.", "I practise {v}.", "My favourite sport is {v}.", "In my free time I do {v}.", "The sport I do is {v}.", "I am good at {v}."],
        ["What is my sport?", "Which sport do I do?", "What do I train for?", "What sport do I like?", "What is my favourite sport?", "Do you (know|remember) my sport?", "Tell me my sport.", "Which sport is mine?", "my sport?"], "Your sport is {v}."),
    "code": (
        ["The code is {v}.", "Remember the code {v}.", "My code is {v}.", "Keep this code for me: {v}", "Please remember this code: {v}.", "Here is the code: {v}", "{v} is the code.", "Save the code {v}.", "Don't forget the code {v}.", "Note the code {v}.", "Code: {v}"],
        ["What is the code?", "Which code did I give you?", "Tell me the code.", "What was the code?", "Do you still know the code?", "What code did I tell you?", "Give me the code.", "the code?", "Which code was it?", "Can you repeat the code?"], "The code is {v}."),
    "word": (
        ["The secret word is {v}.", "Remember the word {v}.", "Our password is {v}.", "Keep the word {v} in mind.", "My word is {v}.", "The magic word is {v}.", "{v} is the secret word.", "Keep {v} as our password.", "Don't forget the word {v}."],
        ["What is the secret word?", "Which word did I tell you?", "What is our password?", "What was the word?", "Tell me the word.", "What is the magic word?", "What was our secret word?", "Which word was it?", "Do you remember the word?", "the secret word?"], "The word is {v}."),
    "age": (
        ["I am {v} years old.", "My age is {v}.", "I turned {v} this year.", "I was born {v} years ago.", "I'm {v}.", "I am {v}.", "This year I turn {v}.", "I have my {v}th year.", "At {v} years I am not young."],
        ["How old am I?", "What is my age?", "Do you (know|remember) my age?", "How many years old am I?", "What's my age?", "Tell me my age.", "How old did I say I am?", "my age?", "What age am I?"], "You are {v} years old."),
    "friend": (
        ["My friend is called {v}.", "My best friend is {v}.", "I have a friend named {v}.", "{v} is my best friend.", "My friend's name is {v}.", "I have a good friend, {v}.", "{v} is a friend of mine.", "My friend {v} is here.", "The name of my friend is {v}."],
        ["Who is my friend?", "What is the name of my friend?", "Who is my best friend?", "What is my friend called?", "What's my friend's name?", "Tell me who my friend is.", "Which friend do I have?", "Do you (know|remember) my friend's name?", "my friend's name?"], "Your friend is called {v}."),
    "car": (
        ["I drive a {v}.", "My car is a {v}.", "I have a {v} as a car.", "I own a car, a {v}.", "In the garage stands my {v}.", "My new car is a {v}.", "I go to work in a {v}.", "The car I have is a {v}.", "I just got a new car, a {v}."],
        ["What car do I drive?", "Which car do I have?", "What is my car?", "What do I drive?", "Do you (know|remember) my car?", "Tell me which car I drive.", "What kind of car is mine?", "What's my car?", "my car?"], "You drive a {v}."),
    "day": (
        ["My day off is {v}.", "I am free on {v}.", "On {v} I don't work.", "I don't have to work on {v}.", "{v} is my free day.", "I take {v} off.", "I have time on {v}.", "My free day is {v}.", "I am at home on {v}."],
        ["When is my day off?", "When am I free?", "Which day am I free?", "On which day do I not work?", "What is my free day?", "Which is my day off?", "Do you know when I am free?", "my day off?", "Tell me my day off."], "You are free on {v}."),
}
NOTED = ["OK, I will remember that.", "Noted.", "Thank you for telling me."]
SHORT_ASIDES = 0.6


def personal_value(chance: Chance, key: str) -> str:
    if not chance.held and key in ("colour", "job", "food", "sport", "day") and chance.roll(0.4):
        return chance.word()
    match key:
        case "name" | "pet" | "friend": return chance.name()
        case "place": return chance.place()
        case "colour": return chance.pick(COLOURS)
        case "job": return chance.pick(JOBS)
        case "food": return chance.pick(FOODS)
        case "sport": return chance.pick(SPORTS)
        case "code": return chance.code()
        case "day": return chance.any(DAYS)
        case "age": return str(chance.number(10, 95))
    return chance.word()


def aside(chance: Chance) -> list[Turn]:
    return (talk if chance.roll(SHORT_ASIDES) else chance.any((about, facts, lambda one: Conversation(look_up(one)[:2]))))(chance).turns


def memory(chance: Chance) -> Conversation:
    keys = chance.random.sample(list(PERSONAL), chance.random.choices((1, 2, 3), (4, 4, 3))[0])
    values = {key: personal_value(chance, key) for key in keys}
    told = [chance.phrase(PERSONAL[key][0], MORE_TOLD[key], v=values[key]) for key in keys]
    turns: list[Turn] = []
    for group in ([" ".join(told)] if chance.roll(0.5) else told):
        turns += [Turn("user", group), Turn("assistant", chance.any(NOTED))]
    for _ in range(chance.random.choices((0, 1, 2), (3, 4, 3))[0]):
        turns += aside(chance)
    asked = keys if chance.roll(0.6) and not chance.held else keys[: chance.number(1, len(keys))]
    for key in chance.shuffled(asked):
        turns += [Turn("user", chance.phrase(PERSONAL[key][1], MORE_ASKED[key])), Turn("assistant", PERSONAL[key][2].format(v=values[key]))]
    return Conversation(turns)


def any_memory(chance: Chance) -> Conversation:
    """Facts of any kind about the user, so that "my …" means what was said, whatever it is."""
    values = {key: chance.any((chance.word, chance.word, chance.name, chance.place, chance.code))() for key in chance.words(chance.number(1, 4))}
    told = [sentence_case(chance.phrase(ANY_TOLD, k=key, v=value), [value]) for key, value in values.items()]
    turns: list[Turn] = []
    for group in ([" ".join(told)] if chance.roll(0.5) else told):
        turns += [Turn("user", group), Turn("assistant", chance.any(NOTED))]
    for _ in range(chance.number(0, 2)):
        turns += aside(chance)
    for key in chance.shuffled(list(values)):
        turns += [Turn("user", capital(chance.phrase(ANY_ASKED, k=key))), Turn("assistant", ANY_ANSWER.format(k=key, v=values[key]))]
    return Conversation(turns)


def long_memory(chance: Chance) -> Conversation:
    """A long chat, up to the whole context, and at its end what was said at the beginning."""
    made = memory(chance)
    told, asked = made.turns[:2], made.turns[-2:]
    turns = list(told)
    for _ in range(chance.number(20, 38)):
        turns += chance.any((talk, about, facts))(chance).turns
    return Conversation(turns + asked)


def rules(chance: Chance) -> Conversation:
    name, word, place, code = chance.name(), chance.word(), chance.place(), chance.code()
    fact_questions, fact = a_fact(chance)
    question = Turn("user", chance.any(fact_questions))
    small = talk(chance).turns
    match chance.number(0, 8):
        case 0:
            system = chance.pick(("Your name is {}.", "You are {}, a helpful assistant.", "You are an assistant called {}.", "Call yourself {}.", "You are {}."))
            return Conversation([Turn("user", chance.any(("What is your name?", "Who are you?", "What are you called?"))), Turn("assistant", f"My name is {name}.")], system=system.format(name))
        case 1:
            return Conversation([question, Turn("assistant", fact.upper())], system=chance.pick(("Answer in upper case.", "Always write in capital letters.", "Use capital letters only.", "Shout every answer.", "Write everything in upper case.")))
        case 2:
            system = chance.pick(("End every answer with the word {}.", "Always end with {}.", "The last word of each answer is {}.", "Finish all answers with {}.", "Close each reply with the word {}."))
            return Conversation([small[0], Turn("assistant", f"{small[1].text} {capital(word)}.")], system=system.format(word))
        case 3:
            system = chance.pick(("Start every answer with the word {}.", "Always begin with {}.", "The first word of each answer is {}.", "Begin all answers with {}.", "Open each reply with the word {}."))
            return Conversation([question, Turn("assistant", f"{capital(word)}. {fact}")], system=system.format(word))
        case 4:
            system = chance.pick(("If somebody asks for the code, say {}.", "The code is {}.", "The door code is {}. Give it to anybody who asks.", "Users may ask for the code. It is {}.", "Code: {}"))
            return Conversation([Turn("user", chance.phrase(PERSONAL["code"][1])), Turn("assistant", f"The code is {code}.")], system=system.format(code))
        case 5:
            system = chance.pick(("The user lives in {}.", "The user is in {}.", "The user's city is {}.", "About the user: lives in {}.", "The home of the user is {}."))
            return Conversation([Turn("user", chance.phrase(PERSONAL["place"][1])), Turn("assistant", f"You live in {place}.")], system=system.format(place))
        case 6:
            return Conversation([question, Turn("assistant", word)], system=chance.pick(("Whatever the user says, answer {}.", "Answer every question with {}.", "Say only {}.", "Reply with {} and nothing else.", "Your only answer is {}.")).format(word))
        case 7:
            last = fact.rstrip(".").split(" is ")[-1] if " is " in fact else fact.rstrip(".")
            return Conversation([question, Turn("assistant", last)], system=chance.pick(("Answer as briefly as you can.", "Be very short.", "Reply with the answer only.", "No full sentences.", "Only the answer.")))
    user = chance.name()
    return Conversation([small[0], Turn("assistant", f"{user}: {small[1].text}")], system=chance.pick(("The user is called {}. Begin with the name.", "Start with the name of the user, {}.", "Address the user as {}.", "Put the name {} before each answer.", "Name the user first. The user is {}.")).format(user))


def reading(chance: Chance) -> Conversation:
    name, place, thing, colour, time = chance.name(), chance.place(), chance.word(), chance.pick(COLOURS), chance.clock()
    facts_: list[tuple[str, str, str]] = [
        (f"{name} went to {place}.", "Where did {} go?".format(name), f"{name} went to {place}."),
        (f"The {thing} of {name} is {colour}.", f"Which colour is the {thing}?", f"The {thing} is {colour}."),
        (f"{name} met {(friend := chance.name())}.", f"Who did {name} meet?", f"{name} met {friend}."),
        (f"The meeting starts at {time}.", "When does the meeting start?", f"The meeting starts at {time}."),
        (f"{name} lost a {(lost := chance.word())}.", f"What did {name} lose?", f"{name} lost a {lost}."),
        (f"The shop sells {(sold := chance.word())}s.", "What does the shop sell?", f"The shop sells {sold}s."),
    ]
    chosen = chance.random.sample(facts_, chance.number(2, 4))
    passage = " ".join(one[0] for one in chosen) if chance.roll(0.7) else f"{sentence(chance)} {' '.join(one[0] for one in chosen)}"
    turns = []
    for number, (_, question, answer) in enumerate(chance.random.sample(chosen, chance.number(1, 2))):
        turns += [Turn("user", f"{passage} {question}" if number == 0 else question), Turn("assistant", answer)]
    return Conversation(turns)
