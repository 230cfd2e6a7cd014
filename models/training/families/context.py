"""What was said before counts: facts told earlier, rules in the system turn, questions about a passage."""

from chance import Chance, capital
from chat import Conversation, Turn
from families.copying import look_up, sentence
from families.knowledge import a_fact, about, facts, talk
from text.words import COLOURS, FOODS, JOBS, SPORTS

# key -> (how the fact is told, how it is asked for, what is answered)
PERSONAL: dict[str, tuple[list[str], list[str], list[str]]] = {
    "name": (["My name is {v}.", "I am {v}.", "Call me {v}.", "Hi, {v} here.", "Hello, I'm {v}!", "People call me {v}."], ["What is my name?", "Do you remember my name?", "Who am I?", "What am I called?", "How do people call me?", "What's my name?"], ["Your name is {v}."]),
    "place": (["I live in {v}.", "I am from {v}.", "My home is in {v}.", "I moved to {v}.", "My city is {v}."], ["Where do I live?", "Which city do I live in?", "Where is my home?", "Do you know where I live?", "What is my city?"], ["You live in {v}."]),
    "colour": (["My favourite colour is {v}.", "I like the colour {v} best.", "I love {v}, it is my favourite colour.", "The colour I like most is {v}."], ["What is my favourite colour?", "Which colour do I like best?", "What colour do I like?", "Do you remember my favourite colour?"], ["Your favourite colour is {v}."]),
    "pet": (["My pet is called {v}.", "I have a dog named {v}.", "My cat's name is {v}.", "The name of my pet is {v}."], ["What is my pet called?", "What is the name of my pet?", "How do I call my pet?", "Who is my pet?"], ["Your pet is called {v}."]),
    "thing": (["I bought a {v}.", "Today I bought a {v}.", "I have just got a {v} from the shop.", "In the shop I took a {v}."], ["What did I buy?", "What did I get from the shop?", "Do you remember what I bought?", "Which thing did I buy?"], ["You bought a {v}."]),
    "job": (["I work as a {v}.", "I am a {v} by trade.", "My job is {v}.", "I earn my money as a {v}."], ["What is my job?", "What do I work as?", "How do I earn my money?", "What do I do for a living?"], ["You work as a {v}."]),
    "food": (["My favourite food is {v}.", "I love to eat {v}.", "I like {v} best of all food.", "The best food is {v}."], ["What is my favourite food?", "What do I love to eat?", "Which food do I like best?", "What do I like to eat?"], ["Your favourite food is {v}."]),
    "sport": (["My sport is {v}.", "I do {v} on Sundays.", "I like to do {v}.", "I train for {v}."], ["What is my sport?", "Which sport do I do?", "What do I train for?", "What sport do I like?"], ["Your sport is {v}."]),
    "code": (["The code is {v}.", "Remember the code {v}.", "My code is {v}.", "Keep this code for me: {v}", "Please remember this code: {v}."], ["What is the code?", "Which code did I give you?", "Tell me the code.", "What was the code?", "Do you still know the code?"], ["The code is {v}."]),
    "word": (["The secret word is {v}.", "Remember the word {v}.", "Our password is {v}.", "Keep the word {v} in mind.", "My word is {v}."], ["What is the secret word?", "Which word did I tell you?", "What is our password?", "What was the word?", "Tell me the word."], ["The word is {v}."]),
    "age": (["I am {v} years old.", "My age is {v}.", "I turned {v} this year.", "I was born {v} years ago."], ["How old am I?", "What is my age?", "Do you know my age?", "How many years am I old?"], ["You are {v} years old."]),
    "friend": (["My friend is called {v}.", "My best friend is {v}.", "I have a friend named {v}.", "{v} is my best friend."], ["Who is my friend?", "What is the name of my friend?", "Who is my best friend?", "What is my friend called?"], ["Your friend is called {v}."]),
}
NOTED = ["OK, I will remember that.", "Noted.", "Thank you for telling me."]


def personal_value(chance: Chance, key: str) -> str:
    match key:
        case "name" | "pet" | "friend": return chance.name()
        case "place": return chance.place()
        case "colour": return chance.pick(COLOURS)
        case "job": return chance.pick(JOBS)
        case "food": return chance.pick(FOODS)
        case "sport": return chance.pick(SPORTS)
        case "code": return chance.code()
        case "age": return str(chance.number(10, 95))
    return chance.word()


def aside(chance: Chance) -> list[Turn]:
    return chance.any((talk, about, facts, lambda one: Conversation(look_up(one)[:2])))(chance).turns


def memory(chance: Chance) -> Conversation:
    keys = chance.random.sample(list(PERSONAL), chance.number(1, 3))
    values = {key: personal_value(chance, key) for key in keys}
    told = [chance.pick(PERSONAL[key][0]).format(v=values[key]) for key in keys]
    turns: list[Turn] = []
    for group in ([" ".join(told)] if chance.roll(0.5) else told):
        turns += [Turn("user", group), Turn("assistant", chance.any(NOTED))]
    for _ in range(chance.random.choices((0, 1, 2), (4, 4, 2))[0]):
        turns += aside(chance)
    for key in chance.random.sample(keys, chance.number(1, len(keys))):
        turns += [Turn("user", chance.pick(PERSONAL[key][1])), Turn("assistant", PERSONAL[key][2][0].format(v=values[key]))]
    return Conversation(turns)


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
            return Conversation([Turn("user", chance.pick(PERSONAL["code"][1])), Turn("assistant", f"The code is {code}.")], system=system.format(code))
        case 5:
            system = chance.pick(("The user lives in {}.", "The user is in {}.", "The user's city is {}.", "About the user: lives in {}.", "The home of the user is {}."))
            return Conversation([Turn("user", chance.pick(PERSONAL["place"][1])), Turn("assistant", f"You live in {place}.")], system=system.format(place))
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
