#include "tests/connectors/document_values.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/key.h"
#include "core/time_text.h"

namespace vhookd::testing {

namespace {

constexpr auto date_field = "$date";

enum class Class { null, number, boolean, time, text };  // in their order

Class class_of(const Param& value) {
  if (value.null) return Class::null;
  switch (value.kind) {
    case Kind::integer:
    case Kind::decimal:
    case Kind::real:
      return Class::number;
    case Kind::boolean:
      return Class::boolean;
    case Kind::timestamp:
    case Kind::timestamptz:
      return Class::time;
    default:
      return Class::text;
  }
}

int sign(auto order) {
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

int compare_numbers(const Param& a, const Param& b) {
  if (a.kind != Kind::integer || b.kind != Kind::integer)
    return sign(std::strtod(a.text.c_str(), nullptr) <=> std::strtod(b.text.c_str(), nullptr));
  std::string left;
  std::string right;
  append_key(left, view(a));
  append_key(right, view(b));
  return sign(left <=> right);
}

// `_` stands for one byte, `%` for any number of them.
bool is_like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (std::size_t skipped = 0; skipped <= text.size(); ++skipped)
      if (is_like(text.substr(skipped), pattern.substr(1))) return true;
    return false;
  }
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) && is_like(text.substr(1), pattern.substr(1));
}

}  // namespace

Document date(Instant at) {
  return Document::object({{date_field, at.time_since_epoch().count()}});
}

Kind kind_of(const Document& value) {
  if (value.is_boolean()) return Kind::boolean;
  if (value.is_number_integer()) return Kind::integer;
  if (value.is_number()) return Kind::real;
  if (value.is_object() && value.size() == 1 && value.contains(date_field)) return Kind::timestamptz;
  return value.is_structured() ? Kind::json : Kind::text;
}

Param time_cell(Instant at) {
  auto text = rfc3339(at);
  text.pop_back();
  text[10] = ' ';
  return {.kind = Kind::timestamptz, .null = false, .text = std::move(text)};
}

Param cell_of(const Document& document, const std::string& field) {
  const auto at = document.find(field);
  if (at == document.end() || at->is_null()) return {.kind = Kind::text, .null = true, .text = {}};
  const auto kind = kind_of(*at);
  if (kind == Kind::timestamptz) return time_cell(Instant(Micros(at->at(date_field).get<std::int64_t>())));
  if (kind == Kind::boolean) return {.kind = kind, .null = false, .text = at->get<bool>() ? "t" : "f"};
  if (kind == Kind::text) return {.kind = kind, .null = false, .text = at->get<std::string>()};
  return {.kind = kind, .null = false, .text = at->dump()};
}

Value view(const Param& cell) {
  return {.kind = cell.kind, .element = Kind::text, .null = cell.null, .text = cell.text};
}

int compare(const Param& a, const Param& b) {
  auto left = class_of(a);
  auto right = class_of(b);
  if ((left == Class::time && right == Class::text) || (left == Class::text && right == Class::time)) {
    const bool is_time = parse_time(left == Class::text ? a.text : b.text).has_value();
    left = right = is_time ? Class::time : Class::text;
  }
  if (left != right) return sign(left <=> right);
  if (left == Class::null) return 0;
  if (left == Class::number) return compare_numbers(a, b);
  if (left == Class::time) return sign(*parse_time(a.text) <=> *parse_time(b.text));
  return sign(a.text <=> b.text);
}

bool matches(const Param& cell, const Filter& filter) {
  if (filter.op == Op::is_null) return cell.null == (filter.values.at(0).text == "t");
  if (cell.null) return false;
  const auto is_equal = [&](const Param& value) { return compare(cell, value) == 0; };
  const auto order = filter.values.empty() ? 0 : compare(cell, filter.values[0]);
  switch (filter.op) {
    case Op::eq:
    case Op::in:
      return std::ranges::any_of(filter.values, is_equal);
    case Op::ne:
    case Op::not_in:
      return std::ranges::none_of(filter.values, is_equal);
    case Op::gt:
      return order > 0;
    case Op::gte:
      return order >= 0;
    case Op::lt:
      return order < 0;
    case Op::lte:
      return order <= 0;
    case Op::like:
      return is_like(cell.text, filter.values.at(0).text);
    case Op::is_null:
      break;
  }
  return false;
}

}  // namespace vhookd::testing
