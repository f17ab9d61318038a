#include "connectors/mysql/literal.h"

#include <array>
#include <charconv>
#include <cmath>

namespace vhookd::mysql {
namespace {

std::string hex_literal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "X'";
  out.reserve(bytes.size() * 2 + 3);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  out += '\'';
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::unexpected<Error> refuse(std::string_view what, std::string_view text) {
  return fail(Recourse::give_up, "cannot bind " + std::string(text.substr(0, 80)) + " as " + std::string(what));
}

// -?[0-9]+, and with `fraction` also a point and digits. Beyond 65 digits MySQL would make it a double.
Result<std::string> exact_number(std::string_view text, bool fraction) {
  std::string_view rest = text;
  if (rest.starts_with('-')) rest.remove_prefix(1);
  std::size_t digits = 0;
  std::size_t points = 0;
  for (const char c : rest) {
    if (is_digit(c)) {
      ++digits;
    } else if (c == '.' && fraction && digits > 0) {
      ++points;
    } else {
      return refuse("a number", text);
    }
  }
  if (digits == 0 || digits > 65 || points > 1 || !is_digit(rest.back())) return refuse("a number", text);
  return std::string(text);
}

// With an exponent always: 0.1 alone would be a DECIMAL.
Result<std::string> double_literal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return refuse("a floating point number", text);
  }
  std::array<char, 32> out{};
  const auto printed = std::to_chars(out.data(), out.data() + out.size(), value, std::chars_format::scientific);
  return std::string(out.data(), printed.ptr);
}

// A timestamp in UTC: the session's zone is UTC, and MySQL before 8.0.19 and MariaDB take no offset.
std::string_view without_offset(std::string_view text) {
  for (const std::string_view offset : {"+00:00", "+00", "Z"}) {
    if (text.ends_with(offset)) return text.substr(0, text.size() - offset.size());
  }
  return text;
}

Result<std::string> hex_digits(std::string_view text) {
  if (text.size() % 2 != 0 || text.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
    return refuse("hex digits", text);
  }
  return "X'" + std::string(text) + "'";
}

}  // namespace

std::string text_literal(std::string_view text) {
  return "_utf8mb4 " + hex_literal(text);
}

Result<std::string> literal(const Param& param) {
  if (param.null) return "NULL";
  switch (param.kind) {
    case Kind::integer:
      return exact_number(param.text, false);
    case Kind::decimal:
      return exact_number(param.text, true);
    case Kind::real:
      return double_literal(param.text);
    case Kind::boolean:
      if (param.text == "t") return "1";
      if (param.text == "f") return "0";
      return exact_number(param.text, false);
    case Kind::timestamptz:
      return text_literal(without_offset(param.text));
    case Kind::binary:
      return hex_literal(param.text);
    case Kind::hex:
      return hex_digits(param.text);
    case Kind::text:
    case Kind::json:
    case Kind::loose_json:
    case Kind::timestamp:
    case Kind::array:
      return text_literal(param.text);
  }
  return refuse("a value of no known kind", "it");
}

}  // namespace vhookd::mysql
