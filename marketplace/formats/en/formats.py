DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i"
TIME_FORMAT = "H:i"

# Ours (templatetags/page.py).
DAY = "j\xa0F\xa0Y"
DAY_NAMED = "l j\xa0F\xa0Y"
HOUR = "H:i"
INSTANT = "l j\xa0F\xa0Y, H:i"
INSTANT_SHORT = "j\xa0M\xa0Y, H:i"
FIRST_OF_MONTH = "1"
DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
EUROS = "€{amount}"
PERCENT = "{number}%"
SIZE_UNITS = ("bytes", "kB", "MB", "GB")
