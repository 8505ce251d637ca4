"""Texts of many kinds, written for the tests."""

ENGLISH = (
    "Apple CEO Tim Cook announced iPhone 15 in Cupertino.",
    "Marie Curie moved from Warsaw to Paris in 1891, and stayed",
    "Dr. Elena Petrova joined Northwind Labs on 12 March 2019 as head of chemistry.",
    "The invoice no. 4711 over $1,299.00 is due on 2024-03-01!",
    "Did Microsoft really buy Activision for 68.7 billion dollars?",
    "I hated the hotel: cold food, rude staff, and a broken shower",
    "Best pizza in Naples, hands down. We will be back, and soon.",
    "Write to jane.doe+news@example.co.uk or see https://www.example.com/a?b=1#c).",
    "see https://example.org",
    "@nasa launched Artemis-1 from Cape Canaveral, said bill_nelson (NASA).",
    "The patient received 20 mg of lisinopril daily; blood pressure fell to 120/80 mmHg.",
    "Amazon's Jeff Bezos founded Blue Origin in Kent, Washington, in 2000, and left Amazon.",
    "well-known_thing- x, don't stop: 3.14 $5,000 50% e.g. U.S.A.",
    "The red car, a dark blue bike, and two green scooters were sold to Ann, Bob and Carla.",
    "Table for two at 7:30 pm under the name of Okafor, please",
    "LeBron James scored 38 points as the Lakers beat the Celtics 117-109 in Boston",
    '"We are hiring," said Ms. Nakamura, "in Osaka, Lyon and Austin."',
    "Flight LH454 from Frankfurt (FRA) to San Francisco (SFO) leaves at 10:05; gate B44.",
    "In 1969 Neil Armstrong and Buzz Aldrin walked on the Moon while Michael Collins orbited it.",
    "Order: 3x espresso machine (silver), 1x grinder (black), ship to 221B Baker Street, London",
    "Novo Nordisk manufactures Ozempic in Kalundborg. Eli Lilly manufactures Mounjaro.",
    "Paris",
    "OK",
    "Paris and paris and PARIS, but not Parish.",
    "!!!",
    "No entities here at all, just some words in a row without any meaning",
    "Tim Cook met Satya Nadella in Paris",
    "Tim Cook runs Apple. Satya Nadella runs Microsoft. Sundar Pichai runs Google.",
)

OTHER_LANGUAGES = (
    "Angela Merkel wurde 1954 in Hamburg geboren und wuchs in der Uckermark auf.",
    "Die Süddeutsche Zeitung berichtet: Siemens baut in Görlitz 700 Stellen ab",
    "Der Straßenbahnfahrer Jürgen Groß übersah am 3. Mai das Schild „Einfahrt verboten“.",
    "Victor Hugo est né à Besançon en 1802, et mort à Paris en 1885.",
    "L'entreprise Michelin, fondée à Clermont-Ferrand, emploie 124 000 personnes",
    "¿Cuánto cuesta el billete de Madrid a Sevilla? ¡Solo 25 €!",
    "삼성전자는 수원에 본사를 두고 있으며 이재용 회장이 이끌고 있다.",
    "고혈압 환자에게 암로디핀 5mg을 투여하였다. 심사결과 요양급여로 인정함",
    "李白出生於碎葉城，後來住在長安。",
    "华为技术有限公司由任正非于1987年在深圳创立",
    "トヨタ自動車の豊田章男は名古屋で新型プリウスを発表した。",
    "ولد نجيب محفوظ في القاهرة عام 1911 وفاز بجائزة نوبل",
    "בנימין זאב הרצל נולד בפשט בשנת 1860.",
    "Лев Толстой родился в Ясной Поляне и написал «Войну и мир».",
    "Η Μελίνα Μερκούρη γεννήθηκε στην Αθήνα το 1920.",
    "दिल्ली भारत की राजधानी है और यहाँ लाल किला है।",
    "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
)

ODD = (
    "",
    " ",
    "   \t ",
    "\n\n",
    ".",
    "?",
    "a",
    "İstanbul is big, and DİYARBAKIR too",
    "İİİ İ Ankara'da Ayşe Öztürk yaşıyor",
    "cafe\u0301 in Zu\u0308rich serves cre\u0300me bru\u0302le\u0301e",
    "zero\u200bwidth and soft\u00adhyphen \u200d and \ufeff mark",
    "\u200b",
    "a \x07 bell and \x1c separators\x1fhere",
    "Emoji 😀👍🏽 and family 👨‍👩‍👧‍👦 in Rio 🇧🇷",
    "tabs\tand\nnew lines\r\nin Berlin,\n\n  then Rome  ",
    "trailing blanks in Vienna   ",
    "ends with an ellipsis in Oslo…",
    'she said "go to Lima."',
    "(parentheses [and brackets] {and braces} | pipes | in Quito)",
    "a@b.c1 user@host x @a_b-c http:// www.x.y/z?q=1).",
    "-- -- __ -_- a--b a__b _x_",
    "ＦＵＬＬ ｗｉｄｔｈ Ｔｏｋｙｏ １２３",
    "\U0001d4d0\U0001d4f7\U0001d4f7\U0001d4ea lives in \U0001d4e1\U0001d4f8\U0001d4f6\U0001d4ee",
    "A̴̛̫ b̷͝ zalgo t̶̢e̵x̸t̷ from Lagos",
    "\U000e0041\U0010ffff unassigned \ue000 private",
)

LONG = (
    "The city of Ghent lies where the Leie joins the Scheldt. In 1540 Charles V, who was born "
    "there in 1500, punished the city for a revolt. Jan van Eyck finished the Ghent Altarpiece in "
    "1432 for Joost Vijd and Elisabeth Borluut; thieves took one of its panels in 1934, and it has "
    "not been found since. Lieven Bauwens smuggled a spinning machine out of England in 1798 and "
    "so began the industry of the city. Today Ghent University teaches some 50,000 students, and "
    "Volvo builds cars at the port. The mayor, Mathias De Clercq, lives in the centre. He told "
    "Het Laatste Nieuws on 4 June that the tram to Gentbrugge will be ready by 2026, that it will "
    "cost 12.5 million euros, and that Siemens and Alstom both bid for the work.",
    "Quarterly report, Contoso Ltd, Bristol: revenue rose by 4 % to 81.2 million pounds, while "
    "costs fell to 60 million. Chief executive Priya Raman said that the sale of the Leeds plant "
    "to Fabrikam GmbH, agreed on 2 February, brought 9.3 million. Chair Owen Bates will leave in "
    "May; Lucía Gómez of Banco del Sur follows him. The company employs 1,204 people, of whom 310 "
    "work in Cardiff, 288 in Bath and 95 abroad. Analysts at Tailspin Partners expect 340 million "
    "for the year, and raised their target from 12 to 14 pounds. The shares closed at 11.82",
)

ALL = (*ENGLISH, *OTHER_LANGUAGES, *ODD, *LONG)
