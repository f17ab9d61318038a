#include "connectors/mysql/types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace vhookd::mysql {
namespace {

constexpr std::array<std::string_view, 7> integers = {"tinyint", "smallint", "mediumint", "int",
                                                      "integer", "bigint",   "year"};
constexpr std::array<std::string_view, 7> binaries = {"binary",     "varbinary", "tinyblob", "blob",
                                                      "mediumblob", "longblob",  "vector"};
constexpr std::array<std::string_view, 10> geometries = {
    "geometry",     "point",          "linestring",         "polygon", "multipoint", "multilinestring",
    "multipolygon", "geomcollection", "geometrycollection", "curve"};

bool among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

template <class Float>
std::string_view reprinted(std::string_view text, std::string& buffer) {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return text;
  std::array<char, 64> out{};
  const auto printed = std::to_chars(out.data(), out.data() + out.size(), static_cast<Float>(value));
  buffer.assign(out.data(), printed.ptr);
  return buffer;
}

std::string_view without_leading_zeros(std::string_view text) {
  while (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') text.remove_prefix(1);
  return text;
}

}  // namespace

Column column_of(std::string name, const std::string& data_type, const std::string& declared, bool json_checked) {
  Column column;
  column.name = std::move(name);
  column.declared = declared;
  if (declared == "tinyint(1)") {
    column.kind = Kind::boolean;
  } else if (among(integers, data_type)) {
    column.kind = Kind::integer;
  } else if (data_type == "decimal" || data_type == "numeric") {
    column.kind = Kind::decimal;
  } else if (data_type == "float") {
    column.kind = Kind::real;
    column.select_as = "{}*1e0";  // on its own it prints six digits; a sum would lose the sign of -0
  } else if (data_type == "double" || data_type == "real") {
    column.kind = Kind::real;
  } else if (data_type == "bit") {
    const std::string width = declared.substr(4, declared.find(')') - 4);
    column.select_as = "LPAD(BIN({})," + width + ",'0')";
  } else if (data_type == "datetime") {
    column.kind = Kind::timestamp;
  } else if (data_type == "timestamp") {
    column.kind = Kind::timestamptz;
  } else if (data_type == "json") {
    column.kind = Kind::json;
  } else if (data_type == "longtext" && json_checked) {
    column.kind = Kind::loose_json;
  } else if (among(binaries, data_type)) {
    column.kind = Kind::binary;
  } else if (among(geometries, data_type)) {
    column.kind = Kind::binary;
    column.select_as = "ST_AsWKB({})";
  }
  return column;
}

Shape shape_of(const Column& column) {
  const std::string& declared = column.declared;
  if (declared.starts_with("float")) return {column.kind, Form::float32};
  if (column.kind == Kind::real && declared.find('(') != std::string::npos) return {column.kind, Form::float64};
  if (declared.find("zerofill") == std::string::npos && !declared.starts_with("year")) return {column.kind};
  return {column.kind, column.kind == Kind::real ? Form::float64 : Form::digits};
}

Shape shape_of_type(std::string_view type_name) {
  const bool padded = type_name.ends_with("ZEROFILL");
  if (type_name.starts_with("DECIMAL")) return {Kind::decimal, padded ? Form::digits : Form::as_it_came};
  if (type_name.starts_with("FLOAT") || type_name.starts_with("DOUBLE")) {
    return {Kind::real, padded ? Form::float64 : Form::as_it_came};
  }
  if (type_name == "YEAR") return {Kind::integer, Form::digits};
  if (type_name == "BIT" || type_name.find("INT") != std::string_view::npos) {
    return {Kind::integer, padded ? Form::digits : Form::as_it_came};
  }
  if (type_name == "DATETIME") return {Kind::timestamp};
  if (type_name == "TIMESTAMP") return {Kind::timestamptz};
  if (type_name == "JSON") return {Kind::json};
  if (type_name.ends_with("BLOB") || type_name.ends_with("BINARY") || type_name == "GEOMETRY") return {Kind::binary};
  return {Kind::text};
}

std::string_view formed(Form form, std::string_view text, std::string& buffer) {
  switch (form) {
    case Form::digits:
      return without_leading_zeros(text);
    case Form::float32:
      return reprinted<float>(text, buffer);
    case Form::float64:
      return reprinted<double>(text, buffer);
    case Form::as_it_came:
      break;
  }
  return text;
}

}  // namespace vhookd::mysql
