#include "scheduler/payload/encode.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/crypto.h"
#include "core/time_text.h"

namespace vhookd {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool digits_only(std::string_view text) {
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty();
}

bool is_integer(std::string_view text) {
  return digits_only(text.starts_with('-') ? text.substr(1) : text);
}

// Receivers read JSON numbers as doubles: above 2^53-1 they would round.
bool fits_double(std::string_view integer) {
  constexpr std::string_view largest = "9007199254740991";
  const auto digits = integer.starts_with('-') ? integer.substr(1) : integer;
  return digits.size() < largest.size() || (digits.size() == largest.size() && digits <= largest);
}

// JSON's own grammar for a number, so that no database's way of printing one can break a page.
bool is_json_number(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const auto from = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i - from;
  };
  const auto first = i;
  const auto whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

void append_integer(std::string& out, std::string_view text) {
  if (is_integer(text) && fits_double(text) && is_json_number(text)) {
    out += text;
  } else {
    append_json_string(out, text);
  }
}

void append_boolean(std::string& out, std::string_view text) {
  if (text == "t" || text == "1") {
    out += "true";
  } else if (text == "f" || text == "0") {
    out += "false";
  } else {
    append_integer(out, text);  // MySQL's tinyint(1) holds any small integer; none is bent to true
  }
}

// Is `text` YYYY-MM-DD HH:MM:SS[.f…][+00][ BC] with a year of four digits or more?
struct TimestampParts {
  std::string_view year, rest;  // rest: "-MM-DD", to be followed by 'T' and time
  std::string_view time;
  bool bc = false;
};

bool split_timestamp(std::string_view text, TimestampParts& parts) {
  if (text.ends_with(" BC")) {
    parts.bc = true;
    text.remove_suffix(3);
  }
  if (text.ends_with("+00:00")) text.remove_suffix(6);
  if (text.ends_with("+00")) text.remove_suffix(3);
  const auto space = text.find_first_of(" T");
  if (space == std::string_view::npos || space < 10) return false;
  parts.year = text.substr(0, space - 6);
  parts.rest = text.substr(space - 6, 6);
  parts.time = text.substr(space + 1);
  return digits_only(parts.year) && parts.year.size() <= 9 && parts.rest[0] == '-' && parts.rest[3] == '-' &&
         digits_only(parts.rest.substr(1, 2)) && digits_only(parts.rest.substr(4)) && parts.time.size() >= 8 &&
         parts.time[2] == ':' && parts.time.find_first_not_of("0123456789:.") == std::string_view::npos;
}

// 1 BC is year 0 of ISO 8601, 44 BC is -43: the only standard spelling for them.
std::string bc_year(std::string_view year) {
  const long before_christ = std::stol(std::string(year));
  std::string digits = std::to_string(before_christ - 1);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return before_christ == 1 ? digits : "-" + digits;
}

// YYYY-MM-DD HH:MM:SS[.f…][+00], as almost every row has it: whether all stands in its place.
bool is_usual_timestamp(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00 00:00:00.000000000";
  if (text.size() < 19 || text.size() == 20 || text.size() > shape.size()) return false;
  bool same = true;
  for (std::size_t i = 0; i < text.size(); ++i)
    same = same & (shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i]);
  return same;
}

void append_usual_timestamp(std::string& out, std::string_view text, bool utc) {
  std::array<char, 40> buffer;
  buffer[0] = '"';
  std::ranges::copy(text, buffer.begin() + 1);
  buffer[11] = 'T';
  auto size = text.size() + 1;
  if (utc) buffer[size++] = 'Z';
  buffer[size++] = '"';
  out.append(buffer.data(), size);
}

// A time of a zone (SQLite keeps what was written), in UTC, its fraction as it was. False: it is none.
bool append_zoned(std::string& out, std::string_view text) {
  using std::chrono::year;
  const auto at = parse_rfc3339(text);
  if (!at) return false;
  const auto in = std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*at)).year();
  if (in < year(0) || in > year(9999)) return false;
  const auto fraction = text.substr(19, text.find_first_of("Zz+-", 19) - 19);
  out += '"';
  out += rfc3339_seconds(*at);
  out.insert(out.size() - 1, fraction);
  out += '"';
  return true;
}

void append_timestamp(std::string& out, std::string_view text, bool utc) {
  if (const auto plain = text.ends_with("+00") ? text.substr(0, text.size() - 3) : text; is_usual_timestamp(plain))
    return append_usual_timestamp(out, plain, utc);
  if (utc && append_zoned(out, text)) return;
  TimestampParts parts;
  if (!split_timestamp(text, parts)) return append_json_string(out, text);  // infinity
  out += '"';
  if (parts.bc) {
    out += bc_year(parts.year);
  } else {
    if (parts.year.size() > 4) out += '+';  // ISO 8601's mark of a year beyond 9999
    out += parts.year;
  }
  out += parts.rest;
  out += 'T';
  out += parts.time;
  if (utc) out += 'Z';
  out += '"';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void append_hex_as_base64(std::string& out, std::string_view hex) {
  if (hex.size() % 2 != 0 || std::ranges::any_of(hex, [](char c) { return hex_value(c) < 0; }))
    return append_json_string(out, hex);
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(hex_value(hex[i]) << 4 | hex_value(hex[i + 1]));
  out += '"';
  append_base64(out, bytes);
  out += '"';
}

bool is_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  const auto error = parser.parse(text.data(), text.size()).error();
  // It refuses numbers that no double or 64-bit integer holds; JSON itself does not.
  if (error == simdjson::NUMBER_ERROR) return nlohmann::json::accept(text);
  return error == simdjson::SUCCESS;
}

// Reads a PostgreSQL array literal: {1,NULL,"a\"b",{nested}}, with an optional [lower:upper]= before it.
class ArrayReader {
 public:
  ArrayReader(std::string& out, std::string_view literal, Kind element)
      : out_(out), text_(literal), element_(element) {}

  bool run() {
    if (text_.starts_with('[')) {
      const auto start = text_.find("={");
      if (start == std::string_view::npos) return false;
      at_ = start + 1;
    }
    return array(0) && at_ == text_.size();
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool array(int depth) {
    if (peek() != '{' || depth > 6) return false;  // PostgreSQL's arrays have at most six dimensions
    ++at_;
    out_ += '[';
    if (peek() == '}') {
      ++at_;
      out_ += ']';
      return true;
    }
    while (true) {
      const bool ok = peek() == '{' ? array(depth + 1) : element();
      if (!ok) return false;
      const char next = peek();
      ++at_;
      if (next == '}') break;
      if (next != ',') return false;
      out_ += ',';
    }
    out_ += ']';
    return true;
  }

  bool element() {
    std::string item;
    const bool quoted = peek() == '"';
    if (quoted) {
      ++at_;
      while (peek() != '"') {
        if (peek() == '\\') ++at_;
        if (at_ >= text_.size()) return false;
        item += text_[at_++];
      }
      ++at_;
    } else {
      while (at_ < text_.size() && peek() != ',' && peek() != '}') item += text_[at_++];
    }
    const bool null = !quoted && item == "NULL";
    std::string_view view = item;
    if (element_ == Kind::hex && view.starts_with("\\x")) view.remove_prefix(2);
    append_json(out_, {.kind = element_, .null = null, .text = view});
    return true;
  }

  std::string& out_;
  std::string_view text_;
  Kind element_;
  std::size_t at_ = 0;
};

void append_array(std::string& out, const Value& value) {
  const auto before = out.size();
  if (ArrayReader(out, value.text, value.element).run()) return;
  out.resize(before);  // no array literal after all: its text is the truth
  append_json_string(out, value.text);
}

bool is_clean(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

// How many bytes at the front need no escape. Eight at a time: (x - n) & ~x has a byte's top bit set where the byte is
// less than n, n up to 0x80. A borrow may set that of the byte above as well, which is harmless: there is one below.
std::size_t clean_bytes(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = ones << 7;
  constexpr std::uint64_t quotes = ones * '"';
  constexpr std::uint64_t slashes = ones * '\\';
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data() + i, sizeof eight);
    const auto quote = eight ^ quotes;
    const auto slash = eight ^ slashes;
    const auto found = ((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    if ((found & tops) != 0) break;
  }
  while (i < text.size() && is_clean(text[i])) ++i;
  return i;
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += hex_digits[c >> 4];
      out += hex_digits[c & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    out += R"({"$base64":")";
    append_base64(out, text);
    out += "\"}";
    return;
  }
  out += '"';
  while (true) {
    const auto clean = clean_bytes(text);
    out += text.substr(0, clean);
    if (clean == text.size()) break;
    append_escaped(out, static_cast<unsigned char>(text[clean]));
    text.remove_prefix(clean + 1);
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (value.null) {
    out += "null";
    return;
  }
  switch (value.kind) {
    case Kind::integer:
      return append_integer(out, value.text);
    case Kind::decimal:
      return append_json_string(out, value.text);
    case Kind::real:
      return is_json_number(value.text) ? void(out += value.text) : append_json_string(out, value.text);
    case Kind::boolean:
      return append_boolean(out, value.text);
    case Kind::text:
      return append_json_string(out, value.text);
    case Kind::json:  // the grammar is vouched for; a database without an encoding may still hold any bytes
      return simdjson::validate_utf8(value.text.data(), value.text.size()) ? void(out += value.text)
                                                                           : append_json_string(out, value.text);
    case Kind::loose_json:
      return is_json(value.text) ? void(out += value.text) : append_json_string(out, value.text);
    case Kind::timestamp:
      return append_timestamp(out, value.text, false);
    case Kind::timestamptz:
      return append_timestamp(out, value.text, true);
    case Kind::binary:
      out += '"';
      append_base64(out, value.text);
      out += '"';
      return;
    case Kind::hex:
      return append_hex_as_base64(out, value.text);
    case Kind::array:
      return append_array(out, value);
  }
}

RecordWriter::RecordWriter(const std::vector<std::string>& columns, std::vector<std::size_t> positions)
    : positions_(std::move(positions)) {
  for (const auto& column : columns) {
    std::string prefix = prefixes_.empty() ? "" : ",";
    // A name that is not UTF-8 (SQLite takes any) still has to be a JSON string.
    if (simdjson::validate_utf8(column.data(), column.size())) {
      append_json_string(prefix, column);
    } else {
      append_json_string(prefix, "$base64:" + base64(column));
    }
    prefix += ':';
    prefixes_.push_back(std::move(prefix));
  }
}

void RecordWriter::append(std::string& out, Row row) const {
  out += '{';
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    out += prefixes_[i];
    append_json(out, row[positions_[i]]);
  }
  out += '}';
}

}  // namespace vhookd
