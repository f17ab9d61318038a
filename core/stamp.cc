#include "core/stamp.h"

#include <charconv>
#include <string>

#include "core/time_text.h"

namespace vhookd {

namespace {

using std::chrono::floor;
using std::chrono::seconds;

// The size of a number tells its unit: seconds from 1973 to beyond year 9999, which stands for "never" in many
// tables, milliseconds and microseconds from 1978.
std::optional<Stamp> from_number(std::string_view text) {
  const auto read = [&](auto& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  };
  const auto stamp = [](auto number) -> std::optional<Stamp> {
    const auto micros = [&](int factor) { return Instant(Micros(static_cast<std::int64_t>(number * factor))); };
    if (number >= 100'000'000 && number < 260'000'000'000) return Stamp{micros(1'000'000), StampForm::seconds};
    if (number >= 260'000'000'000 && number < 260'000'000'000'000) return Stamp{micros(1000), StampForm::millis};
    if (number >= 260'000'000'000'000 && number < 260'000'000'000'000'000) return Stamp{micros(1), StampForm::micros};
    return std::nullopt;
  };
  if (std::int64_t whole = 0; read(whole)) return stamp(whole);
  if (double real = 0; read(real)) return stamp(real);
  return std::nullopt;
}

std::optional<Stamp> from_text(std::string_view text) {
  StampForm form = text.size() > 10 && text[10] == 'T' ? StampForm::iso : StampForm::sql;
  if (text.ends_with("+00")) {
    text.remove_suffix(3);
    form = form == StampForm::sql ? StampForm::sql_utc : form;
  } else if (text.ends_with("+00:00")) {
    text.remove_suffix(6);
  } else if (text.ends_with('Z')) {
    text.remove_suffix(1);
  }
  const auto at = parse_utc(text);
  if (!at) return std::nullopt;
  return Stamp{*at, form};
}

}  // namespace

std::optional<Stamp> read_stamp(const Value& value) {
  if (value.null) return std::nullopt;
  if (value.kind == Kind::integer || value.kind == Kind::real || value.kind == Kind::decimal)
    return from_number(value.text);
  return from_text(value.text);
}

Param write_stamp(Instant at, StampForm form) {
  const auto second = floor<seconds>(at);
  const auto since = second.time_since_epoch().count();
  const auto number = [](std::int64_t value) {
    return Param{.kind = Kind::integer, .null = false, .text = std::to_string(value)};
  };
  if (form == StampForm::seconds) return number(since);
  if (form == StampForm::millis) return number(since * 1000);
  if (form == StampForm::micros) return number(since * 1'000'000);
  std::string text = rfc3339_seconds(second);
  text.pop_back();  // the Z: without it the bound sorts before every suffix
  if (form != StampForm::iso) text[10] = ' ';
  if (form == StampForm::sql_utc) text += "+00";
  return {.kind = Kind::timestamp, .null = false, .text = std::move(text)};
}

}  // namespace vhookd
