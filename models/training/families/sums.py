"""Arithmetic: small sums at once, two and three digits in the thinking channel, one column after the other."""

from chance import Chance
from chat import EFFORTS, Conversation, Turn

# Each fifth pattern is held out.
PLUS = [
    "(What is|what's|What's) {a} + {b}(?|)", "(What is|What's|what is) {a} plus {b}(?|)", "{a} + {b}( =| = ?|)", "(Can you |Please |)sum {a} and {b}(.|?|)", "(Compute|Calculate|Work out) {a}( + |+){b}(.|)",
    "{a}+{b}(=|?|)", "How much is {a} + {b}?", "(The sum|Total|The total) of {a} and {b}(?|.|)", "Add {a} (and|to) {b}(.|)", "(What do|How much do) {a} and {b} (make|give|make together)?",
    "{a} plus {b}(?|, please.| is what?|)", "How much is {a} plus {b}(?|)", "(Tell me|Give me|I need) {a} + {b}(.|)", "(Calculate|Solve|Evaluate): {a} + {b}(.|)", "(Add up|Sum up|Add together) {a} and {b}(.|)",
    "I have {a} and (get|add) {b}(.|:) (How much is that?|What is the total?)", "What (is|do you get for) the sum of {a} and {b}?", "(please add|add) {a} and {b}", "What is {a} added to {b}?", "(Sum|Result|Answer): {a} + {b}",
]
MINUS = [
    "(What is|what's|What's) {a} - {b}(?|)", "(What is|What's|what is) {a} minus {b}(?|)", "{a} - {b}( =| = ?|)", "(Can you |Please |)(subtract|take) {b} from {a}(.|?|)", "(Compute|Calculate|Work out) {a}( - |-){b}(.|)",
    "{a}-{b}(=|?|)", "How much is {a} - {b}?", "(The difference|Difference) (of|between) {a} and {b}(?|.|)", "Subtract {b} from {a}(.|)", "(What is left|How much is left|What remains) of {a} (without|after taking) {b}?",
    "{a} minus {b}(?|, please.| is what?|)", "How much is {a} minus {b}(?|)", "(Tell me|Give me|I need) {a} - {b}(.|)", "(Calculate|Solve|Evaluate): {a} - {b}(.|)", "Take {b} (away |)from {a}(.|)",
    "I have {a} and (lose|spend) {b}(.|:) (How much is that?|What is left?)", "What (is|do you get for) {b} taken from {a}?", "(please subtract|subtract) {b} from {a}", "What is {a} less {b}?", "(Result|Answer): {a} - {b}",
]
TIMES = ["What is {a} * {b}?", "What is {a} times {b}?", "Multiply {a} by {b}.", "{a} x {b} =", "Calculate {a} * {b}.", "How much is {a} times {b}?", "{a}*{b}"]
GAIN = ["{who} has {a} {thing}s and buys {b} more. How many {thing}s does {who} have now?", "{who} has {a} {thing}s and finds {b} more. How many are there?", "There are {a} {thing}s in a box. {who} adds {b}. How many {thing}s are in the box?", "{who} owns {a} {thing}s and gets {b}. How many {thing}s is that?"]
LOSS = ["{who} has {a} {thing}s and gives away {b}. How many {thing}s are left?", "{who} had {a} {thing}s and lost {b}. How many remain?", "There are {a} {thing}s and {who} takes {b}. How many {thing}s are left?", "{who} has {a} {thing}s and sells {b}. How many are left?"]


def add_steps(a: int, b: int) -> str:
    """Column by column from the right, with the carry said aloud: what a small model can do without a table of sums."""
    steps, carry = [], 0
    while a or b or carry:
        left, right = a % 10, b % 10
        a, b = a // 10, b // 10
        if not (left or right) and carry and not (a or b):
            break
        total = left + right + carry
        said = f"{left} + {right} + 1 = {total}" if carry else f"{left} + {right} = {total}"
        carry = total // 10
        steps.append(said + (", carry 1" if carry else ""))
    return "; ".join(steps) or "0 + 0 = 0"


def minus_steps(a: int, b: int) -> str:
    """The borrowed one is taken off first and said aloud, so that each step is one small fact."""
    steps, borrow = [], 0
    while a or b:
        left, right = a % 10, b % 10
        a, b = a // 10, b // 10
        said = f"{left} - 1 = {left - 1}, " if borrow else ""
        left -= borrow
        borrow = 1 if left < right else 0
        left += 10 * borrow
        steps.append(f"{said}{left} - {right} = {left - right}" + (", borrow 1" if borrow else ""))
    return "; ".join(steps) or "0 - 0 = 0"


def think_sum(effort: str, sign: str, a: int, b: int, result: int) -> str:
    steps = add_steps(a, b) if sign == "+" else minus_steps(a, b) if sign == "-" else f"{a} times {b} is {result}"
    match effort:
        case "minimal": return f"{a} {sign} {b}: {steps}"
        case "low": return f"{a} {sign} {b}: {steps}. So {result}."
        case "medium": return f"{a} {sign} {b}, one column after the other: {steps}. So {result}."
        case "high":
            check = f"{result} - {b} = {a}" if sign == "+" else f"{result} + {b} = {a}" if sign == "-" else f"{b} times {a} is {result}"
            return f"{a} {sign} {b}, one column after the other: {steps}. So {result}. Check: {check}."
    return ""


def numbers(chance: Chance, sign: str, thinking: bool) -> tuple[int, int]:
    if sign == "*":
        return chance.number(0, 10), chance.number(0, 10)
    top = chance.random.choices((9, 20, 99, 999), (1, 1, 14, 0.3) if thinking else (8, 1, 0, 0))[0]
    a, b = chance.number(0, top), chance.number(0, top)
    return (max(a, b), min(a, b)) if sign == "-" else (a, b)


def sums(chance: Chance, effort: str = "") -> Conversation:
    thinking = bool(effort) or chance.roll(0.9)
    effort = effort or (chance.any(EFFORTS) if thinking else "")
    sign = chance.random.choices("+-*", (10, 10, 0.6))[0]
    a, b = numbers(chance, sign, thinking)
    result = a + b if sign == "+" else a - b if sign == "-" else a * b
    if sign != "*" and chance.roll(0.05):
        who, thing = chance.name(), chance.word()
        question = chance.pick(GAIN if sign == "+" else LOSS).format(who=who, thing=thing, a=a, b=b)
        answer = f"{who} has {result} {thing}s." if sign == "+" else f"{result} {thing}s are left."
    else:
        question = chance.phrase({"+": PLUS, "-": MINUS, "*": TIMES}[sign], a=a, b=b)
        answer = f"{a} {sign} {b} = {result}."
    return Conversation([Turn("user", question), Turn("assistant", answer, thoughts=think_sum(effort, sign, a, b, result))], effort=effort)


def larger(chance: Chance) -> Conversation:
    a, b = chance.number(0, 999), chance.number(0, 999)
    bigger = chance.roll(0.6)
    ask = chance.any(("Which is larger, {} or {}?", "Which number is bigger: {} or {}?", "What is more, {} or {}?")) if bigger else chance.any(("Which is smaller, {} or {}?", "What is less, {} or {}?"))
    answer = f"{max(a, b)} is larger." if bigger else f"{min(a, b)} is smaller."
    return Conversation([Turn("user", ask.format(a, b)), Turn("assistant", answer)])
