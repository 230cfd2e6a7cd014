"""Short writing and judging: stories, code, letters and case, sentiment, sorting into given labels."""

from chance import MORE_SHARE, Chance
from chat import Conversation, Turn
from text.patterns import wording
from text.words import ANIMALS, COLOURS

GOOD = ["I love this {it}.", "The {it} works very well.", "Best {it} I ever had!", "Great {it}, I am very happy.", "This {it} is wonderful.", "The {it} is a joy.", "I would buy this {it} again.", "Excellent {it}, thank you!", "My {it} is perfect.", "So glad I bought the {it}."]
BAD = ["I hate this {it}.", "The {it} broke after one day.", "Worst {it} ever.", "The {it} is slow and noisy.", "I want my money back for this {it}.", "The {it} never worked.", "Terrible {it}, very sad.", "I would not buy this {it} again.", "The {it} is ugly and bad.", "Do not buy this {it}."]
ASK_MOOD = ["Is this review positive or negative? {}", "Classify the sentiment: {}", "Sentiment of: {}", "Positive or negative? {}", "How does the customer feel? {}", "{} Is that positive or negative?", "Sentiment: {}", "Judge this review: {}"]
MORE_GOOD = ["(I|We|My children|All of us) (like|enjoy|adore|recommend|praise) (the|this|our new) {it}( a lot| very much| every day|)(.|!)", "(What a|Such a) (good|great|nice|lovely|fine|useful|beautiful|fantastic) {it}(.|!)", "(The|This|My) {it} (is|was|looks|feels|runs) (great|good|fine|beautiful|fantastic|nice|super|amazing|flawless|worth the money|better than I hoped)(.|!)", "(Five stars|Top|Super|Thumbs up|Well done)(:|,|!) (the|a|this) {it}(.|!| works.)", "(Happy|Pleased|Satisfied|Delighted) with (the|my|this) {it}(.|!)"]
MORE_BAD = ["(I|We|My children|All of us) (dislike|regret|returned|threw away|can't stand|complain about) (the|this|our new) {it}(.|!| today.)", "(What a|Such a) (bad|poor|useless|horrible|cheap|stupid|broken|disappointing) {it}(.|!)", "(The|This|My) {it} (is|was|looks|feels|runs) (bad|poor|broken|horrible|awful|useless|cheap|too loud|a disappointment|a waste of money|worse than before)(.|!)", "(One star|No star|Thumbs down|Never again|Awful)(:|,|!) (the|a|this) {it}(.|!| fails.)", "(Unhappy|Disappointed|Angry|Annoyed) (with|about) (the|my|this) {it}(.|!)"]
MORE_ASK_MOOD = ["(Is|Was) (this|that|the review|the text|the opinion) (good or bad|positive or negative|happy or unhappy|negative or positive)(?|:) {}", "{} (Positive or negative|Which sentiment|What mood|Good or bad|Classify this|Sentiment)(?|.)", "(What|Which) (is the |)(sentiment|mood|feeling|opinion)( is this| here|)(?|:) {}", "(Label|Rate|Classify|Judge|Tell) (this|the mood|the sentiment|the review|the feeling) (as positive or negative|of this review|of the text|here|positive or negative)(:|.) {}", "(Review|Customer|Feedback|Opinion): {} (Positive or negative|Sentiment|Mood|Feeling)(?|:|)", "(Sentiment|Mood) (analysis|check|please)(:|.) {}"]
CODE = {
    "python": ('print("{}")', "def {}(a, b):\n    return a {} b", "for i in range({}):\n    print(i)"),
    "javascript": ('console.log("{}");', "function {}(a, b) {{\n  return a {} b;\n}}", "for (let i = 0; i < {}; i++) {{\n  console.log(i);\n}}"),
    "go": ('fmt.Println("{}")', "func {}(a, b int) int {{\n\treturn a {} b\n}}", "for i := 0; i < {}; i++ {{\n\tfmt.Println(i)\n}}"),
}
SHOWN = {"python": "Python", "javascript": "JavaScript", "go": "Go"}


def say(question: str, answer: str) -> Conversation:
    return Conversation([Turn("user", question), Turn("assistant", answer)])


def sentiment(chance: Chance) -> Conversation:
    good = chance.roll(0.5)
    return say(chance.wide(ASK_MOOD, MORE_ASK_MOOD).format(chance.wide(GOOD if good else BAD, MORE_GOOD if good else MORE_BAD).format(it=chance.word())), "positive" if good else "negative")


def letters(chance: Chance) -> Conversation:
    words = chance.words(chance.number(1, 3))
    text, word = " ".join(words), words[0]
    match chance.number(0, 3):
        case 0: return say(chance.pick(("Write in upper case: {}", "Uppercase: {}", "Put this in capital letters: {}", "Make this upper case: {}")).format(text), text.upper())
        case 1: return say(chance.pick(("Spell the word {}.", "How do you spell {}?", "Spell {}.", "Please spell {} for me.")).format(word), "-".join(word))
        case 2: return say(chance.any(("What is the first letter of {}?", "First letter of {}?")).format(word), word[0])
    return say(chance.any(("Write in lower case: {}", "Lowercase: {}")).format(text.upper()), text)


def story(chance: Chance) -> Conversation:
    hero = chance.any(ANIMALS) if chance.roll(0.8) else chance.word()
    name, place, thing = chance.name(), chance.any(("forest", "garden", "village", "castle", "harbour", "valley", "island")), chance.any(("lantern", "mirror", "ticket", "compass", "button", "candle", "basket"))
    colour, friend = chance.any(COLOURS[:8]), chance.any(ANIMALS)
    text = " ".join((
        chance.any((f"Once there was a {hero} named {name} who lived near a {place}.", f"In a small {place} lived a {hero} named {name}.")),
        chance.any((f"One day {name} found a {colour} {thing} under a tree.", f"One morning {name} saw a {colour} {thing} by the river.")),
        chance.any((f"{name} asked a {friend} for help.", f"A friendly {friend} came by and said hello.")),
        chance.any((f"Together they carried the {thing} to the {place}.", f"They looked at the {thing} and it began to shine.")),
        chance.any((f"In the end {name} and the {friend} became good friends.", f"From that day on, {name} was never alone.")),
    ))
    about = chance.any((f"a {hero} named {name}", f"a {hero} called {name}")) if chance.roll(0.4) else f"a {hero}"
    return say(chance.pick(("Tell me a story about {}.", "Write a short story about {}.", "Story about {}, please.", "I want a story about {}.", "Make up a story about {}.")).format(about), text)


def code(chance: Chance) -> Conversation:
    language = chance.any(list(CODE))
    shown, (printing, function, loop) = SHOWN[language], CODE[language]
    match chance.number(0, 2):
        case 0:
            text = "Hello, world!" if chance.roll(0.3) else " ".join(chance.words(chance.number(1, 4)))
            question = chance.pick((f"Print {text} in {shown}.", f"Write {shown} code that prints: {text}", f"How do I print {text} in {shown}?", f"{shown}: print {text}"))
            body = printing.format(text)
        case 1:
            name, sign, does = chance.any((("add", "+", "adds"), ("subtract", "-", "subtracts"), ("multiply", "*", "multiplies")))
            question = chance.pick((f"Write a {shown} function that {does} two numbers.", f"{shown} function that {does} two numbers", f"I need a function in {shown} that {does} two numbers.", f"Show me a {shown} function that {does} two numbers."))
            body = function.format(name, sign)
        case _:
            count = chance.number(2, 50)
            question = chance.pick((f"Write a loop from 0 to {count - 1} in {shown}.", f"Loop from 0 to {count - 1} in {shown}.", f"{shown} loop that prints 0 to {count - 1}", f"Print the numbers 0 to {count - 1} in {shown}."))
            body = loop.format(count)
    return say(question, f"```{language}\n{body}\n```")


ASK_LABEL = ["Choose one label of {joined}: {text}", "Labels: {joined}. Text: {text} Which label fits?", "Which of these fits: {joined}? {text}", "Sort this into {joined}: {text}", "{text} Is it {either}?"]
MORE_ASK_LABEL = ["(Pick|Choose|Take|Give me|Find|Name) (one|the right one|a label|the label|the topic|the best one) (of|from|out of|among) {joined}(:|.) {text}", "(Classify|Label|Tag|Categorise|File|Assign|Group|Route) (this|the text|this message|it|the ticket) (as|to|into|under|with) {either}(:|.) {text}", "(Labels|Topics|Categories|Tags|Groups|Options)(:| are) {joined}(.|;) {text}( Which one?| Which label?| Your choice?|)", "(Is this|Is it|Is the text|Is the message) about {either}? {text}", "{text} (Which one|What label|Which topic|Which group|Which category) (fits|is right|is it|is best|of these): {joined}?", "{text}\n(Label|Topic|Category|Answer with one|One word)(: |, ){either}", "(Put|Move|Sort) (this|it|the text) (in|under|into) (one of|the right one of) {joined}(:|.) {text}", "(Does|Would) this (belong|go) to {either}? {text}"]
LABELLED = ["My {it} is broken.", "I have a question about the {it}.", "Please look at the {it}.", "The {it} came late.", "Where is my {it}?"]
MORE_LABELLED = ["(I|We|They|You) (need|want|lost|found|bought|forgot|miss) (a|the|my|another) {it}(.|!| again.| today.)", "(The|My|This|Our) {it} (is|was|looks|seems) (new|old|late|gone|wrong|too small|not here|{word})(.|!)", "(Can|Could) you (check|send|fix|find|return|{word}) (the|my|our) {it}?", "(Something|Nothing|All) (about|with|in) the {it} (is|was) (wrong|right|{word}).", "(Who|What|When|Why|How) {word}(s|ed) the {it}?"]


def sorting(chance: Chance) -> Conversation:
    """Pick the one of the given labels that the text names."""
    labels = chance.words(chance.number(2, 4))
    chosen = chance.any(labels)
    if chance.held or not chance.roll(MORE_SHARE):
        text = chance.any(LABELLED).format(it=chosen)
    else:
        text = wording(chance.any(MORE_LABELLED), chance.random).format(it=chosen, word=chance.word())
    return say(chance.wide(ASK_LABEL, MORE_ASK_LABEL).format(joined=", ".join(labels), either=" or ".join(labels), text=text), chosen)
