DATE_FORMAT = "j F Y"
DATETIME_FORMAT = r"j F Y, G \h i"
TIME_FORMAT = r"G \h i"
SHORT_DATE_FORMAT = "d/m/Y"
DECIMAL_SEPARATOR = ","
THOUSAND_SEPARATOR = "\u202f"
NUMBER_GROUPING = 3

# Ours (templatetags/page.py); no-break spaces, so that neither a date nor an hour is cut at the end of a line.
DAY = "j\xa0F\xa0Y"
DAY_NAMED = "l j\xa0F\xa0Y"
HOUR = "G\xa0\\h\xa0i"
INSTANT = "l j\xa0F\xa0Y, G\xa0\\h\xa0i"
INSTANT_SHORT = "j\xa0N\xa0Y, G\xa0\\h\xa0i"
FIRST_OF_MONTH = "1\\e\\r"
EUROS = "{amount}\xa0€"
PERCENT = "{number}\xa0%"
SIZE_UNITS = ("octets", "Ko", "Mo", "Go")
