"""English word lists, each word in lower case or as a name is written, and the plural of the things among them.

`plural` follows the rules of spelling; the few things that do not are listed.

>>> plural("lamp"), plural("brush"), plural("battery"), plural("knife")
('lamps', 'brushes', 'batteries', 'knives')
"""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """The words of a paragraph."""
    return tuple(text.split())


FIRST_NAMES = listed("""
    Ada Adam Agnes Aiko Alan Alba Alex Alice Amara Amir Amos Anita Anna Anton Arif Arlo Asha Astrid Aya Basil
    Beata Bella Ben Berta Boris Bram Bruno Carla Carmen Cecil Celia Clara Conor Cora Dalia Dana
    Daniel Daria David Dev Diana Diego Dina Dora Duncan Edgar Edith Elena Eli Elif Elsa Emil Emma Enzo Erik Erin
    Esme Esther Ethan Eva Farah Felix Fiona Flora Frank Freya Gavin Gemma George Gita Gloria Grace Greta Gustav
    Hana Hanna Harold Hassan Hector Heidi Helen Henrik Hugo Ian Ida Igor Ilse Imran Ines Ingrid Irene Iris Isaac
    Ivan Ivy Jack Jade Jakob James Jana Jasper Javier Joan Joel Jonas Josef Judith Julia Kai Karen Karim Karl
    Kate Keiko Ken Kira Klara Kofi Lana Lars Laura Leah Lena Leo Leon Lily Linda Lisa Lola Louis Lucas Lucy Luna
    Magda Mara Marco Maria Mark Marta Martin Mary Matteo Maya Mei Mia Mina Mira Mona Nadia Naomi Nico Nina
    Noah Nora Olga Oliver Omar Oscar Otto Pablo Paola Paul Pavel Pedro Petra Philip Priya Quinn Rahul Raj Ravi
    Rita Robert Rosa Ruben Ruth Ryan Sam Samira Sara Sasha Sean Selma Silas Simon Stefan Susan Tamar Tara
    Tariq Teo Tessa Thomas Tina Tomas Uma Ursula Vera Victor Viola Wanda Wei Willa Yara Yuki Yusuf Zara Zoe
""")

LAST_NAMES = listed("""
    Abbott Adler Ahmed Allen Alvarez Amato Archer Arnold Bailey Baker Banks Barnes Bauer Becker Bell Bennett
    Berg Bishop Blake Bloom Bond Bowen Brandt Brook Brown Burke Burns Butler Campos Carr Carter Castro Chan
    Chandra Clark Clay Cohen Cole Collins Conti Cook Cooper Costa Craig Cross Cruz Dalton Das Davis Dean Dias
    Dixon Doyle Drake Dubois Duncan Duran Eaton Ellis Engel Erdem Evans Farmer Ferrari Fields Fischer Fisher
    Fleming Flores Ford Foster Fox Frank Freeman Frost Fuchs Fuller Garcia Gibbs Gibson Gomez Gordon Grant Gray
    Green Griffin Gupta Haas Hall Hamid Hansen Harper Harris Hart Hayes Hill Hoffman Holm Hopkins Horn Howard
    Hunt Ibarra Ito Jackson Jain Jansen Jensen Johnson Jones Jordan Kaplan Kato Kaya Keller Kelly Khan Kim King
    Klein Knight Koch Kovacs Kraus Kumar Lambert Lane Lang Larsen Lee Lewis Lin Lind Long Lopez Lund Lynch Mann
    Marino Marsh Martin Mason Mayer Mendez Meyer Miller Mills Moore Mora Morgan Morris Moss Murphy Myers Nash
    Nelson Newton Nolan Novak Ochoa Olsen Ortiz Osman Owens Page Palmer Park Parker Patel Pearce Perez Perry
    Peters Pierce Porter Price Quinn Ramos Reed Reyes Rice Rivera Robins Rossi Roth Russo Ryan Sanchez Santos
    Sato Schmidt Scott Sharma Shaw Silva Simons Singh Smith Stein Stone Suzuki Swift Tanaka Taylor Thomas Tran
    Turner Vance Vega Vogel Wagner Walker Wallace Walsh Ward Watson Weber Weiss Wells West White Wong Wood
    Wright Yamada Yang Young Zhang Ziegler
""")

CITIES = listed("""
    Aarhus Aberdeen Accra Adelaide Amman Amsterdam Ankara Antwerp Athens Atlanta Auckland Austin Baku Baltimore
    Bangkok Barcelona Basel Beijing Beirut Belfast Belgrade Bergen Berlin Bern Bilbao Bogota Bologna
    Bordeaux Boston Bremen Brisbane Bristol Brussels Bucharest Budapest Busan Cairo Calgary Cambridge Canberra
    Cardiff Chennai Chicago Cologne Copenhagen Cordoba Cork Dakar Dallas Damascus Delhi Denver Detroit Dhaka
    Dortmund Dresden Dubai Dublin Durban Edinburgh Essen Florence Frankfurt Fukuoka Gdansk Geneva Genoa Ghent
    Glasgow Granada Graz Hamburg Hanoi Hanover Harare Havana Helsinki Hiroshima Houston Istanbul Izmir Jakarta
    Jerusalem Kabul Karachi Kiel Kobe Krakow Kyiv Kyoto Lagos Lahore Leeds Leipzig Lille Lima Lisbon Liverpool
    London Lublin Luxembourg Lyon Madrid Malaga Malmo Manchester Manila Marseille Melbourne Memphis Miami Milan
    Milwaukee Minsk Montreal Moscow Mumbai Munich Nagoya Nairobi Nantes Naples Nashville Nice Nicosia Odessa
    Orlando Osaka Oslo Ottawa Oxford Palermo Paris Perth Philadelphia Phoenix Pisa Plymouth Porto Portland
    Potsdam Prague Pretoria Quebec Quito Reykjavik Riga Rome Rotterdam Salzburg Santiago Sapporo Sarajevo
    Seattle Seoul Seville Shanghai Sheffield Singapore Sofia Stockholm Strasbourg Stuttgart Sydney Taipei
    Tallinn Tampa Tbilisi Tehran Tokyo Toronto Toulouse Trieste Tripoli Tunis Turin Uppsala Utrecht Valencia
    Vancouver Venice Verona Vienna Vilnius Warsaw Wellington Winnipeg Yokohama York Zagreb Zurich
""")

THINGS = listed("""
    anchor apple apron badge bag ball banner barrel basin basket battery bean bell belt bench bike blanket
    blender board boat bolt book boot bottle bowl box bracket branch brick bridge brush bucket bulb bus button
    cabinet cable cake camera candle canvas cap card carpet carrot cart case chain chair cherry chest clamp
    clock coat coin comb cookie cork cot couch counter crane crate crayon cup curtain cushion desk dish door
    drawer dress drill drum engine eraser fan faucet feather fence filter flag flask folder fork frame funnel
    garden gate glove guitar hammer handle hat heater helmet hinge hook horn hose jacket jar kettle key kite
    knife label ladder lamp lantern leaflet lemon lens lid lighter loaf lock magnet map marker mask mat melon
    meter mirror mixer mop motor mug nail napkin needle net notebook nut oar onion orange oven paddle padlock
    painting pan panel paper peach pear pedal pen pencil pepper piano pillow pin pipe pitcher plant plate plum
    pocket pole poster pot printer pump purse puzzle racket radio rake ribbon ring robe rocket roof rope router
    rug ruler saddle sandal saw scale scarf screen screw seed sensor shelf shirt shoe shovel sign sink sketch
    skirt soap sock sofa spade spoon spring stamp statue stick stone stool stove strap suit switch table tank
    tape teapot tent ticket tile timer toaster tomato tool towel toy tray tripod truck trumpet tube tulip
    turbine umbrella valve vase vest violin wagon wallet watch wheel whistle window wire wrench
""")

ADJECTIVES = listed("""
    big black blue bold brave bright broad brown calm cheap clean clear cold cool dark deep dry early empty fair
    fast fine firm flat free fresh full gentle giant glad gold good grand gray great green happy hard heavy high
    hot huge kind large late light little long loud low lucky narrow neat new nice old open pale pink plain
    proud pure quick quiet rare real red rich round safe sharp short silent silver simple slow small smart
    smooth soft solid steep still strong sweet tall thick thin tiny warm wet white wide wild wise yellow young
""")

TITLE_WORDS = listed("""
    Account Annual Audit Board Brand Budget Business Campaign Capital Cash Change Client Cloud Company Contract
    Cost Credit Customer Daily Data Delivery Demand Design Digital Energy Event Export Field Final Finance First
    Fleet Food Forecast Global Growth Guide Health Import Income Index Internal Item Job Key Labor Launch Lease
    Legal Library List Loan Local Main Market Master Media Meeting Member Mobile Monthly Network New News Notes
    Office Online Open Order Parts Payment Plan Plant Policy Price Product Profit Project Public Quality
    Quarterly Rate Record Region Repair Report Research Review Risk Road Safety Sales School Season Service Site
    Social Sound Source Staff State Stock Store Summary Supply Survey System Target Task Tax Team Test Time
    Trade Traffic Training Travel Unit Update User Value Vendor Video Visit Water Web Weekly Work World Yearly
""")

NUMBER_WORDS = listed("two three four five six seven eight nine ten eleven twelve")  # of 2, 3, …, 12

IRREGULAR = {"knife": "knives", "shelf": "shelves", "scarf": "scarves", "loaf": "loaves", "tomato": "tomatoes"}


def plural(thing: str) -> str:
    """More than one of it."""
    if thing in IRREGULAR:
        return IRREGULAR[thing]
    if thing.endswith(("s", "x", "ch", "sh")):
        return f"{thing}es"
    if thing.endswith("y") and thing[-2] not in "aeiou":
        return f"{thing[:-1]}ies"
    return f"{thing}s"
