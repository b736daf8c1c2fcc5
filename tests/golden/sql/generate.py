#!/usr/bin/env python3
"""PostgreSQL's own answers to random expressions: generate.py [CASES [SEED]] > expressions.tsv
and to those with time zones alone: generate.py CASES SEED zones > zones.tsv

Starts a throw-away PostgreSQL and asks it. A line is a case, its fields as COPY writes them (\\t, \\n, \\\\; \\N is null):

    form  name  type=value …  result type  result text

form: operator, function, cast (to the type `name`), parse (a text as the type `name`). A value of type `unknown` is a bare literal.
An error has the result type ERROR, and its message for a text. Run by Debian's Python with psycopg2 (.deps/venv).
"""
import os
import random
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import harness  # noqa: E402

INTEGERS = ["0", "1", "-1", "2", "3", "5", "7", "10", "12", "25", "100", "-100", "400", "9999", "32767", "-32768"]
VALUES = {
    "boolean": ["true", "false"],
    "smallint": INTEGERS,
    "integer": INTEGERS + ["65536", "2147483647", "-2147483648", "123456789", "-46341", "46341"],
    "bigint": INTEGERS + ["2147483648", "9223372036854775807", "-9223372036854775808", "3037000500", "1234567890123456789"],
    "numeric": ["0", "1", "-1", "0.1", "0.10", "1.5", "2.5", "-2.5", "3.14159", "100", "1000.00", "0.0001", "12345.6789",
                "99999999999999999999.99", "-99999999999999999999.99", "9223372036854775807", "9223372036854775808",
                "-9223372036854775808", "1e-20", "1e30", "123456789012345678901234567890", "0.000", "NaN", "Infinity",
                "-Infinity", "7", "3", "10000", "9999.5", "0.5", "-0.5", "4", "144", "2.25", "1.1", "0.95", "20", "-3", "-7.5"],
    "real": ["0", "1", "-1", "0.1", "1.5", "2.5", "3.4e38", "1e-45", "NaN", "Infinity", "-Infinity", "16777216", "1e6", "123456.7",
             "0.00001", "-0", "100"],
    "double precision": ["0", "1", "-1", "0.1", "0.2", "1.5", "2.5", "-2.5", "1e308", "-1e308", "5e-324", "1e-300", "NaN", "Infinity",
                         "-Infinity", "1e15", "123456789012345680", "1e23", "-0", "100", "0.5", "1e14", "1e-5", "9007199254740993",
                         "709", "710", "-745", "2", "3", "1704067200.123456", "1e22", "4.35", "0.00012345"],
    "text": ["", "a", "abc", "Hello World", "ÄÖü ß", "日本語", "a,b,,c", "  trimmed  ", "x%y_z", "100", "-5", "1.5", "true", "2024-02-29",
             "foo.bar@example.com", "aaa", "year", "month", "day", "hour", "epoch", "UTC", "a\\b", "line\nbreak", "12:30", "1 day", "b",
             "Éa", "{a,b}", "{\"k\": 1}", "ab", ",", "one two  three"],
    "bytea": ["\\x", "\\x00", "\\xdeadbeef", "\\x616263", "\\x5c00ff7f", "\\x0123456789"],
    "date": ["1970-01-01", "2024-02-29", "2023-02-28", "1999-12-31", "2000-01-01", "2024-12-31", "0001-01-01", "0044-03-15 BC",
             "infinity", "-infinity", "5874897-12-31", "4713-11-24 BC", "2021-01-03", "1900-03-01", "2026-11-29"],
    "time": ["00:00:00", "12:34:56.789", "23:59:59.999999", "24:00:00", "01:02:03"],
    "timestamp": ["1970-01-01 00:00:00", "2024-02-29 12:34:56.789012", "2023-12-31 23:59:59.999999", "2000-01-31 10:00:00",
                  "0001-01-01 00:00:00", "0044-03-15 12:00:00 BC", "infinity", "-infinity", "2024-03-31 01:30:00",
                  "4714-11-24 00:00:00 BC", "250000-01-01 00:00:00", "2021-01-04 00:00:00.5", "1969-12-31 23:59:59.5"],
    "interval": ["0", "1 day", "1 month", "-1 month", "1 year 2 mons 3 days 04:05:06.789", "-1 days +02:03:00", "100 hours", "1 mon -1 day",
                 "00:00:00.000001", "-00:00:01.5", "35 days", "10000 years", "1.5 hours", "2 weeks", "-3 years -5 mons -40 days -30:00:00",
                 "13 months 31 days", "15 minutes", "30 days 24:00:00"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "json": ["null", "true", "1", "1.50", "\"text\"", "\"\\u00e9\\n\\\"q\\\"\"", "[]", "{}", "[1, \"two\", null, [3]]",
             "{\"a\": 1, \"b\": {\"c\": [10, 20]}, \"a\": 2}", " {\"k\" : \"v\\u0041\" , \"n\":null} ", "{\"日\": \"本\"}", "[1,2,{\"x\":[true,false]}]"],
}
VALUES["timestamptz"] = VALUES["timestamp"] + ["2024-06-30 23:00:00-05:30", "2024-01-01T00:00:00Z"]
PATTERNS = ["%", "_", "a%", "%b%", "H_llo%", "x\\%y\\_z", "%\\", "", "abc", "%World", "Ä%", "_本_", "%,%,%"]
REGEXES = ["a", "^a", "o$", "[[:alpha:]]+", "a|ab|abc", "(\\w+)@(\\w+)", "\\d+", "[^a-z]", ".", "b*", "(a)(b)?", "^\\s+|\\s+$", "\\mW", "o\\M", "\\yb",
           "a{2}", "a{1,2}?", "(?i)HELLO", "[", "(", "a**", "x.y", "^$", "l+", "foo|bar", "(l)\\1", "[[:digit:]]", "\\.", "e.*o", "two|one"]
FIELDS = ["year", "month", "day", "hour", "minute", "second", "milliseconds", "microseconds", "epoch", "quarter", "week", "decade", "century",
          "millennium", "dow", "isodow", "doy", "isoyear", "julian", "timezone", "timezone_hour", "nonsense", "days", "Hours"]
TEMPLATES = ["YYYY-MM-DD HH24:MI:SS", "YYYY-MM-DD\"T\"HH24:MI:SS.US", "Mon DD, YYYY", "Month", "FMMonth FMDD", "DAY dy Day", "HH12:MI AM", "MS US FF3",
             "DDD D ID IW IYYY", "Q WW W CC J", "DDth", "FMDDth", "YY Y YYY", "Y,YYY", "BC AD", "RM rm FMRM", "SSSS", "TZ OF", "mon MON", "\\\"x",
             "YYYYMMDD", "pm P.M.", "HH24 nonsense", "fmHH24", "HH"]

# Not those whose clocks follow the moon, nor abbreviations that meant several offsets.
ZONES = ["Europe/Berlin", "europe/london", "Europe/Dublin", "Europe/Moscow", "Europe/Lisbon", "America/New_York", "America/Los_Angeles", "America/St_Johns",
         "America/Sao_Paulo", "America/Caracas", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Asia/Tehran", "Asia/Jerusalem", "Australia/Lord_Howe",
         "Australia/Sydney", "Pacific/Apia", "Pacific/Chatham", "Africa/Monrovia", "Africa/Cairo", "Antarctica/Troll", "Etc/GMT+5", "US/Pacific", "EST5EDT",
         "CET", "cest", "EST", "EDT", "PST", "JST", "IST", "MST", "HST", "Zulu", "UTC", "Europe/Nowhere", "XYZ", "Japan", "GB"]

TYPES = list(VALUES)
NUMBERS = ["smallint", "integer", "bigint", "numeric", "real", "double precision"]
TIMES = ["date", "time", "timestamp", "timestamptz", "interval"]
SMALL = ["0", "1", "2", "3", "-1", "-2", "5", "10", "20"]

OPERATORS = ["+", "-", "*", "/", "%", "^", "||", "=", "<>", "!=", "<", "<=", ">", ">="]
INTEGER_OPERATORS = ["&", "|", "#", "<<", ">>"]
PATTERN_OPERATORS = {"LIKE": PATTERNS, "ILIKE": PATTERNS, "NOT LIKE": PATTERNS, "~": REGEXES, "~*": REGEXES, "!~": REGEXES, "!~*": REGEXES}

NUMBER = [(t, None) for t in NUMBERS]
TEXT, INT, SMALL_INT = [("text", None)], [("integer", None)], [("integer", SMALL)]
TIME = [("date", None), ("timestamp", None), ("timestamptz", None)]
FUNCTIONS = []  # name, a list of choices (type, values or None) per argument


def functions(names, *arguments):
    for name in names.split():
        FUNCTIONS.append((name, arguments))


functions("abs ceil ceiling floor round trunc sign sqrt exp ln log log10 cbrt degrees radians scale min_scale trim_scale", NUMBER)
functions("abs round trunc sqrt sign scale", [("numeric", None)])
functions("sin cos tan asin acos atan", [("double precision", None)])
functions("round trunc", [("numeric", None)], [("integer", SMALL + ["-5", "100"])])
functions("power pow mod div log atan2", NUMBER, NUMBER)
functions("length char_length lower upper initcap reverse ascii md5 octet_length bit_length btrim ltrim rtrim", TEXT)
functions("length md5 octet_length sha256 sha224 sha384 sha512", [("bytea", None)])
functions("left right substring substr lpad rpad repeat", TEXT, SMALL_INT)
functions("substring substr", TEXT, SMALL_INT, SMALL_INT)
functions("lpad rpad", TEXT, SMALL_INT, [("text", ["", "x", "xy", "日"])])
functions("btrim ltrim rtrim", TEXT, [("text", ["a", " ", "abc", "H", "日語", ""])])
functions("strpos position starts_with", TEXT, [("text", ["a", "", "b", "o", "本", ",", "World"])])
functions("replace translate", TEXT, [("text", ["a", "", "b", "lo", "本", ","])], [("text", ["", "X", "yz", "ö"])])
functions("split_part", TEXT, [("text", [",", "", " ", "l", "本"])], [("integer", ["1", "2", "3", "-1", "-2", "0", "9", "-9"])])
functions("overlay", TEXT, [("text", ["XX", ""])], SMALL_INT)
functions("overlay", TEXT, [("text", ["XX", ""])], SMALL_INT, SMALL_INT)
functions("chr", [("integer", ["65", "0", "-1", "8364", "128512", "1114112", "233"])])
functions("to_hex", [("integer", None), ("bigint", None)])
functions("encode", [("bytea", None)], [("text", ["hex", "base64", "escape", "HEX", "other"])])
functions("decode", [("text", ["616263", "6g", "616", "YWJj", "YWI=", "a\\\\b", "====", "YQ==", "Y Q = ="])], [("text", ["hex", "base64", "escape"])])
functions("substring", TEXT, [("text", REGEXES)])
functions("regexp_replace", TEXT, [("text", REGEXES)], [("text", ["", "X", "[\\1]", "<\\&>", "\\\\"])])
functions("regexp_replace", TEXT, [("text", REGEXES)], [("text", ["", "X", "[\\1]", "<\\&>"])], [("text", ["g", "i", "gi", "", "z"])])
functions("regexp_like regexp_count", TEXT, [("text", REGEXES)])
functions("like_escape", [("text", PATTERNS)], [("text", ["", "\\", "!", "x", "ab"])])
functions("concat", [(t, None) for t in TYPES], [(t, None) for t in TYPES])
functions("concat_ws", [("text", [",", "", "-"])], [(t, None) for t in TYPES], [(t, None) for t in TYPES], TEXT)
functions("extract date_part", [("text", FIELDS)], [(t, None) for t in TIMES])
functions("extract date_part", [("text", FIELDS)], [("timestamp", None), ("interval", None)])
functions("date_trunc", [("text", FIELDS)], [(t, None) for t in TIMES])
functions("age", TIME, TIME)
functions("date_bin", [("interval", None)], [("timestamp", None), ("timestamptz", None)], [("timestamp", None)])
functions("to_timestamp", NUMBER)
functions("to_char", [("timestamp", None), ("timestamptz", None), ("date", None)], [("text", TEMPLATES)])
functions("to_char", [("timestamp", None)], [("text", TEMPLATES)])
functions("timezone", [("text", ["UTC", "utc", "GMT"]), ("interval", ["01:00", "-05:30", "1 day"])], [("timestamp", None), ("timestamptz", None)])
functions("justify_hours justify_days justify_interval isfinite", [("interval", None)])
functions("isfinite", TIME)
functions("make_date", [("integer", ["2024", "0", "-44", "2023"])], [("integer", ["1", "2", "12", "13"])], [("integer", ["1", "28", "29", "31", "0"])])
functions("make_time", [("integer", ["0", "23", "24", "25"])], [("integer", ["0", "59", "60"])], [("double precision", ["0", "59.9999995", "60", "1.5", "-1"])])
functions("make_interval", SMALL_INT, SMALL_INT, SMALL_INT, SMALL_INT)
functions("json_array_length json_typeof", [("json", None)])
functions("json_extract_path json_extract_path_text", [("json", None)], [("text", ["a", "b", "0", "1", "k", "日"])], [("text", ["c", "0", "1", "x"])])
functions("greatest least", NUMBER, NUMBER)
functions("greatest least nullif", [(t, None) for t in TYPES], [(t, None) for t in TYPES])
functions("date int4 text float8 numeric", [(t, None) for t in TYPES])
GRAMMAR = {"greatest", "least", "nullif"}  # no functions to PostgreSQL

CAST_TARGETS = TYPES + ["numeric(5,2)", "numeric(10,0)", "numeric(3,3)"]
ALPHABET = "0123456789+-.:eE TZ,abdhmnosy/\"{}[]\\xNaN é"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def sql_of(argument):
    kind, value = argument
    literal = "NULL" if value is None else quoted(value)
    return literal if kind == "unknown" else f"CAST({literal} AS {kind})"


def random_argument(choice, choices):
    kind, values = choice.choice(choices)
    value = choice.choice(values or VALUES[kind])
    if choice.random() < 0.02:
        value = None
    if choice.random() < 0.03:
        kind = "unknown"
    elif choice.random() < 0.01:
        kind = choice.choice(TYPES)
        value = choice.choice(VALUES[kind])
    return kind, value


def random_value(choice, kind):
    """A value of the list, or for numbers one that is made up."""
    if kind in ("numeric", "double precision") and choice.random() < 0.4:
        digits = "".join(choice.choice("0123456789") for _ in range(choice.choice([1, 2, 4, 8, 16, 25])))
        point = choice.randrange(len(digits) + 1)
        return choice.choice(["", "-"]) + (digits[:point] or "0") + "." + (digits[point:] or "0")
    if kind in ("timestamp", "timestamptz", "date") and choice.random() < 0.4:
        day = f"{choice.randrange(1, 2500):04}-{choice.randrange(1, 13):02}-{choice.randrange(1, 29):02}"
        return day if kind == "date" else f"{day} {choice.randrange(24):02}:{choice.randrange(60):02}:{choice.randrange(60):02}.{choice.randrange(10**6):06}"
    if kind == "interval" and choice.random() < 0.4:
        return f"{choice.randrange(-30, 30)} mons {choice.randrange(-70, 70)} days {choice.randrange(-10**11, 10**11)} us"
    return choice.choice(VALUES[kind])


def operator_case(choice):
    roll = choice.random()
    if roll < 0.12:
        name = choice.choice(list(PATTERN_OPERATORS))
        return "operator", name, [("text", choice.choice(VALUES["text"])), ("text", choice.choice(PATTERN_OPERATORS[name]))]
    if roll < 0.18:
        name, kind = choice.choice(["->", "->>", "#>", "#>>"]), choice.choice(["integer", "text", "unknown"])
        if name.startswith("#"):
            return "operator", name, [("json", choice.choice(VALUES["json"])), ("unknown", choice.choice(["{a}", "{b,c}", "{b,c,1}", "{2,x,0}", "{}", "{k}", "{-1}"]))]
        member = choice.choice(SMALL if kind == "integer" else ["a", "b", "k", "n", "日", "0"])
        return "operator", name, [("json", choice.choice(VALUES["json"])), (kind, member)]
    if roll < 0.25:
        name, kind = choice.choice(["-", "+", "@", "~", "|/", "||/"]), choice.choice(NUMBERS + ["interval"])
        return "operator", name, [(kind, random_value(choice, kind))]
    if roll < 0.32:
        kind = choice.choice(["smallint", "integer", "bigint"])
        other = choice.choice(["smallint", "integer", "bigint"])
        name = choice.choice(INTEGER_OPERATORS)
        return "operator", name, [(kind, random_value(choice, kind)), (other, random_value(choice, other))]
    group = choice.choice([NUMBERS, NUMBERS, TIMES, TIMES, ["numeric"], ["double precision"], ["integer", "bigint"], ["timestamp", "interval"],
                           ["interval", "double precision", "integer"], ["text"], TYPES])
    kinds = [choice.choice(group), choice.choice(group)]
    arguments = [(kind, random_value(choice, kind)) for kind in kinds]
    if choice.random() < 0.08:
        arguments[choice.randrange(2)] = ("unknown", arguments[choice.randrange(2)][1])
    if choice.random() < 0.02:
        arguments[0] = (arguments[0][0], None)
    return "operator", choice.choice(OPERATORS), arguments


def function_case(choice):
    name, arguments = choice.choice(FUNCTIONS)
    made = [random_argument(choice, choices) for choices in arguments]
    made = [(kind, random_value(choice, kind) if value in VALUES.get(kind, ()) and choice.random() < 0.3 else value) for kind, value in made]
    return "function", name, made


def cast_case(choice):
    kind = choice.choice(TYPES)
    return "cast", choice.choice(CAST_TARGETS), [(kind, random_value(choice, kind))]


def parse_case(choice):
    kind = choice.choice(TYPES)
    text = random_value(choice, kind if choice.random() < 0.9 else choice.choice(TYPES))
    for _ in range(choice.choice([0, 0, 1, 1, 2])):
        at = choice.randrange(len(text) + 1)
        letter = choice.choice(ALPHABET)
        text = choice.choice([text[:at] + letter + text[at:], text[:at] + text[at + 1:], text[:at] + letter + text[at + 1:]])
    return "parse", kind, [("unknown", text)]


def zone_case(choice):
    """Days around which clocks are turned, in all years, in a zone of any sort."""
    year, month = choice.choice([choice.randrange(1850, 2038), choice.randrange(1990, 2038), choice.randrange(2038, 2200)]), choice.choice([1, 3, 3, 4, 7, 9, 10, 10, 11, 12])
    day = choice.randrange(1, 31 if month in (4, 9, 11) else 32)
    moment = f"{year}-{month:02}-{day:02} {choice.choice([0, 0, 1, 1, 2, 2, 3, 12, 23]):02}:{choice.choice(['00', '30', '59'])}:{choice.choice(['00', '59.5'])}"
    zone = choice.choice(ZONES)
    kind = choice.randrange(4)
    if kind == 0:
        return "parse", "timestamptz", [("unknown", f"{moment} {zone}")]
    if kind == 1:
        return "function", "date_trunc", [("text", choice.choice(["year", "month", "week", "day", "hour", "minute", "epoch"])), ("timestamptz", moment + "+00"), ("text", zone)]
    return "function", "timezone", [("text", zone), ("timestamp", moment) if kind == 2 else ("timestamptz", moment + "+00")]


def sql_for(form, name, arguments):
    parts = [sql_of(a) for a in arguments]
    if form == "operator":
        return f"{parts[0]} {name} {parts[1]}" if len(parts) == 2 else f"{name} {parts[0]}"
    if form == "function":
        return f"{name}({', '.join(parts)})" if name in GRAMMAR else f"pg_catalog.\"{name}\"({', '.join(parts)})"
    return f"CAST({parts[0]} AS {name})"


def escaped(text):
    if text is None:
        return "\\N"
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def answer(cursor, expression):
    import psycopg2
    try:
        cursor.execute(f"SELECT pg_catalog.format_type(pg_typeof(r), NULL), r IS NULL, pg_catalog.format('%s', r) FROM (SELECT {expression} AS r) x")
        kind, null, text = cursor.fetchone()
        return kind, None if null else text
    except psycopg2.Error as error:
        return "ERROR", re.sub(r"\bpg_catalog\.", "", error.diag.message_primary or str(error))


def is_of_interest(form, name, arguments, kind, text):
    """Not: types that we lack, very long texts, what we do on purpose otherwise, and PostgreSQL's own slips."""
    kinds, values = [t for t, _ in arguments], [v for _, v in arguments]
    if kind not in KNOWN or len(text or "") > 1000 or "is not unique" in (text or ""):
        return False
    if "json" in kinds and (form == "cast" or name in ("int4", "float8", "numeric")):
        return False  # numbers of json, as of jsonb
    if name == "age" and any("infinity" in (v or "") for v in values):
        return False  # a made-up interval
    if "to_char" == name and not set(kinds) & {"date", "timestamp", "timestamptz"} or kinds[-1] == "text" and name == "-":
        return False  # to_char of numbers, jsonb - text
    if name == "timezone" and "unknown" in kinds or "time zone displacement" in (text or ""):
        return False  # zones that are spelt as POSIX does
    return not (name in ("right", "make_interval") and {"-2147483648", "2147483647"} & set(values))  # overflows unseen


KNOWN = set(TYPES) | {"time without time zone", "timestamp without time zone", "timestamp with time zone", "ERROR"}
MAKERS = [operator_case] * 5 + [function_case] * 6 + [cast_case, parse_case, parse_case]


def main():
    cases, seed = int(sys.argv[1]) if len(sys.argv) > 1 else 9000, int(sys.argv[2]) if len(sys.argv) > 2 else 5
    makers = [zone_case] if sys.argv[3:] == ["zones"] else MAKERS
    choice, seen = random.Random(seed), set()
    with harness.temporary_directory() as directory, harness.Postgres(directory) as server:
        connection = server.connect(options="-c timezone=UTC -c extra_float_digits=3")
        with connection.cursor() as cursor:
            while len(seen) < cases:
                form, name, arguments = choice.choice(makers)(choice)
                expression = sql_for(form, name, arguments)
                if expression in seen:
                    continue
                seen.add(expression)
                kind, text = answer(cursor, expression)
                if is_of_interest(form, name, arguments, kind, text):
                    fields = [form, name.lower()] + [f"{t}={escaped(v)}" for t, v in arguments]
                    print("\t".join(fields + [kind, escaped(text)]))


main()
