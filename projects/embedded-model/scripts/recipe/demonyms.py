"""Words for the people of countries and parts of the world."""

DEMONYMS = tuple(
    """
    Afghan African Albanian Algerian American Andorran Angolan Arab Argentine Argentinian Armenian
    Asian Australian Austrian Azerbaijani Bahraini Bangladeshi Basque Bavarian Belarusian Belgian
    Bolivian Bosnian Brazilian Breton British Bulgarian Burmese Cambodian Cameroonian Canadian
    Catalan Chilean Chinese Colombian Croatian Cuban Cypriot Czech Czechoslovak Danish Dutch
    Ecuadorian Egyptian English Estonian Ethiopian European Filipino Finnish Flemish French Gambian
    Georgian German Ghanaian Greek Greenlandic Guatemalan Haitian Hawaiian Honduran Hungarian
    Icelandic Indian Indonesian Iranian Iraqi Irish Israeli Italian Ivorian Jamaican Japanese
    Jordanian Kazakh Kenyan Korean Kosovan Kuwaiti Kurdish Latvian Lebanese Liberian Libyan
    Lithuanian Luxembourgish Macedonian Malagasy Malaysian Maltese Mexican Moldovan Mongolian
    Moroccan Mozambican Namibian Nepalese Nicaraguan Nigerian Norwegian Omani Ottoman Pakistani
    Palestinian Panamanian Paraguayan Persian Peruvian Polish Portuguese Prussian Qatari Romanian
    Roman Russian Rwandan Salvadoran Samoan Saudi Scandinavian Scottish Senegalese Serbian
    Sicilian Singaporean Slovak Slovene Slovenian Somali Soviet Spanish Sudanese Swedish Swiss
    Syrian Taiwanese Tamil Tanzanian Thai Tibetan Tunisian Turkish Ugandan Ukrainian Uruguayan
    Uzbek Venezuelan Vietnamese Welsh Yemeni Yugoslav Zambian Zimbabwean
    """.split()  # noqa: SIM905
)
PLURALS = frozenset(f"{word}s" for word in DEMONYMS) | {"Danes", "Poles", "Spaniards", "Swedes"}
