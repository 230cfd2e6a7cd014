"""The few facts that the model knows by heart."""

CAPITALS = dict(pair.split(":") for pair in """France:Paris Germany:Berlin Italy:Rome Spain:Madrid Portugal:Lisbon Japan:Tokyo
China:Beijing Canada:Ottawa Egypt:Cairo Kenya:Nairobi Norway:Oslo Sweden:Stockholm Finland:Helsinki Denmark:Copenhagen
Poland:Warsaw Austria:Vienna Greece:Athens Turkey:Ankara Russia:Moscow Ukraine:Kyiv Ireland:Dublin Peru:Lima Chile:Santiago
Cuba:Havana Australia:Canberra Thailand:Bangkok Vietnam:Hanoi Hungary:Budapest Belgium:Brussels Switzerland:Bern""".split())

OPPOSITES = dict(pair.split(":") for pair in """hot:cold big:small fast:slow up:down left:right open:closed day:night happy:sad
light:dark old:new early:late full:empty high:low easy:hard strong:weak wet:dry rich:poor loud:quiet true:false start:stop
push:pull long:short thick:thin clean:dirty before:after inside:outside first:last buy:sell win:lose love:hate""".split())

SOUNDS = dict(pair.split(":") for pair in """dog:woof cat:meow cow:moo sheep:baa duck:quack lion:roar pig:oink bee:buzz
snake:hiss owl:hoot""".split())

UNITS = {
    "metres are in a kilometre": "1,000 metres", "grams are in a kilogram": "1,000 grams", "minutes are in an hour": "60 minutes",
    "seconds are in a minute": "60 seconds", "hours are in a day": "24 hours", "days are in a week": "7 days",
    "months are in a year": "12 months", "days are in a year": "365 days", "legs does a spider have": "8 legs",
    "legs does a dog have": "4 legs", "sides does a triangle have": "3 sides", "planets are in the solar system": "8 planets",
    "letters are in the alphabet": "26 letters", "cents are in a dollar": "100 cents", "bits are in a byte": "8 bits",
}

LISTS = {
    "fruits": "apple banana cherry grape kiwi lemon mango orange peach pear".split(),
    "colours": "red green blue yellow orange purple pink black white brown".split(),
    "animals": "dog cat horse lion tiger bear wolf fox rabbit mouse".split(),
    "vegetables": "carrot potato onion tomato pepper spinach cabbage bean pea".split(),
    "planets": "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split(),
    "programming languages": "Python JavaScript TypeScript Go Rust Java Ruby Swift Kotlin".split(),
    "countries": "France Germany Italy Spain Japan China Canada Egypt Kenya Norway".split(),
    "tools": "hammer saw drill wrench screwdriver pliers ruler chisel".split(),
    "sports": "football tennis basketball swimming running cycling skiing golf".split(),
    "instruments": "piano guitar violin flute drum cello trumpet harp".split(),
}
