// Every type of MySQL and MariaDB, to its limits.
#include "tests/connectors/mysql_backend.h"

namespace vhookd::testing {
namespace {

using conformance::TypeCase;

// What is compared exactly though its kind does not say so.
TypeCase found(TypeCase type) {
  type.finds_itself = true;
  return type;
}
TypeCase not_found(TypeCase type) {
  type.finds_itself = false;
  return type;
}

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (const int byte : list) out += static_cast<char>(byte);
  return out;
}

const std::string point_wkb = bytes({1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40});

std::vector<TypeCase> numbers() {
  const std::string nines35(35, '9');
  const std::string nines30(30, '9');
  return {
      {"bool_true", "boolean", "true", Kind::boolean, "1"},
      {"bool_false", "tinyint(1)", "0", Kind::boolean, "0"},
      {"bool_five", "tinyint(1)", "5", Kind::boolean, "5"},
      {"tinyint_min", "tinyint", "-128", Kind::integer, "-128"},
      {"tinyint_unsigned_max", "tinyint unsigned", "255", Kind::integer, "255"},
      {"smallint_min", "smallint", "-32768", Kind::integer, "-32768"},
      {"mediumint_max", "mediumint unsigned", "16777215", Kind::integer, "16777215"},
      {"int_min", "int", "-2147483648", Kind::integer, "-2147483648"},
      {"int_unsigned_max", "int unsigned", "4294967295", Kind::integer, "4294967295"},
      {"int_zerofill", "int(6) zerofill", "42", Kind::integer, "42"},
      {"int_zerofill_zero", "int(6) zerofill", "0", Kind::integer, "0"},
      {"bigint_min", "bigint", "-9223372036854775808", Kind::integer, "-9223372036854775808"},
      {"bigint_max", "bigint", "9223372036854775807", Kind::integer, "9223372036854775807"},
      {"bigint_past_double", "bigint", "9007199254740993", Kind::integer, "9007199254740993"},
      {"bigint_unsigned_max", "bigint unsigned", "18446744073709551615", Kind::integer, "18446744073709551615"},
      {"year_last", "year", "2155", Kind::integer, "2155"},
      {"year_zero", "year", "0", Kind::integer, "0"},
      {"decimal_65_30", "decimal(65,30)", nines35 + "." + nines30, Kind::decimal, nines35 + "." + nines30},
      {"decimal_65_30_min", "decimal(65,30)", "-" + nines35 + "." + nines30, Kind::decimal,
       "-" + nines35 + "." + nines30},
      {"decimal_65_0", "decimal(65,0)", nines35 + nines30, Kind::decimal, nines35 + nines30},
      {"decimal_keeps_zeros", "decimal(10,2)", "12.5", Kind::decimal, "12.50"},
      {"decimal_tiny", "decimal(30,30)", "0.000000000000000000000000000001", Kind::decimal,
       "0.000000000000000000000000000001"},
      {"decimal_zerofill", "decimal(10,2) zerofill", "12.5", Kind::decimal, "12.50"},
      {"float_past_six_digits", "float", "16777216", Kind::real, "16777216"},
      {"float_tenth", "float", "0.1", Kind::real, "0.1"},
      {"float_max", "float", "3.4028234663852886e38", Kind::real, "3.4028235e+38"},
      {"float_small", "float", "-1.17549435e-38", Kind::real, "-1.1754944e-38"},
      {"float_with_scale", "float(9,3)", "1.1", Kind::real, "1.1"},
      {"double_tenth", "double", "0.1", Kind::real, "0.1"},
      {"double_third", "double", "1/3e0", Kind::real, "0.3333333333333333"},
      {"double_sum", "double", "0.1e0+0.2e0", Kind::real, "0.30000000000000004"},
      {"double_1e308", "double", "1e308", Kind::real, "1e308"},
      {"double_max", "double", "1.7976931348623157e308", Kind::real, "1.7976931348623157e308"},
      {"double_least", "double", "5e-324", Kind::real, "5e-324"},
      {"double_whole", "double", "100000", Kind::real, "100000"},
      {"double_with_scale", "double(10,2)", "1.5", Kind::real, "1.5"},
      {"double_zerofill", "double(10,2) zerofill", "1.5", Kind::real, "1.5"},
      {"bit_1", "bit(1)", "b'1'", Kind::text, "1"},
      {"bit_10", "bit(10)", "b'101'", Kind::text, "0000000101"},
      {"bit_64", "bit(64)", "b'" + std::string(64, '1') + "'", Kind::text, std::string(64, '1')},
      {"bit_64_zero", "bit(64)", "0", Kind::text, std::string(64, '0')},
  };
}

std::vector<TypeCase> texts() {
  const std::string tricky = "it's \"q\" \\ \x01 ☃ 😀 \n";
  return {
      found({"char_loses_padding", "char(10)", "'ab'", Kind::text, "ab"}),
      found({"varchar_keeps_spaces", "varchar(10)", "'ab  '", Kind::text, "ab  "}),
      {"varchar_empty", "varchar(10)", "''", Kind::text, ""},
      {"varchar_null", "varchar(10)", "NULL", Kind::text, "", true},
      found({"varchar_tricky", "varchar(100)",
             R"('it\'s "q" \\ )"
             "\x01"
             R"( ☃ 😀 \n')",
             Kind::text, tricky}),
      found({"text_with_nul", "text", "'a\\0b'", Kind::text, std::string("a\0b", 3)}),
      found({"latin1", "varchar(20) character set latin1", "'Käse €'", Kind::text, "Käse €"}),
      found({"utf8mb3", "varchar(20) character set utf8mb3", "'Käse ☃'", Kind::text, "Käse ☃"}),
      {"ucs2", "varchar(20) character set ucs2", "'Käse ☃'", Kind::text, "Käse ☃"},
      found({"ascii", "varchar(20) character set ascii", "'plain'", Kind::text, "plain"}),
      found({"general_ci", "varchar(20) collate utf8mb4_general_ci", "'Käse 😀'", Kind::text, "Käse 😀"}),
      {"tinytext", "tinytext", "'t'", Kind::text, "t"},
      {"longtext", "longtext", "'{\"no\": \"json\"}'", Kind::text, "{\"no\": \"json\"}"},
      found({"enum", "enum('a','it''s','ü')", "'it''s'", Kind::text, "it's"}),
      {"enum_invalid", "enum('a','b')", "'c'", Kind::text, ""},
      found({"set", "set('a','b','c')", "'c,a'", Kind::text, "a,c"}),
      found({"date", "date", "'2026-11-23'", Kind::text, "2026-11-23"}),
      {"date_zero", "date", "'0000-00-00'", Kind::text, "0000-00-00"},
      found({"date_9999", "date", "'9999-12-31'", Kind::text, "9999-12-31"}),
      found({"time_negative", "time", "'-838:59:59'", Kind::text, "-838:59:59"}),
      found({"time_6", "time(6)", "'01:02:03.000004'", Kind::text, "01:02:03.000004"}),
      {"datetime", "datetime", "'2026-11-23 09:00:00'", Kind::timestamp, "2026-11-23 09:00:00"},
      {"datetime_6", "datetime(6)", "'2026-11-23 09:00:00.123456'", Kind::timestamp, "2026-11-23 09:00:00.123456"},
      {"datetime_3", "datetime(3)", "'2026-11-23 09:00:00.120'", Kind::timestamp, "2026-11-23 09:00:00.120"},
      {"datetime_9999", "datetime(6)", "'9999-12-31 23:59:59.999999'", Kind::timestamp, "9999-12-31 23:59:59.999999"},
      {"datetime_zero", "datetime", "'0000-00-00 00:00:00'", Kind::timestamp, "0000-00-00 00:00:00"},
      {"timestamp", "timestamp null", "'2026-11-23 09:00:00'", Kind::timestamptz, "2026-11-23 09:00:00"},
      {"timestamp_6", "timestamp(6) null", "'2038-01-19 03:14:07.999999'", Kind::timestamptz,
       "2038-01-19 03:14:07.999999"},
      {"timestamp_zero", "timestamp null", "'0000-00-00 00:00:00'", Kind::timestamptz, "0000-00-00 00:00:00"},
  };
}

std::vector<TypeCase> binaries() {
  std::string all;
  std::string hex;
  for (int i = 0; i < 256; ++i) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    all += static_cast<char>(i);
    hex += digits[static_cast<std::size_t>(i) / 16];
    hex += digits[static_cast<std::size_t>(i) % 16];
  }
  return {
      {"binary_padded", "binary(6)", "X'00FF5C27'", Kind::binary, bytes({0, 0xff, 0x5c, 0x27, 0, 0})},
      {"varbinary_all_bytes", "varbinary(300)", "X'" + hex + "'", Kind::binary, all},
      {"varbinary_empty", "varbinary(10)", "''", Kind::binary, ""},
      {"blob", "blob", "X'00FF5C27'", Kind::binary, bytes({0, 0xff, 0x5c, 0x27})},
      {"longblob", "longblob", "X'80'", Kind::binary, bytes({0x80})},
      {"blob_null", "blob", "NULL", Kind::binary, "", true},
      not_found({"geometry", "geometry", "ST_GeomFromText('POINT(1 2)')", Kind::binary, point_wkb}),
      not_found({"point", "point", "ST_GeomFromText('POINT(1 2)')", Kind::binary, point_wkb}),
  };
}

std::vector<TypeCase> of_mariadb() {
  return {
      {"json", "json", R"('{"a": 1, "b":[]}')", Kind::loose_json, R"({"a": 1, "b":[]})"},
      {"json_by_check", "longtext check (json_valid(v))", "'[]'", Kind::loose_json, "[]"},
      {"json_null", "json", "'null'", Kind::loose_json, "null"},
      found({"uuid", "uuid", "'123e4567-e89b-12d3-a456-426655440000'", Kind::text,
             "123e4567-e89b-12d3-a456-426655440000"}),
      found({"inet6", "inet6", "'2001:db8::ff00:42:8329'", Kind::text, "2001:db8::ff00:42:8329"}),
      found({"inet4", "inet4", "'192.0.2.7'", Kind::text, "192.0.2.7"}),
  };
}

std::vector<TypeCase> of_mysql() {
  return {
      {"float_minus_zero", "float", "-0e0", Kind::real, "-0"},  // MariaDB keeps none
      {"double_minus_zero", "double", "-0e0", Kind::real, "-0"},
      {"json", "json", R"('{"b":[], "a": 1.0}')", Kind::json, R"({"a": 1.0, "b": []})"},
      {"json_text", "json", R"('"😀"')", Kind::json, "\"😀\""},
      {"json_null", "json", "'null'", Kind::json, "null"},
      not_found({"vector", "vector(2)", "TO_VECTOR('[1,2]')", Kind::binary, bytes({0, 0, 0x80, 0x3f, 0, 0, 0, 0x40})}),
  };
}

}  // namespace

std::vector<TypeCase> mysql_types(bool mariadb) {
  std::vector<TypeCase> all = numbers();
  for (const auto& part : {texts(), binaries(), mariadb ? of_mariadb() : of_mysql()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace vhookd::testing
