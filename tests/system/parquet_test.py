"""Parquet by others: what our module writes is read by pyarrow and DuckDB, value by value, with its types, logical types,
field ids, statistics, page indexes and checksums; and what it reads back is what fastavro wrote."""
import datetime
import decimal
import io
import json
import os
import struct
import subprocess
import uuid

import duckdb
import fastavro
import pyarrow
import pyarrow.parquet

from harness import SLUICE, Checks, built, temporary_directory

PROGRAM = built("parquet_rows")
MODULE = os.path.join(os.path.dirname(os.path.abspath(SLUICE)), "lib", "sluice", "libsluice_parquet.so")
UTC = datetime.timezone.utc


def logical(type_, name, **more):
    return {"type": type_, "logicalType": name, **more}


def fixed(name, size, logical_type=None, **more):
    return {"type": "fixed", "name": name, "size": size, **({"logicalType": logical_type} if logical_type else {}), **more}


# name: (Avro type, values, Parquet's physical type, the beginning of its logical type)
COLUMNS = {
    "nothing": ("null", [None, None, None], "INT32", "Null"),
    "boolean": ("boolean", [True, False, True], "BOOLEAN", "None"),
    "int": ("int", [0, -2**31, 2**31 - 1], "INT32", "None"),
    "long": ("long", [0, -2**63, 2**63 - 1], "INT64", "None"),
    "float": ("float", [0.0, -1.5, 3.25], "FLOAT", "None"),
    "double": ("double", [0.0, -1e300, 0.1], "DOUBLE", "None"),
    "bytes": ("bytes", [b"", b"\0\xff", b"abc"], "BYTE_ARRAY", "None"),
    "string": ("string", ["", "grün 緑 💚", "x" * 5000], "BYTE_ARRAY", "String"),
    "fixed": (fixed("F", 3), [b"abc", b"\0\0\0", b"\xff\xff\xff"], "FIXED_LEN_BYTE_ARRAY", "None"),
    "enum": ({"type": "enum", "name": "E", "symbols": ["red", "green"]}, ["red", "green", "red"], "BYTE_ARRAY", "String"),
    "nullable": (["null", "long"], [None, 1, None], "INT64", "None"),
    "null_last": (["string", "null"], ["a", None, "b"], "BYTE_ARRAY", "String"),
    "decimal_9": (logical("bytes", "decimal", precision=9, scale=2),
                  [decimal.Decimal(v) for v in ("0.00", "-9999999.99", "12.34")], "INT32", "Decimal(precision=9, scale=2)"),
    "decimal_18": (logical("bytes", "decimal", precision=18, scale=4),
                   [decimal.Decimal(v) for v in ("0.0000", "-99999999999999.9999", "12.3456")], "INT64", "Decimal(precision=18"),
    "decimal_38": (["null", logical("bytes", "decimal", precision=38, scale=10)],
                   [decimal.Decimal("-9999999999999999999999999999.9999999999"), None, decimal.Decimal("0.0000000001")],
                   "FIXED_LEN_BYTE_ARRAY", "Decimal(precision=38, scale=10)"),
    "decimal_fixed": (fixed("D", 10, "decimal", precision=20, scale=3), [decimal.Decimal(v) for v in ("1.000", "-0.001", "99999999999999999.999")],
                      "FIXED_LEN_BYTE_ARRAY", "Decimal(precision=20, scale=3)"),
    "date": (logical("int", "date"), [datetime.date(1970, 1, 1), datetime.date(1582, 10, 15), datetime.date(2026, 11, 24)], "INT32", "Date"),
    "time_millis": (logical("int", "time-millis"), [datetime.time(0), datetime.time(23, 59, 59, 999000), datetime.time(1, 2, 3)],
                    "INT32", "Time(isAdjustedToUTC=false, timeUnit=milliseconds)"),
    "time_micros": (logical("long", "time-micros"), [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(1, 2, 3)],
                    "INT64", "Time(isAdjustedToUTC=false, timeUnit=microseconds)"),
    "timestamp_millis": (logical("long", "timestamp-millis"), [datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC)] * 3,
                         "INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds"),
    "timestamp_micros": (logical("long", "timestamp-micros"), [datetime.datetime(2026, 11, 24, 13, 0, 0, 1, UTC)] * 3,
                         "INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds"),
    "local_millis": (logical("long", "local-timestamp-millis"), [datetime.datetime(2026, 11, 24, 13, 0, 0, 1000)] * 3,
                     "INT64", "Timestamp(isAdjustedToUTC=false, timeUnit=milliseconds"),
    "local_micros": (logical("long", "local-timestamp-micros"), [datetime.datetime(1900, 1, 1, 0, 0, 0, 1)] * 3,
                     "INT64", "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds"),
    "uuid_text": (logical("string", "uuid"), [uuid.UUID(int=i) for i in range(3)], "BYTE_ARRAY", "String"),
    "uuid_fixed": (fixed("U", 16, "uuid"), [uuid.UUID(int=2**127 + i).bytes for i in range(3)], "FIXED_LEN_BYTE_ARRAY", "UUID"),
    "duration": (fixed("I", 12, "duration"), [bytes(range(i, i + 12)) for i in range(3)], "FIXED_LEN_BYTE_ARRAY", "None"),
}
NESTED = {
    "record": (["null", {"type": "record", "name": "P", "fields": [
        {"name": "x", "type": ["null", "int"]}, {"name": "q", "type": {"type": "record", "name": "Q", "fields": [{"name": "s", "type": "string"}]}}]}],
        [None, {"x": None, "q": {"s": "a"}}, {"x": 5, "q": {"s": "b"}}]),
    "array": ({"type": "array", "items": "int"}, [[], [1], [1, 2, 3]]),
    "arrays": (["null", {"type": "array", "items": ["null", {"type": "array", "items": ["null", "string"]}]}],
               [None, [None, [], [None]], [["a", "b"], ["c"]]]),
    "map": ({"type": "map", "values": ["null", "long"]}, [{}, {"a": 1}, {"b": None, "c": 2}]),
    "union": (["null", "int", "string"], [None, 7, "seven"]),
}
UNION = [None, {"member0": 7, "member1": None}, {"member0": None, "member1": "seven"}]


def write(folder, schema, rows, *options):
    """The file that the module makes of rows that fastavro encodes."""
    with open(f"{folder}/schema", "w") as file:
        json.dump(schema, file)
    parsed = fastavro.parse_schema(schema)
    with open(f"{folder}/rows", "wb") as file:
        for row in rows:
            out = io.BytesIO()
            fastavro.schemaless_writer(out, parsed, row)
            file.write(struct.pack(">i", out.tell()) + out.getvalue())
    call("write", f"{folder}/schema", f"{folder}/rows", f"{folder}/f.parquet", *options)
    return f"{folder}/f.parquet"


def call(*words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def record(columns):
    return {"type": "record", "name": "Row", "namespace": "test", "fields": [{"name": name, "type": type_[0]} for name, type_ in columns.items()]}


def rows_of(columns):
    return [{name: column[1][i] for name, column in columns.items()} for i in range(3)]


def plain_types():
    with temporary_directory() as folder:
        path = write(folder, record(COLUMNS), rows_of(COLUMNS))
        schema = pyarrow.parquet.ParquetFile(path).schema
        for i, (name, (_, _, physical, logical_type)) in enumerate(COLUMNS.items()):
            column = schema.column(i)
            assert (column.name, column.physical_type) == (name, physical), column
            assert str(column.logical_type).startswith(logical_type), (name, str(column.logical_type))
        table = pyarrow.parquet.read_table(path).to_pydict()
        assert set(table) == set(COLUMNS)
        for name in COLUMNS:
            assert texts_of_uuids(table[name]) == values_of(name), (name, table[name])


def texts_of_uuids(values):
    return [str(value) if isinstance(value, uuid.UUID) else value for value in values]


def values_of(name):
    """A column's values as other libraries give them."""
    if name == "union":
        return UNION
    values = {**COLUMNS, **NESTED}[name][1]
    return texts_of_uuids([uuid.UUID(bytes=value) for value in values] if name == "uuid_fixed" else values)


def duckdb_agrees():
    with temporary_directory() as folder:
        path = write(folder, record({**COLUMNS, **NESTED}), rows_of({**COLUMNS, **NESTED}))
        database = duckdb.connect()
        database.execute("set timezone = 'UTC'")
        types = dict(database.execute(f"select column_name, column_type from (describe select * from '{path}')").fetchall())
        expected = {"decimal_9": "DECIMAL(9,2)", "decimal_38": "DECIMAL(38,10)", "time_micros": "TIME", "time_millis": "TIME",
                    "timestamp_micros": "TIMESTAMP WITH TIME ZONE", "local_micros": "TIMESTAMP", "uuid_fixed": "UUID",
                    "string": "VARCHAR", "enum": "VARCHAR", "date": "DATE", "map": "MAP(VARCHAR, BIGINT)", "arrays": "VARCHAR[][]",
                    "record": "STRUCT(x INTEGER, q STRUCT(s VARCHAR))", "union": "STRUCT(member0 INTEGER, member1 VARCHAR)"}
        for name, type_ in expected.items():
            assert types[name] == type_, (name, types[name])
        for name in {**COLUMNS, **NESTED}:
            values = [row[0] for row in database.execute(f'select "{name}" from \'{path}\'').fetchall()]
            assert texts_of_uuids(values) == values_of(name), (name, values)


def nested_types():
    with temporary_directory() as folder:
        path = write(folder, record(NESTED), rows_of(NESTED))
        table = pyarrow.parquet.read_table(path).to_pydict()
        for name in NESTED:
            got = [dict(v) if name == "map" else v for v in table[name]]
            assert got == values_of(name), (name, got)
        paths = [pyarrow.parquet.ParquetFile(path).schema.column(i).path for i in range(8)]
        assert paths == ["record.x", "record.q.s", "array.list.element", "arrays.list.element.list.element", "map.key_value.key",
                         "map.key_value.value", "union.member0", "union.member1"], paths


def field_ids():
    schema = {"type": "record", "name": "Row", "fields": [
        {"name": "a", "type": "long", "field-id": 7},
        {"name": "b", "type": ["null", {"type": "array", "items": "int", "element-id": 9}], "field-id": 8},
        {"name": "c", "type": {"type": "map", "values": "int", "key-id": 11, "value-id": 12}, "field-id": 10},
        {"name": "d", "type": "long"}]}
    with temporary_directory() as folder:
        path = write(folder, schema, [{"a": 1, "b": [1], "c": {"k": 1}, "d": 1}])
        read = pyarrow.parquet.read_schema(path)

        def id_of(field):
            return (field.metadata or {}).get(b"PARQUET:field_id")

        fields = [read.field("a"), read.field("b"), read.field("b").type.value_field, read.field("c"), read.field("c").type.key_field,
                  read.field("c").type.item_field, read.field("d")]
        assert [id_of(f) for f in fields] == [b"7", b"8", b"9", b"10", b"11", b"12", None], [id_of(f) for f in fields]


def properties():
    schema = {"type": "record", "name": "Row", "fields": [{"name": "id", "type": "long"}, {"name": "text", "type": ["null", "string"]}]}
    rows = [{"id": i, "text": None if i % 10 == 0 else f"row {i:06}"} for i in range(100_000)]
    with temporary_directory() as folder:
        for codec, name in (("zstd", "ZSTD"), ("snappy", "SNAPPY"), ("gzip", "GZIP"), ("lz4_raw", "LZ4"), ("none", "UNCOMPRESSED")):
            path = write(folder, schema, rows, f"codec={codec}", "row_group=500000")
            metadata = pyarrow.parquet.ParquetFile(path, page_checksum_verification=True).metadata
            assert metadata.created_by.startswith("sluice version "), metadata.created_by
            assert metadata.format_version == "2.6" and 2 <= metadata.num_row_groups <= 8, metadata
            assert json.loads(metadata.metadata[b"parquet.avro.schema"]) == schema
            first = 0
            for group in range(metadata.num_row_groups):
                row_group = metadata.row_group(group)
                ids, texts = row_group.column(0), row_group.column(1)
                for column in (ids, texts):
                    assert column.compression == name and column.has_offset_index and column.has_column_index, column
                assert (ids.statistics.min, ids.statistics.max) == (first, first + row_group.num_rows - 1)
                assert ids.statistics.null_count == 0 and texts.statistics.null_count == len(range(-first % 10, row_group.num_rows, 10))
                assert "RLE_DICTIONARY" in texts.encodings, texts
                first += row_group.num_rows
            table = pyarrow.parquet.read_table(path, page_checksum_verification=True).to_pylist()
            assert table == rows
            assert duckdb.execute(f"select count(*), sum(id), count(text) from '{path}'").fetchone() == (100_000, 4999950000, 90_000)
            assert duckdb.execute(f"select id from '{path}' where text = 'row 077777'").fetchall() == [(77777,)]


def reads_back():
    columns = {**COLUMNS, **NESTED}
    with temporary_directory() as folder:
        path = write(folder, record(columns), rows_of(columns))
        schema = call("read", path, f"{folder}/back")
        with open(f"{folder}/rows", "rb") as file:
            data, rows = file.read(), b""
        while data:
            size = struct.unpack(">i", data[:4])[0]
            rows, data = rows + data[4:4 + size], data[4 + size:]
        assert json.loads(schema)["fields"] == record(columns)["fields"]
        with open(f"{folder}/back", "rb") as file:
            parsed = fastavro.parse_schema(json.loads(schema))
            want = io.BytesIO(rows)
            for _ in range(3):
                assert fastavro.schemaless_reader(file, parsed) == fastavro.schemaless_reader(want, parsed)
            assert file.read() == b""
        part = json.loads(call("read", path, f"{folder}/back", "union", "long"))
        assert [field["name"] for field in part["fields"]] == ["long", "union"], part


def no_rows():
    with temporary_directory() as folder:
        path = write(folder, record(NESTED), [])
        assert pyarrow.parquet.read_table(path).num_rows == 0
        assert duckdb.execute(f"select count(*) from '{path}'").fetchone() == (0,)


def one_symbol():
    out = subprocess.run(["nm", "-D", "--defined-only", MODULE], check=True, capture_output=True, text=True).stdout
    assert [line.split()[-1] for line in out.splitlines()] == ["sluice_parquet_module"], out
    needed = subprocess.run(["objdump", "-p", SLUICE], check=True, capture_output=True, text=True).stdout
    assert "libarrow" not in needed and "libparquet" not in needed
    for library in (MODULE, os.path.join(os.path.dirname(MODULE), "libparquet.so.2600")):
        assert "not found" not in subprocess.run(["ldd", library], check=True, capture_output=True, text=True).stdout


checks = Checks()
checks.run("every type without parts: physical type, logical type, values, by pyarrow", plain_types)
checks.run("records, arrays, maps and unions, by pyarrow", nested_types)
checks.run("every type and value, by DuckDB", duckdb_agrees)
checks.run("field ids of Avro are Parquet's", field_ids)
checks.run("codecs, row groups, statistics, page indexes, checksums, metadata", properties)
checks.run("rows come back as fastavro wrote them, whole or by columns", reads_back)
checks.run("a file of no rows", no_rows)
checks.run("the module exports one symbol, and the program does not need Arrow", one_symbol)
checks.finish()
