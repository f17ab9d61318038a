// Every type of PostgreSQL that a table is likely to have, and how it arrives.
#include "tests/connectors/postgres_backend.h"

namespace vhookd::testing {
namespace {

using conformance::TypeCase;
using enum Kind;

TypeCase of(const char* name, const char* type, std::string literal, Kind kind, std::string text) {
  return {.name = name, .type = type, .literal = std::move(literal), .kind = kind, .text = std::move(text)};
}

TypeCase array_of(const char* name, const char* type, std::string literal, Kind element, std::string text) {
  auto made = of(name, type, std::move(literal), Kind::array, std::move(text));
  made.element = element;
  made.finds_itself = element != json;  // json has no equality
  return made;
}

// Found again by what was handed over: for kinds the suite itself doesn't try.
TypeCase found(TypeCase made) {
  made.finds_itself = true;
  return made;
}

std::vector<TypeCase> numbers() {
  return {
      of("int2_min", "int2", "-32768", integer, "-32768"),
      of("int4_max", "int4", "2147483647", integer, "2147483647"),
      of("int8_max", "int8", "9223372036854775807", integer, "9223372036854775807"),
      of("int8_min", "int8", "'-9223372036854775808'", integer, "-9223372036854775808"),
      of("serial", "serial", "7", integer, "7"),
      of("oid", "oid", "4294967295", integer, "4294967295"),
      of("numeric_60_digits", "numeric", "123456789012345678901234567890.123456789012345678901234567890", decimal,
         "123456789012345678901234567890.123456789012345678901234567890"),
      of("numeric_scale_kept", "numeric(20,4)", "12.5", decimal, "12.5000"),
      of("numeric_no_exponent", "numeric", "1e40", decimal, "1" + std::string(40, '0')),
      of("numeric_tiny", "numeric", "-1e-20", decimal, "-0.00000000000000000001"),
      of("numeric_nan", "numeric", "'NaN'", decimal, "NaN"),
      found(of("float8_third", "float8", "1.0/3", real, "0.3333333333333333")),
      found(of("float8_sum", "float8", "0.1::float8 + 0.2::float8", real, "0.30000000000000004")),
      found(of("float8_max", "float8", "1.7976931348623157e308", real, "1.7976931348623157e+308")),
      found(of("float8_denormal", "float8", "'4.9406564584124654e-324'", real, "5e-324")),
      found(of("float8_negative_zero", "float8", "'-0'", real, "-0")),
      found(of("float8_nan", "float8", "'NaN'", real, "NaN")),
      found(of("float8_infinity", "float8", "'Infinity'", real, "Infinity")),
      found(of("float8_minus_infinity", "float8", "'-Infinity'", real, "-Infinity")),
      found(of("float4_tenth", "float4", "0.1", real, "0.1")),
      found(of("float4_max", "float4", "'3.4028235e38'", real, "3.4028235e+38")),
      of("boolean_true", "boolean", "true", boolean, "t"),
      of("boolean_false", "boolean", "false", boolean, "f"),
      found(of("money", "money", "1234567.5", text, "$1,234,567.50")),
  };
}

std::vector<TypeCase> texts() {
  return {
      found(of("text_empty", "text", "''", text, "")),
      {.name = "text_null", .type = "text", .literal = "NULL", .text = {}, .null = true},
      found(of("text_quotes", "text", R"('it''s "quoted" \ back')", text, R"(it's "quoted" \ back)")),
      found(of("text_lines", "text", "E'a\\nb\\r\\n\\tc\\001'", text, "a\nb\r\n\tc\x01")),
      found(of("text_emoji", "text", "'☃ 😀 é e\u0301'", text, "☃ 😀 é e\u0301")),
      found(of("varchar", "varchar(10)", "'ab '", text, "ab ")),
      found(of("char_padded", "char(5)", "'ab'", text, "ab   ")),
      found(of("name", "name", "'a name'", text, "a name")),
      found(of("one_char", "\"char\"", "'x'", text, "x")),
      found(of("uuid", "uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", text, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
      found(of("inet", "inet", "'192.168.0.1/24'", text, "192.168.0.1/24")),
      found(of("inet_six", "inet", "'2001:DB8::1'", text, "2001:db8::1")),
      found(of("cidr", "cidr", "'10.0.0.0/8'", text, "10.0.0.0/8")),
      found(of("macaddr", "macaddr", "'08-00-2B-01-02-03'", text, "08:00:2b:01:02:03")),
      found(of("bit", "bit(4)", "B'0101'", text, "0101")),
      found(of("varbit", "varbit", "B'01'", text, "01")),
      of("xml", "xml", "'<a b=\"c\">d</a>'", text, "<a b=\"c\">d</a>"),
      found(of("tsvector", "tsvector", "'fat cat'", text, "'cat' 'fat'")),
      of("point", "point", "'(1,2.5)'", text, "(1,2.5)"),
      of("pg_lsn", "pg_lsn", "'16/B374D848'", text, "16/B374D848"),
      found(of("int4range", "int4range", "'[1,5]'", text, "[1,6)")),
      found(of("tstzrange", "tstzrange", "'[2026-01-01 00:00+02,)'", text, "[\"2025-12-31 22:00:00+00\",)")),
      of("vector_of_oids", "oidvector", "'1 2'", text, "1 2"),
      of("json_kept_as_written", "json", R"('{"b": 1,  "a":[null]}')", json, R"({"b": 1,  "a":[null]})"),
      of("jsonb", "jsonb", R"('{"b": 1.50,  "a":"\u00e9"}')", json, R"({"a": "é", "b": 1.50})"),
      of("jsonb_null", "jsonb", "'null'", json, "null"),
      of("bytea", "bytea", "'\\x00ff5c27'", hex, "00ff5c27"),
      of("bytea_empty", "bytea", "''", hex, ""),
  };
}

std::vector<TypeCase> times() {
  return {
      of("timestamp_micros", "timestamp", "'2026-11-23 09:00:00.123456'", timestamp, "2026-11-23 09:00:00.123456"),
      of("timestamp_whole", "timestamp", "'2026-11-23 09:00:00'", timestamp, "2026-11-23 09:00:00"),
      of("timestamp_trailing_zero", "timestamp", "'2026-11-23 09:00:00.5'", timestamp, "2026-11-23 09:00:00.5"),
      of("timestamp_zero_scale", "timestamp(0)", "'2026-11-23 09:00:00.5'", timestamp, "2026-11-23 09:00:01"),
      of("timestamp_bc", "timestamp", "'0044-03-15 12:00:00 BC'", timestamp, "0044-03-15 12:00:00 BC"),
      of("timestamp_9999", "timestamp", "'9999-12-31 23:59:59.999999'", timestamp, "9999-12-31 23:59:59.999999"),
      of("timestamp_beyond", "timestamp", "'294276-12-31 23:59:59'", timestamp, "294276-12-31 23:59:59"),
      of("timestamp_infinity", "timestamp", "'infinity'", timestamp, "infinity"),
      of("timestamptz_micros", "timestamptz", "'2026-11-23 11:00:00.123456+02'", timestamptz,
         "2026-11-23 09:00:00.123456+00"),
      of("timestamptz_bc", "timestamptz", "'0044-03-15 12:00:00+00 BC'", timestamptz, "0044-03-15 12:00:00+00 BC"),
      of("timestamptz_minus_infinity", "timestamptz", "'-infinity'", timestamptz, "-infinity"),
      found(of("date", "date", "'2026-11-23'", text, "2026-11-23")),
      found(of("date_bc", "date", "'0044-03-15 BC'", text, "0044-03-15 BC")),
      found(of("time", "time", "'09:00:00.000001'", text, "09:00:00.000001")),
      found(of("time_24", "time", "'24:00'", text, "24:00:00")),
      found(of("timetz", "timetz", "'09:00:00+02'", text, "09:00:00+02")),
      found(of("interval", "interval", "'1 year 2 mons -3 days 04:05:06.789'", text,
               "1 year 2 mons -3 days +04:05:06.789")),
  };
}

std::vector<TypeCase> arrays() {
  return {
      array_of("ints", "int[]", "ARRAY[1,NULL,-3]", integer, "{1,NULL,-3}"),
      array_of("ints_none", "int[]", "'{}'", integer, "{}"),
      array_of("ints_nested", "int[]", "ARRAY[[1,2],[3,4]]", integer, "{{1,2},{3,4}}"),
      array_of("ints_from_zero", "int[]", "'[0:1]={7,8}'", integer, "[0:1]={7,8}"),
      array_of("texts", "text[]", R"(ARRAY['a','','NULL',NULL,'b,"c"\','{x}','d e'])", text,
               R"({a,"","NULL",NULL,"b,\"c\"\\","{x}","d e"})"),
      array_of("numerics", "numeric(10,2)[]", "ARRAY[1.5,'NaN']", decimal, "{1.50,NaN}"),
      array_of("floats", "float8[]", "'{0.1,-Infinity}'", real, "{0.1,-Infinity}"),
      array_of("booleans", "boolean[]", "ARRAY[true,false]", boolean, "{t,f}"),
      array_of("timestamptzs", "timestamptz[]", "ARRAY['2026-11-23 11:00+02'::timestamptz]", timestamptz,
               R"({"2026-11-23 09:00:00+00"})"),
      array_of("byteas", "bytea[]", "ARRAY['\\x00ff'::bytea,'']", hex, R"({"\\x00ff","\\x"})"),
      array_of("jsonbs", "jsonb[]", R"(ARRAY['{"a":1}'::jsonb])", json, R"({"{\"a\": 1}"})"),
      array_of("uuids", "uuid[]", "ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid]", text,
               "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"),
      of("boxes_have_another_delimiter", "box[]", "ARRAY['(1,1),(0,0)'::box,'(3,3),(2,2)'::box]", text,
         "{(1,1),(0,0);(3,3),(2,2)}"),
  };
}

std::vector<TypeCase> own_types(PostgresServer& server) {
  server.execute(R"(
    CREATE TYPE mood AS ENUM ('sad', 'so "so"', 'ok');
    CREATE DOMAIN cents AS bigint CHECK (VALUE >= 0);
    CREATE DOMAIN price AS cents;
    CREATE DOMAIN tags AS text[];
    CREATE DOMAIN raw AS bytea;
    CREATE TYPE pair AS (a int, b text);)");
  std::vector<TypeCase> cases = {
      found(of("enum_quoted", "mood", R"('so "so"')", text, R"(so "so")")),
      array_of("enums", "mood[]", R"(ARRAY['ok','so "so"']::mood[])", text, R"({ok,"so \"so\""})"),
      of("domain_of_domain", "price", "12", integer, "12"),
      array_of("domain_over_array", "tags", "ARRAY['a']", text, "{a}"),
      of("domain_over_bytea", "raw", "'\\xab'", hex, "ab"),
      array_of("array_of_domains", "price[]", "ARRAY[1]", integer, "{1}"),
      array_of("array_of_array_domains", "tags[]", "ARRAY[ARRAY['a','b']::tags]", text, R"({"{a,b}"})"),
      of("composite", "pair", "ROW(1, 'x,y')::pair", text, "(1,\"x,y\")"),
  };
  if (server.version() >= 14) {
    cases.push_back(of("numeric_infinity", "numeric", "'-Infinity'", decimal, "-Infinity"));
    cases.push_back(found(of("int4multirange", "int4multirange", "'{[1,3),[5,6)}'", text, "{[1,3),[5,6)}")));
  }
  if (server.has_extension("citext")) {
    cases.push_back(found(of("citext", "citext", "'AbC'", text, "AbC")));
    cases.push_back(array_of("citexts", "citext[]", "ARRAY['AbC']::citext[]", text, "{AbC}"));
  }
  if (server.has_extension("hstore")) cases.push_back(of("hstore", "hstore", "'a=>1'", text, R"("a"=>"1")"));
  return cases;
}

}  // namespace

std::vector<TypeCase> postgres_types(PostgresServer& server) {
  std::vector<TypeCase> all;
  for (auto cases : {numbers(), texts(), times(), arrays(), own_types(server)})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

}  // namespace vhookd::testing
