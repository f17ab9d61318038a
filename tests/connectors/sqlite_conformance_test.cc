// SQLite as a Backend of the suite.
#include "connectors/sqlite/sqlite.h"
#include "tests/connectors/conformance.h"
#include "tests/connectors/sql_detection.h"
#include "tests/connectors/sqlite_files.h"

namespace vhookd::conformance {

namespace {

using namespace std::string_literals;

TypeCase null_of(std::string name, std::string type) {
  return {.name = std::move(name), .type = std::move(type), .literal = "NULL", .text = {}, .null = true};
}

std::vector<TypeCase> numbers() {
  return {
      {.name = "int", .type = "INTEGER", .literal = "42", .kind = Kind::integer, .text = "42"},
      {.name = "int_negative", .type = "int", .literal = "-7", .kind = Kind::integer, .text = "-7"},
      {.name = "int_least",
       .type = "BIGINT",
       .literal = "-9223372036854775808",
       .kind = Kind::integer,
       .text = "-9223372036854775808"},
      {.name = "int_most",
       .type = "BIGINT",
       .literal = "9223372036854775807",
       .kind = Kind::integer,
       .text = "9223372036854775807"},
      {.name = "int_from_text", .type = "INTEGER", .literal = "'12'", .kind = Kind::integer, .text = "12"},
      {.name = "tinyint_1", .type = "tinyint(1)", .literal = "1", .kind = Kind::integer, .text = "1"},
      {.name = "bool_true", .type = "BOOLEAN", .literal = "true", .kind = Kind::boolean, .text = "1"},
      {.name = "bool_false", .type = "bool", .literal = "0", .kind = Kind::boolean, .text = "0"},
      {.name = "bool_five",
       .type = "BOOLEAN",
       .literal = "5",
       .kind = Kind::integer,
       .text = "5",
       .described = Kind::boolean},
      {.name = "bool_word",
       .type = "BOOLEAN",
       .literal = "'yes'",
       .text = "yes",
       .described = Kind::boolean,
       .finds_itself = true},
      {.name = "real", .type = "REAL", .literal = "0.1", .kind = Kind::real, .text = "0.1", .finds_itself = true},
      {.name = "real_whole", .type = "REAL", .literal = "3", .kind = Kind::real, .text = "3", .finds_itself = true},
      {.name = "real_17_digits",
       .type = "double precision",
       .literal = "0.1 + 0.2",
       .kind = Kind::real,
       .text = "0.30000000000000004",
       .finds_itself = true},
      {.name = "real_large",
       .type = "FLOAT",
       .literal = "1e300",
       .kind = Kind::real,
       .text = "1e+300",
       .finds_itself = true},
      {.name = "real_infinite",
       .type = "REAL",
       .literal = "9e999",
       .kind = Kind::real,
       .text = "Infinity",
       .finds_itself = true},
      {.name = "real_least", .type = "REAL", .literal = "-9e999", .kind = Kind::real, .text = "-Infinity"},
      null_of("real_nan", "REAL"),
      {.name = "decimal", .type = "DECIMAL(10,2)", .literal = "129.90", .kind = Kind::decimal, .text = "129.9"},
      {.name = "decimal_text", .type = "decimal(10,2)", .literal = "'0.10'", .kind = Kind::decimal, .text = "0.1"},
      {.name = "decimal_whole", .type = "NUMERIC", .literal = "100", .kind = Kind::decimal, .text = "100"},
      {.name = "decimal_17_digits",
       .type = "NUMERIC(30,20)",
       .literal = "0.1 + 0.2",
       .kind = Kind::decimal,
       .text = "0.30000000000000004"},
      {.name = "decimal_large",
       .type = "NUMERIC",
       .literal = "1e20",
       .kind = Kind::decimal,
       .text = "100000000000000000000"},
      {.name = "decimal_small", .type = "NUMERIC", .literal = "1e-7", .kind = Kind::decimal, .text = "0.0000001"},
      {.name = "decimal_big_integer",
       .type = "NUMERIC",
       .literal = "9007199254740993",
       .kind = Kind::decimal,
       .text = "9007199254740993"},
      {.name = "decimal_word", .type = "NUMERIC", .literal = "'n/a'", .text = "n/a", .described = Kind::decimal},
  };
}

std::vector<TypeCase> texts() {
  return {
      {.name = "text", .type = "TEXT", .literal = "'it''s'", .text = "it's", .finds_itself = true},
      {.name = "text_empty", .type = "varchar(10)", .literal = "''", .text = "", .finds_itself = true},
      {.name = "text_digits", .type = "TEXT", .literal = "0012", .text = "12", .finds_itself = true},
      {.name = "text_unicode", .type = "TEXT", .literal = "'ü☃😀'", .text = "ü☃😀", .finds_itself = true},
      {.name = "text_with_nul",
       .type = "TEXT",
       .literal = "'a' || char(0) || 'b'",
       .text = "a\0b"s,
       .finds_itself = true},
      {.name = "text_not_utf8",
       .type = "TEXT",
       .literal = "CAST(x'61ff' AS TEXT)",
       .text = "a\xff",
       .finds_itself = true},
      {.name = "uuid",
       .type = "UUID",
       .literal = "'0b2f6a52-9b0e-4f0e-8a43-0e2d6b0a1c11'",
       .text = "0b2f6a52-9b0e-4f0e-8a43-0e2d6b0a1c11",
       .finds_itself = true},
      {.name = "json", .type = "JSON", .literal = "'{\"a\": 1}'", .kind = Kind::loose_json, .text = "{\"a\": 1}"},
      {.name = "json_number",
       .type = "JSON",
       .literal = "5",
       .kind = Kind::integer,
       .text = "5",
       .described = Kind::loose_json},
      {.name = "blob", .type = "BLOB", .literal = "x'00ff'", .kind = Kind::binary, .text = "\x00\xff"s},
      {.name = "blob_empty", .type = "BLOB", .literal = "x''", .kind = Kind::binary, .text = ""},
      {.name = "blob_in_text",
       .type = "TEXT",
       .literal = "x'6162'",
       .kind = Kind::binary,
       .text = "ab",
       .described = Kind::text},
      {.name = "untyped_int", .type = "", .literal = "5", .kind = Kind::integer, .text = "5", .described = Kind::text},
      {.name = "untyped_real",
       .type = "",
       .literal = "2.5",
       .kind = Kind::real,
       .text = "2.5",
       .described = Kind::text,
       .finds_itself = true},
      {.name = "untyped_text", .type = "", .literal = "'5'", .text = "5", .finds_itself = true},
      null_of("null_text", "TEXT"),
      null_of("null_bool", "BOOLEAN"),
      null_of("null_json", "JSON"),
      null_of("null_datetime", "DATETIME"),
  };
}

// A text of another form than Kind::timestamp's and Kind::timestamptz's is handed on as it is.
TypeCase unchanged(std::string name, std::string type, std::string text, Kind described) {
  return {.name = std::move(name),
          .type = std::move(type),
          .literal = "'" + text + "'",
          .text = text,
          .described = described,
          .finds_itself = true};
}

std::vector<TypeCase> times() {
  const auto plain = [](std::string name, std::string type, std::string text, Kind kind) {
    return TypeCase{
        .name = std::move(name), .type = std::move(type), .literal = "'" + text + "'", .kind = kind, .text = text};
  };
  const auto zoned = [](std::string name, const std::string& text) {
    return TypeCase{.name = std::move(name),
                    .type = "DATETIME",
                    .literal = "'" + text + "'",
                    .kind = Kind::timestamptz,
                    .text = text,
                    .described = Kind::timestamp};
  };
  return {
      plain("datetime", "DATETIME", "2026-11-23 09:00:00", Kind::timestamp),
      plain("datetime_fraction", "datetime(6)", "2026-11-23 09:00:00.123456", Kind::timestamp),
      plain("timestamp_millis", "TIMESTAMP", "2026-11-23 09:00:00.120", Kind::timestamp),
      plain("timestamp_without", "timestamp without time zone", "2026-11-23 09:00:00", Kind::timestamp),
      plain("timestamptz", "TIMESTAMPTZ", "2026-11-23 09:00:00", Kind::timestamptz),
      plain("timestamp_with", "timestamp with time zone", "2026-11-23 09:00:00.5", Kind::timestamptz),
      plain("timestamptz_offset", "TIMESTAMPTZ", "2026-11-23 09:00:00+00", Kind::timestamptz),
      plain("datetime_t", "DATETIME", "2026-11-23T09:00:00", Kind::timestamp),
      plain("timestamptz_t", "TIMESTAMPTZ", "2026-11-23T09:00:00.5", Kind::timestamptz),
      zoned("datetime_z", "2026-11-23T09:00:00Z"),
      zoned("datetime_space_z", "2026-11-23 09:00:00.5Z"),
      zoned("datetime_utc", "2026-11-23 09:00:00.123456+00:00"),
      zoned("datetime_offset", "2026-11-23 09:00:00+02:00"),
      zoned("datetime_behind", "2026-11-23T09:00:00-05:30"),
      unchanged("datetime_far_offset", "DATETIME", "2026-11-23 09:00:00+24:00", Kind::timestamp),
      unchanged("datetime_short_offset", "DATETIME", "2026-11-23 09:00:00+0200", Kind::timestamp),
      unchanged("datetime_minutes", "DATETIME", "2026-11-23 09:00", Kind::timestamp),
      unchanged("datetime_date", "DATETIME", "2026-11-23", Kind::timestamp),
      unchanged("datetime_impossible", "DATETIME", "2026-13-23 09:00:00", Kind::timestamp),
      unchanged("datetime_dot", "DATETIME", "2026-11-23 09:00:00.", Kind::timestamp),
      unchanged("datetime_long_fraction", "DATETIME", "2026-11-23 09:00:00.1234567890", Kind::timestamp),
      unchanged("text_time", "TEXT", "2026-11-23 09:00:00", Kind::text),
      unchanged("date", "DATE", "2026-11-23", Kind::text),
      {.name = "datetime_epoch",
       .type = "DATETIME",
       .literal = "1795424400",
       .kind = Kind::integer,
       .text = "1795424400",
       .described = Kind::timestamp},
      {.name = "datetime_julian",
       .type = "DATETIME",
       .literal = "2461367.875",
       .kind = Kind::real,
       .text = "2461367.875",
       .described = Kind::timestamp},
  };
}

std::vector<TypeCase> types() {
  auto all = numbers();
  for (auto& more : {texts(), times()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

Backend make_backend() {
  struct Owned {
    testing::Folder folder;
    testing::Writer writer{folder.file("shop.db")};
  };
  auto owned = std::make_shared<Owned>();
  owned->writer.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  return {
      .name = "sqlite",
      .unavailable = {},
      .reader = testing::sqlite_at(owned->folder.file("shop.db")),
      .execute = [owned](const std::string& sql) { owned->writer.execute(sql); },
      .quote =
          [](const std::string& name) {
            std::string quoted = "\"";
            for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
            return quoted + "\"";
          },
      .placeholder = [](int) { return std::string("?"); },
      .types = types(),
      .big_text_sql = "replace(hex(zeroblob(5242880)), '0', 'x')",
      .generate_rows_sql =
          "INSERT INTO {table} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
          "i < {rows}) SELECT i, 'name ' || i FROM n",
      .kill_sessions = {},
      .connect = connect_sqlite,
      .may_write = true,
      .unknown_database = testing::sqlite_at(owned->folder.file("nowhere.db")),
      .slow_sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
  };
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, Conformance, ::testing::Values(make_backend()));
INSTANTIATE_TEST_SUITE_P(Sqlite, Detection, ::testing::ValuesIn(detection_cases(make_backend())), DetectionNames());

}  // namespace vhookd::conformance
