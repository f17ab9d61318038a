#include "connectors/sqlite/types.h"

#include <algorithm>
#include <string>

namespace vhookd::sqlite {

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool digits_in(std::string_view text, int least, int most) {
  if (!std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return false;
  const auto value = std::stoi("0" + std::string(text));
  return value >= least && value <= most;
}

// YYYY-MM-DD HH:MM:SS, what may follow aside; most programs write a T between the two.
bool is_date_and_time(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00 00:00:00";
  if (text.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != '0' && text[i] != shape[i] && (shape[i] != ' ' || text[i] != 'T')) return false;
  return digits_in(text.substr(0, 4), 0, 9999) && digits_in(text.substr(5, 2), 1, 12) &&
         digits_in(text.substr(8, 2), 1, 31) && digits_in(text.substr(11, 2), 0, 23) &&
         digits_in(text.substr(14, 2), 0, 59) && digits_in(text.substr(17, 2), 0, 59);
}

// .f to .fffffffff
bool is_fraction(std::string_view text) {
  return text.size() >= 2 && text.size() <= 10 && text[0] == '.' && digits_in(text.substr(1), 0, 999'999'999);
}

// Z, +00, +hh:mm or -hh:mm
bool is_zone(std::string_view text) {
  if (text == "Z" || text == "+00") return true;
  return text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':' &&
         digits_in(text.substr(1, 2), 0, 23) && digits_in(text.substr(4), 0, 59);
}

}  // namespace

Declared declared_as(std::string_view type) {
  const auto name = upper(type);
  const auto word = name.substr(0, name.find_first_of(" ("));
  if (word == "BOOL" || word == "BOOLEAN") return Declared::boolean;
  if (word == "DECIMAL" || word == "DEC" || word == "NUMERIC") return Declared::decimal;
  if (word == "JSON" || word == "JSONB") return Declared::json;
  const auto zoned = word == "TIMESTAMPTZ" || word == "DATETIMEOFFSET" || contains(name, " WITH TIME ZONE") ||
                     contains(name, " WITH LOCAL TIME ZONE");
  if (word.starts_with("TIMESTAMP") || word.starts_with("DATETIME"))
    return zoned ? Declared::timestamptz : Declared::timestamp;
  return Declared::other;
}

Kind kind_of(std::string_view type) {
  switch (declared_as(type)) {
    case Declared::boolean:
      return Kind::boolean;
    case Declared::decimal:
      return Kind::decimal;
    case Declared::json:
      return Kind::loose_json;
    case Declared::timestamp:
      return Kind::timestamp;
    case Declared::timestamptz:
      return Kind::timestamptz;
    case Declared::other:
      break;
  }
  // The order of the rules by which SQLite finds the affinity (datatype3.html, section 3.1).
  const auto name = upper(type);
  if (contains(name, "INT")) return Kind::integer;
  if (contains(name, "CHAR") || contains(name, "CLOB") || contains(name, "TEXT")) return Kind::text;
  if (contains(name, "BLOB")) return Kind::binary;
  if (contains(name, "REAL") || contains(name, "FLOA") || contains(name, "DOUB")) return Kind::real;
  return Kind::text;  // UUID, DATE, no type at all: anything
}

Kind kind_of_text(Declared declared, std::string_view text) {
  if (declared == Declared::json) return Kind::loose_json;
  if (declared != Declared::timestamp && declared != Declared::timestamptz) return Kind::text;
  if (!is_date_and_time(text)) return Kind::text;
  const auto rest = text.substr(19);
  const auto zone_at = std::min(rest.find_first_of("Z+-"), rest.size());
  if (const auto fraction = rest.substr(0, zone_at); !fraction.empty() && !is_fraction(fraction)) return Kind::text;
  if (const auto zone = rest.substr(zone_at); !zone.empty()) return is_zone(zone) ? Kind::timestamptz : Kind::text;
  return declared == Declared::timestamptz ? Kind::timestamptz : Kind::timestamp;
}

}  // namespace vhookd::sqlite
