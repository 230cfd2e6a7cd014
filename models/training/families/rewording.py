"""Rewords small talk: the same thing said in other frames and with other words, so that few wordings become many."""

import re

from chance import Chance, capital
from text.beyond import WHOLE
from text.talk import TALK

# A frame opens a question in one of these ways; {} is the rest of it.
FRAMES: list[list[str]] = [
    ["What is {}", "What's {}", "Explain {}", "Tell me about {}", "What does {} mean", "Describe {}", "{}", "Define {}", "I want to know about {}", "I do not understand {}", "Do you know {}", "Can you explain {}", "Give me information on {}", "What do you mean by {}", "What are {}", "What about {}"],
    ["How do I {}", "How can I {}", "How to {}", "I want to {}", "Tell me how to {}", "What must I do to {}", "Help me {}", "{}", "Is there a way to {}", "Show me how to {}", "I would like to {}", "I need to {}", "What is the way to {}", "How would I {}", "Can I {}", "Where do I {}", "How do you {}", "Can you show me how to {}"],
    ["How does {} work", "How do {} work", "Explain how {} works", "Tell me how {} works", "What is {} and how does it work", "How is {} done", "I want to understand {}"],
    ["Why do I get {}", "I get {}", "I got {}", "What does {} mean", "The server says {}", "What is {}", "What to do about {}", "Why did I see {}", "{} appears, why", "{}, what now"],
    ["Which {}", "What {}", "Tell me which {}", "Do you know which {}", "I want to know which {}", "Can you tell me which {}"],
    ["Can I {}", "May I {}", "Is it possible to {}", "Am I able to {}", "Could I {}", "Do you let me {}", "I want to {}", "How do I {}"],
    ["Where is {}", "Where can I find {}", "Where do I see {}", "Show me {}", "I am looking for {}", "Where do I find {}"],
    ["Write {}", "Please write {}", "I need you to write {}", "Can you write {}", "Could you write {} for me", "Compose {}", "I want {}"],
    ["Who {}", "Do you know who {}", "Tell me who {}", "Can you tell me who {}"],
]
SYNONYMS: list[list[str]] = [
    ["create", "make", "generate", "get"], ["start", "run", "launch", "set up", "install", "begin with"], ["cost", "price", "charge"], ["show", "see", "find", "check", "view"], ["delete", "remove", "revoke", "disable"], ["stop", "cancel", "abort", "end"], ["answer", "reply", "response"],
    ["send", "post", "submit"], ["use", "work with", "connect"], ["change", "replace", "switch"], ["money", "credit", "credits"], ["kept", "stored", "saved"], ["error", "code", "status"], ["model", "AI"], ["request", "call"], ["client", "SDK", "library"], ["big", "large"], ["small", "tiny"],
    ["charged", "billed"], ["broken", "failing"], ["limit", "cap"], ["picture", "image", "photo"], ["the server", "Turnpike", "it"], ["great", "good", "nice"], ["wrong", "not right", "incorrect"], ["explain", "describe"], ["my", "the", "an"],
]
FRAME_PATTERNS = [[(re.compile("^" + re.escape(form).replace(r"\{\}", "(.+)") + "$", re.IGNORECASE), form) for form in frame if form != "{}"] for frame in FRAMES]


def plain(question: str) -> str:
    return re.sub(r"[^a-z0-9 ]", "", question.lower()).strip()


def all_questions() -> list[list[str]]:
    return [questions for _, questions in TALK] + [WHOLE]


HELD = {plain(question) for questions in all_questions() for question in Chance(0, held=True).allowed(questions)}


def reword(chance: Chance, question: str) -> str:
    """Another way to ask the same; never one of the wordings that are held out."""
    if chance.held:
        return question
    other = synonym(chance, reframe(chance, question)) if chance.roll(0.7) else reframe(chance, question)
    return question if plain(other) in HELD else other


def reframe(chance: Chance, question: str) -> str:
    core, ending = question.rstrip("?.!"), question[len(question.rstrip("?.!")) :]
    for frame, patterns in chance.shuffled(list(zip(FRAMES, FRAME_PATTERNS))):
        for pattern, _ in patterns:
            if (found := pattern.match(core)) and chance.roll(0.8):
                return capital(chance.any(frame).format(found.group(1))) + chance.any((ending, ending, "", "?", "."))
    return question


def synonym(chance: Chance, question: str) -> str:
    for words in chance.shuffled(SYNONYMS):
        for word in words:
            pattern = rf"\b{re.escape(word)}\b"
            if re.search(pattern, question) and chance.roll(0.5):
                return re.sub(pattern, chance.any(words), question, count=1)
    return question
