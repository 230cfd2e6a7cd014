"""Word lists: names, places, things, words of the project's own documents, and the syllables that invented words are made from."""

from pathlib import Path

FIRST_NAMES = """Ada Alan Alex Alice Amir Ana Anna Arjun Ben Bela Bob Boris Carla Carol Chen Clara Cora Daniel Dario David Diana Diego
Edgar Elena Ella Emma Enzo Erik Eva Farah Felix Fiona Finn Frank Gina Grace Greta Hana Harry Hugo Ida Igor Ines Iris Ivan Jack
Jacob James Jane Jin Joan John Jonas Julia Kai Karim Kate Kenji Kira Lara Laura Lena Leo Liam Lina Louis Lucy Luis Maria Mark
Marta Max Maya Mei Mia Milan Mina Mona Nadia Nico Nina Noah Nora Olaf Olga Olivia Omar Oscar Otto Paul Pedro Peter Petra Priya
Quinn Rafael Ravi Rita Rosa Ruth Sam Sara Simon Sofia Stella Sven Tara Theo Tim Tom Uma Ursula Vera Victor Wanda Wendy Xavier
Yara Yuki Zara Zoe""".split()

LAST_NAMES = """Adams Baker Becker Berg Brown Carter Costa Cruz Diaz Evans Fischer Ford Garcia Hall Hansen Hill Ito Jones Keller Kim
Klein Kovacs Lang Lee Lopez Marino Meyer Moreau Mori Nguyen Novak Okafor Olsen Patel Perez Petrov Quist Rao Reed Rossi Sato
Schmidt Silva Singh Smith Stone Suzuki Tanaka Torres Varga Vogel Walker Weber White Wolf Young Ziegler""".split()

CITIES = """Paris Berlin Rome Madrid Lisbon Tokyo Beijing Delhi Cairo Nairobi Oslo Stockholm Helsinki Copenhagen Warsaw Vienna Athens
Ankara Dublin Lima Santiago Havana Canberra Bangkok Hanoi Accra Rabat Budapest Brussels Amsterdam Bern London Seoul Jakarta
Hamburg Munich Lyon Porto Osaka Boston Chicago Denver Seattle Austin Toronto Mumbai Shanghai Sydney Krakow Geneva Zurich
Bergen Turin Leeds Bristol Dallas Miami Phoenix Prague Riga Tallinn Vilnius Sofia Malmo Basel Ghent Kyoto Quito Bogota""".split()

THINGS = """river stone cloud paper window garden silver winter summer bridge candle pencil mirror basket rocket planet forest ocean
island valley castle kitchen blanket button ticket engine signal copper velvet marble cotton ladder hammer bottle wagon lantern
pillow carpet anchor compass feather shadow thunder meadow harbor tunnel desert canyon glacier lemon pepper ginger honey butter
cookie muffin waffle noodle salad turtle rabbit falcon salmon spider beetle dragon wizard knight pirate sailor doctor farmer
baker painter singer dancer writer teacher student pilot driver hunter keeper leader runner laptop phone keyboard monitor
chair desk lamp camera printer tablet bicycle backpack jacket watch headset speaker router charger violin trumpet guitar drum
piano flute spoon fork plate kettle oven fridge sofa shelf curtain towel brush comb soap bucket rope nail screw wheel brake
saddle helmet glove scarf boot sandal hat belt ring necklace coin wallet purse letter stamp envelope map globe clock bell
whistle kite puzzle dice card marker ruler eraser notebook folder binder stapler magnet battery cable socket plug switch
sensor filter pump valve pipe hose tank barrel crate pallet truck van ferry tram subway tractor plough seed root leaf petal
branch trunk acorn walnut almond cherry plum pear melon grape olive onion carrot radish turnip spinach celery garlic basil
mint thyme sage parsley cumin clove vanilla cocoa coffee tea juice syrup bread flour yeast cheese cream yogurt""".split()

ONSETS = "b c d f g h k l m n p r s t v w z br cl dr fl gr kr pl st tr sh ch j qu sk sl sn tw".split()
VOWELS = "a e i o u a e i o u ai ea oo ou".split()
CODAS = ["", "", "", "n", "r", "l", "s", "t", "x", "m", "nd", "rt", "ck"]

COLOURS = "red green blue yellow orange purple pink black white brown grey gold silver violet turquoise".split()
ANIMALS = "dog cat horse lion tiger bear wolf fox rabbit mouse eagle owl whale goat sheep duck frog parrot hamster donkey".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
LANGUAGES = "French German Spanish Italian Portuguese Polish Swedish Dutch Turkish Greek Danish Finnish".split()
CURRENCIES = "USD EUR GBP JPY CHF SEK NOK PLN CAD AUD INR BRL".split()
SPORTS = "football tennis basketball swimming running cycling skiing golf hockey rowing judo chess".split()
FOODS = "pizza pasta soup rice curry salad bread cheese noodles pancakes dumplings tacos sushi stew pie".split()
JOBS = "teacher nurse pilot baker farmer lawyer painter plumber chemist editor barber dentist tailor welder cook".split()

# Words that stand everywhere in text and hardly ever alone: training has them as values and keys too, or they could not be copied.
COMMON_WORDS = """about after again all also always and answer any as at back bag because been before behind best better beyond big bullet
but buy buys by can capital carry cat chat clear clock comes connect could country course did does dog down each engine entry
existing false far favourite few first flight folder for from garden go had has have header hear help her here high him his how
in into invoice is it its label larger left letter like limit live lived lost low make many matches me meeting medium message
minimal mirror money more morning much my named near need negative nothing not of on once one only opposite or other our out page
piece please points positive prices put questions read recipe remember repeat report return river same say says see sells sensor
server share she ships shop short should since small so some sound starts status story stream tell telling temperature than that
the their them then there these they this thing to token tool tools true try turn two up usage using value very want was
we well went were what when which who why will window with without word words would write wrong years yes you your""".split()

MORE_WORDS = (Path(__file__).parent / "more_words.txt").read_text().split()
