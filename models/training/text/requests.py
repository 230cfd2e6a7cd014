"""More ways to ask for JSON and for tools, and what people write around it: patterns that training alone sees.

The lists that are split with evaluation are short, and a model that has read ten openings takes the eleventh for a value.
"""

from collections.abc import Set
from pathlib import Path

MORE_ASK_BY_KEYS = [
    "(Please |)(extract|find|pull out|pick out|collect|get|take|read off|list|fill in|note) {keys} (from|out of|in) (this|the|the following|my) (text|message|note|mail|sentence|line)(, as JSON|, in JSON| as JSON|): {text}",
    "(From|Out of) (this|the following|the) (text|note|message)(,|) (make|build|create|produce|write|give me) (JSON|a JSON object|an object) (with|having|of|that has) {keys}: {text}",
    "(The|Here is the|This is the|My) (text|note|message|record|entry): {text}\n(I want|I need|Return|Give me|Write|Output|Show|Make|Produce) (JSON|a JSON object|an object in JSON) with {keys}.",
    "{text}\n(Give|Return|Write|Show|Print|Output|Put) {keys} (as|in) JSON.", "{text}\nJSON(,|:) {keys}(.|)", "{text}\n\n(Keys|Fields|Wanted|The keys): {keys}. (JSON.|As JSON, please.|Answer in JSON.|)",
    "(Keys|Fields|The fields are|The keys are): {keys}(.|;) (Text|Input|Source|Note): {text}", "(Write|Give|Return) (me |)(a |)JSON( object|). (Keys|Fields): {keys}. {text}",
    "(Which|What) {keys} (do you see|do you find|are given|are mentioned|stand here|does it say)( here| in this|)? (JSON.|In JSON.|As a JSON object.|) {text}", "{keys}? (JSON, please.|As JSON.|In JSON.) {text}",
    "(Turn|Convert|Transform|Change|Parse|Put) (this|the text|this note|the line|the following)( text|) (into|to) (JSON|a JSON object) (with|using|by|of) {keys}: {text}", "{text}\n(Parse|Convert|Structure) this( into JSON| as JSON|): {keys}",
    "(I need|I want|I'd like|Let me have) {keys} (in JSON|as JSON|as a JSON object) (from|of|for)( this|)( text|): {text}", "JSON (for|of|from) (this|the) (text|note|line|entry), (only|just|with) {keys}: {text}", "(Read|Look at|Take|See) (this|the text|the note) and (return|write|give|answer with) {keys} (as JSON|in JSON): {text}",
    "(Summarise|Answer|Reply|Respond) (in|with|as) JSON, (with|keys|using|fields) {keys}(:|.) {text}", "(json|JSON): {keys}\n{text}", "(What is|Tell me) {keys}( in this text|)? (Use JSON.|JSON please.|Write JSON.) {text}", "(Make|Build|Create) (an object|JSON|a record) (of|with|from) {keys}. {text}",
]
MORE_ASK_BY_KEYS += [
    "(Which|How|Who|What things|Where) (are|were|is|would be) {keys} (in|of|for|by|after|according to) (this|it|the text|the note|that|my mail)(?|:|.) (JSON.|As JSON.|Write JSON.|In JSON, please.|JSON object.|) {text}",
    "(What|Which) (were|was|will be|would be|might be) {keys}(?|:) (JSON.|As JSON.|Reply in JSON.|) {text}", "(Say|Guess|See|Learn|Check) what {keys} are(.|:|;) (JSON.|Use JSON.|) {text}",
    "(Do you see|Can you find|Can you see|Tell me about|Look for|I ask for|Show) {keys} (below|in there|above|again|exactly|inside|so far|for me|anywhere|now|this time|there|first|only|too|at once)(?|.|:) (JSON.|As JSON.|Write JSON.|In JSON, please.|Reply with JSON.|) {text}",
    "(Who|Where|How|When|Which one)(, and| and) (what|which) (is|are|was) {keys} (then|now|there|again|in it|below|this time|exactly)? (JSON.|Say it in JSON.|JSON only.|Give JSON.) {text}",
    "{text}\n(So|Now|Well), {keys} (now|then|again|only|please|at once|there|first)(?|.|!) (JSON.|As JSON.|In JSON.|)", "{keys} (below|inside|in there|now|again|please|only|here below|wanted|first)(:|.|?) (JSON.|As JSON.|) {text}",
]
MORE_ASK_BY_SCHEMA = [
    "{text}", "{text}", "(Please |)(extract|parse|read|structure|convert|process|take|analyse|handle|record|enter|note|save) (this|the text|this text|the following|the data|this entry|this message)(:|.) {text}", "(The|A|Our|One) (next |new |)(text|note|record|entry|message|mail|case|input|line): {text}", "{text}\n(Extract|Parse|Convert|Fill in|Structure|Read)( this| it| the data| the fields|)( please|)(.|)",
    "(Input|Text|Note|Message|Mail|Entry|Source|Data|Record)(:|\n) {text}", "(Make|Give me|I need|Return|Write|Produce|Output) (the |)(JSON|object|data|record|fields) (for|from|of) (this|the following|the text|this text): {text}", "(What|Which) (data|values|fields) (do you find|are|stand) (here|in this)? {text}", "(And|Now|Then) (this|the next|this one|another|one more): {text}",
    "\"{text}\"", "(Fill|Complete|Use) the (form|fields|schema|object) (with|from|for)( this|): {text}", "(Someone|A customer|A user|My colleague|The client) (wrote|writes|says|said|sent): {text}", "(As|In) JSON: {text}", "{text}\n(JSON|json|as JSON|Thanks|please)", "(Put|Turn|Bring) this into the (form|schema|object): {text}", "(Get|Find|Take) the (data|values|fields) (in|from|out of): {text}",
]
MORE_ASK_ONE = [
    "(What|Which) (was|is|would be) the {key}( here| again| in this| now|)?", "(Please |)(give|tell|show|name|say|read)( me|) the {key}(.|, please.|)", "(I need|I want|I look for|Where is|What about|Just) the {key}(.|?|)", "{key}(!|.|:|, please| please|)", "(Now|Then|Next|So|OK,) the {key}(.|?|)", "(Can you|Could you) (tell me|find|see|give me) the {key}?", "(The|What) {key}(?| is what?|:)", "(Do you see|Have you got|Is there) a {key}?", "(What|Which) {key} (is it|is given|do you see|does it say)?",
]
MORE_OPENINGS = [
    "(Hello|Hey|Ho|Hiya|Huhu|Yes|Ah|Morning|Evening|Servus|Salut|{word})(!|,|.|:|!!) ", "Dear (team of {name}|group|friend|members|board|reader|readers|office|family|crew|staff|{word}|{name})(,|!|:) ",
    "", "", "", "", "(Hi|Hello|Hey|Dear|Good morning|Good evening|Welcome) {name}(!|,|.|:) ", "(Hi|Hello|Hey) (there|all|everybody|friends|again|folks|you)(!|,|.) ", "(Good day|Good evening|Greetings|Howdy|Morning)(!|,|.) ", "(Dear|Hello) (sir|madam|colleagues|customer|support|all|{name} and {name}|office|friends|{word} team|service)(,|:) ",
    "(Reminder|Request|Memo|Info|Attention|Important|News|Entry|Form|Message|Question|Task|Report|Subject|Re|Fwd|Ticket|Log|Data|Item|Case|To do|Warning|Hint)(:| -) ", "(From|By|Sent by) {name}: ", "(As I said|As you know|By the way|As agreed|First of all|To sum up|In short|Just so you know|Listen|Look|OK|Well|So)(,|:) ", "(Here is|This is|I have|We got|There is) (a new|the|another|the next|my) (entry|case|order|note|record|one)(:|.) ", "(Please note|Please enter|Please save|Kindly add|Write down|Take this down)(:|.) ",
    "(It is|I am|This is|We are) {name}(.|, hello.|!) ", "{name} (wrote|says|writes|told me|asks): ", "(Number|No.|Nr) {number}(:|.|) ", "{word}(!|:|.) ", "(Yes|No|Sure|Thanks|Sorry|Oh)(,|!|.) ", "(Dear|My dear|Hello) {word}(,|!) ", "(Today|Yesterday|This morning|Last week) (we got|I saw|came|there was) (this|a new entry|the following)(:|.) ",
]
MORE_FILLERS = [
    "", "", "", "", "", " (Thank you|Thx|Many thanks|Cheers|Ciao|Bye|Greetings|Yours|Regards|Kind regards|Sincerely|Love|Take care|See you soon|Talk soon|All the best|Have fun|Good luck)(.|!|,|)( {name}|)", " (Please|Kindly) (confirm|check|answer|call me|hurry|save this|look into it|tell me if that works|note it)(.|!)", " (I hope|Hope) (that helps|this is clear|you are well|all is right)(.|!)", " (That was it|Nothing else|No more|The end|Done|OK|Over|Ready|Right|Finished|Enough)(.|!|?)",
    " (Is that OK|Can you do that|Did you get it|Is it right|Any questions|Clear)?", " (Have|Enjoy) a (good|great|fine|lovely|pleasant|nice) (evening|week|trip|time|weekend|afternoon|one)(.|!)", " (It|This|That) is (urgent|important|all for now|for tomorrow|quite new|for the {word})(.|!)", " (Sent|Written|Greetings) (from my phone|by {name}|in a hurry|from {place})(.|)", " (Call|Ask|Tell|Thank) {name}( about it| then| too|)(.|!)", " (And|But|Also) (remember|don't forget|think of) the {word}(.|!)",
]
MORE_TOOL_FORMS = [
    "{core}(:| -|;|,|.) {joined}(.|)", "(Please|Kindly|Now|Then|Next|Quickly|Just|So|OK,|Hey,) {core}(:|,|;| with| using| -|. Take|. It is|. Note:) {joined}(.|!|)", "(Can|Could|Will|Would) you (please |kindly |)(quickly |)(go and |)(try to |){core} (with|using|for me:|and use|and take) {joined}?", "(Can|Could|Will|Would) you {core}(, please|)? (Use|Take|It is|It has|With|Here:|I have|Note:|) {joined}(.|)",
    "(I|We) (want|need|have|wish|would like|'d like|plan|must) to {core}(:|,| with| using|. Use|. It has|. Take) {joined}(.|)", "(I|We) (want|need|would like) you to {core}(:|,| with| using) {joined}(.|)", "(Let's|Let us|Time to|It is time to|Help me|Help me to|Try to|Do) {core}(,| with|:|. Use) {joined}(.|!)", "(With|Using|Given|Taking|For) {joined}(,|:|;| -) {core}(.|!|, please.)", "{joined}(.| -|;|\n) (Please|Now|With that,|So|Then|Go and|Can you) {core}(.|!|?)", "{core}\n{joined}", "(My|The) (boss|friend|team|client|customer) wants (me |us |)to {core}(:|,| with) {joined}(.|)", "(How about|What about) this: {core}(,| with|:) {joined}(.|?)", "{core} (where|having|that has|and set|by) {joined}(.|)",
]
MORE_WORDINGS = ["{key} (being|equals|equal to|of|was|will be|must be|shall be|, namely|as|stays|becomes) {value}", "(with |)(the |a |my |our |its |this |){key} {value}", "(with|having) (a|the) {key} of {value}", "(set|put|make|take|let|change|use) (the |){key} (to|as|=|:) {value}", "{value} (is|being|will be) (the|its|our|my) {key}", "{value} (in|under|at) {key}", "{value} (by way of|to be the|as its|as my|for its|is the|goes to) {key}", "(whose|where|and|with|then|also) {key} (is|:|=) {value}", "{key} -> {value}", "{key} - {value}", "{key} (\"{value}\"|'{value}')", "(my|our|its|their) {key}(:| is| =|) {value}", "the {key} (would be|has to be|must be|was|:|=|should be) {value}", "{key} {value}", "{key}: {value}"]


def read_keys(held: Set[str], held_words: Set[str]) -> dict[str, list[str]]:
    """Keys by their kind, without those that share a word with one that is held out."""
    found: dict[str, list[str]] = {}
    for line in (Path(__file__).parent / "more_keys.txt").read_text().splitlines():
        kind, _, keys = line.partition(": ")
        if keys:
            found[kind] = [key for key in keys.split() if key not in held_words and not held.intersection([key, *key.split("_")])]
    return found


def read_records(text: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if mark == "#":
            found.append((rest, []))
        elif mark == "?":
            found[-1][1].append(rest)
    return found


MORE_RECORDS = read_records((Path(__file__).parent / "records.txt").read_text())
