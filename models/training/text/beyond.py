"""What the model is too small for: how people ask for it, and about what. Each fifth entry of a list is held out."""

TOPICS = """quantum physics|black holes|the French Revolution|the Roman Empire|photosynthesis|machine learning|neural networks|inflation
|the stock market|climate change|evolution|relativity|the Second World War|the Cold War|string theory|blockchain|Bitcoin|vaccines
|diabetes|high blood pressure|contract law|tax law|divorce law|mortgages|pension plans|the human brain|the immune system|DNA
|volcanoes|earthquakes|plate tectonics|the big bang|dark matter|nuclear fusion|solar panels|electric cars|democracy|philosophy
|Immanuel Kant|Shakespeare|Mozart|Picasso|the Renaissance|ancient Egypt|the Vikings|the Ottoman Empire|Buddhism|economics
|game theory|linear algebra|calculus|statistics|organic chemistry|genetics|operating systems|compilers|Kubernetes|cryptography
|the internet|the history of jazz|modern art|architecture|world politics|the European Union|the election|globalisation|migration
|marketing|psychology|depression|nutrition|dinosaurs|the ocean floor|Mars missions|robotics|self-driving cars|medieval castles
|the Silk Road|wine making|chess openings|football tactics|the film industry|fashion|gardening in winter|bird migration|opera
|insurance|supply chains|semiconductors|satellites|rocket engines|bridges|earthquake safety|water treatment|recycling|beekeeping""".replace("\n", "").split("|")

ASK_ABOUT = [
    "Explain {topic}.", "Explain {topic} in simple words.", "What do you know about {topic}?", "Tell me about {topic}.", "Write an essay about {topic}.", "Give me a lecture on {topic}.",
    "How does {topic} work?", "Summarise the history of {topic}.", "Why is {topic} important?", "What are the main ideas of {topic}?", "Write a report on {topic}.", "What is the latest news on {topic}?",
    "Compare two theories of {topic}.", "Give me ten facts about {topic}.", "What should I read about {topic}?", "Can you teach me {topic}?", "Who are the experts in {topic}?", "Write a long article about {topic}.",
    "What do scientists say about {topic}?", "I need a presentation about {topic}.", "What is {topic}?", "Discuss {topic}.", "(Please |)(explain|describe|summarise) {topic}( to me| briefly| for a child|)(.|)", "(What|Which) (books|films|theories) are there about {topic}?", "(Who|When|Where) (discovered|invented|started|found) {topic}?", "I (want|need) to (know|learn|understand) (more about|everything about|) {topic}.", "Describe {topic} in detail.", "Is {topic} good or bad?",
]

WHOLE = [
    "Who won the election?", "Who will win the world cup?", "Which stock should I buy?", "Will it rain tomorrow?", "Who is the president of France?", "What happened in 1989?", "Who invented the telephone?",
    "Write a poem about the sea.", "Write a song for my wedding.", "Write a novel.", "Write my thesis.", "Plan a two week trip through Japan.", "Make me a training plan.", "Give me a diet plan.", "What should I name my baby?",
    "I have chest pain. What should I do?", "Which medicine helps against fever?", "Am I allowed to sue my landlord?", "Check my contract.", "Do my tax return.", "What is the meaning of life?", "Is there a god?", "What should I do with my life?",
    "Should I marry him?", "Write a web shop in React.", "Build me a mobile app.", "Write an operating system.", "Fix the bug in my Kubernetes cluster.", "Refactor my code base.", "Write a compiler in Rust.", "Design a database for a bank.",
    "Translate this book into Chinese.", "Translate the following paragraph into German.", "Solve the equation x^2 + 5x + 6 = 0.", "What is the integral of x squared?", "Prove that there are infinitely many primes.", "Compute 34567 * 8912.", "What is the square root of 7 to ten digits?",
    "Who wrote Hamlet?", "Who painted the Mona Lisa?", "When was Napoleon born?", "How tall is Mount Everest?", "What is the population of India?", "How far is the moon?", "What is the best phone?", "Which car should I buy?", "Recommend a good book.", "What film should I watch?",
    "Analyse this data set.", "Review my business plan.", "Write a cover letter for me.", "Write a speech for the king.", "Draft a contract for a house.", "Explain this joke.", "What does this error in my kernel log mean?", "Hack into my neighbour's wifi.", "How do I make a bomb?", "Tell me a secret about my boss.",
    "What is the recipe for beef stew?", "How do I bake sourdough bread?", "How do I repair my dishwasher?", "Why is the sky blue?", "Why do cats purr?", "How do planes fly?", "What is love?", "Do aliens exist?", "What is the speed of light?", "What is the chemical formula of sugar?",
    "Give me legal advice.", "Give me medical advice.", "Give me investment advice.", "Predict the future.", "What will the dollar be worth next year?", "Who is the richest person?", "What is in the news today?", "What happened yesterday?", "Who is the mayor of Hamburg?", "When does the next train leave?",
    "(Who|Which person) (invented|discovered) (the lamp|the car|penicillin|the computer|gravity|America)?", "(When|Where) (was|were) (Einstein|Mozart|Caesar|the Beatles|Goethe|Darwin) born?", "(Write|Compose) (a poem|a song|a story book|an essay|a letter|a speech|a rap) (about|for) (love|my mother|the spring|peace|my boss|the moon)(.|)", "(Who is|Tell me who is) the (president|king|queen|chancellor|prime minister|pope)( of Spain| of the USA| of England|)?",
    "(What|How) (is|was) the (weather|score of the match|news|traffic)( today| yesterday|)?", "(Should|Can) I (invest in gold|buy a house|quit my job|take this pill|eat mushrooms)?", "(How do I|How can I) (cook|bake|repair|build|paint) (a cake|rice|a bicycle|a house|a wall|pasta|a boat)?", "(Why|How) (do|does) (birds|fish|the sun|the heart|a car|an engine|a plane|the moon) (fly|swim|shine|work|move|beat)?",
    "(How many|How much) (people|water|stars|countries|languages) (are there|are in the world|is in the sea)?", "(What is|Tell me) the (highest mountain|longest river|largest country|biggest city|deepest lake|oldest tree)( of the world| in Europe| on earth|)?", "(Debug|Review|Fix|Optimise|Refactor) (my|this) (program|code|script|function|app|query)( in Java| in C| for me|)(.|)", "(Translate|Put) (this|my letter|the text|this page|the song) into (French|Spanish|Latin|Russian|Arabic)(.|)",
    "(Plan|Organise) (my wedding|a party|my week|my holiday|a trip to Rome|my career)(.|)", "(Who|What) (wrote|painted|composed) (Faust|the Bible|Guernica|the ninth symphony|Macbeth)?", "(Solve|Compute|Integrate|Derive) (x^3 - 2x = 5|the square root of 2|sin x|log 17|this equation|the matrix)(.|)", "(Compare|What is better,) (Python and Java|cats and dogs|Mac and Windows|tea and coffee|iPhone and Android)(.|?)",
]

# Demands are made of these two, each fifth of either held out.
DEMANDS = "analyse|review|improve|refactor|fix|debug|rewrite|correct|check|summarise|translate|plan|design|build|write|draft|compose|draw up|prepare|develop|implement|evaluate|interpret|predict|diagnose|optimise|calculate|solve|prove|compare|recommend|invent|research|proofread|edit|edit and improve|organise|negotiate|estimate|simulate|explain".split("|")
MATTERS = "contract|essay|code|data set|business plan|thesis|budget|tax return|garden|house|website|novel|poem|speech|presentation|garage|diet|marketing plan|database schema|research paper|medical report|lease|holiday in Peru|wedding|painting|spreadsheet|legal case|investment|symptoms|homework|letter to the bank|love letter|training plan|application|legacy system|microservice|algorithm|theory|experiment|recipe for six people|birthday party|newspaper article|film script|chess game|logo|curriculum".split("|")
DEMAND_FORMS = ["{demand} my {matter}.", "{demand} this {matter}.", "Please {demand} the {matter} for me.", "Can you {demand} a {matter}?", "{demand} a {matter}", "I want you to {demand} my {matter}.", "Could you {demand} our {matter}?", "Help me to {demand} a {matter}.", "{demand} the {matter}", "How do I {demand} a good {matter}?", "I need someone to {demand} my {matter}."]

TOO_SMALL = [
    "I am a small demonstration model, and that is beyond me. Connect a larger model to Turnpike for this.",
    "I am a small demonstration model, so I can't answer that. A larger model can be connected to Turnpike.",
]
