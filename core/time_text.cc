#include "core/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace vhookd {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::seconds;
using std::chrono::year_month_day;

void put(char*& out, int value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  out += width;
}

std::string print(Instant at, bool fraction) {
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss<Micros> time(at - day);
  std::array<char, 40> buffer{};
  char* p = buffer.data();
  put(p, static_cast<int>(date.year()), 4);
  *p++ = '-';
  put(p, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  *p++ = '-';
  put(p, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  *p++ = 'T';
  put(p, static_cast<int>(time.hours().count()), 2);
  *p++ = ':';
  put(p, static_cast<int>(time.minutes().count()), 2);
  *p++ = ':';
  put(p, static_cast<int>(time.seconds().count()), 2);
  const auto micros = static_cast<int>(time.subseconds().count());
  if (fraction && micros != 0) {
    *p++ = '.';
    put(p, micros, 6);
  }
  *p++ = 'Z';
  return {buffer.data(), p};
}

// Reads numbers at fixed positions of a text. `good` stays true only if all of them consisted of digits.
struct Digits {
  std::string_view text;
  bool good = true;

  int read(std::size_t from, std::size_t width) {
    int value = 0;
    for (const char c : text.substr(from, width)) {
      const int digit = c - '0';
      good = good && digit >= 0 && digit <= 9;
      value = value * 10 + digit;
    }
    return value;
  }
};

// Removes the digits of a fraction from the front of `text`: 1 to 9 digits, truncated to 6.
std::optional<int> take_micros(std::string_view& text) {
  int micros = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
    if (digits < 6) micros = micros * 10 + (text[digits] - '0');
  if (digits == 0 || digits > 9) return std::nullopt;
  for (std::size_t i = digits; i < 6; ++i) micros *= 10;
  text.remove_prefix(digits);
  return micros;
}

// Removes YYYY-MM-DDThh:mm:ss[.f…] from the front of `text`. Called for every row of tables polled by timestamp.
std::optional<Instant> take_date_and_time(std::string_view& text) {
  constexpr std::size_t size = 19;
  if (text.size() < size || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != ' ' && text[10] != 't') || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  Digits digits{.text = text};
  const year_month_day date(std::chrono::year(digits.read(0, 4)),
                            std::chrono::month(static_cast<unsigned>(digits.read(5, 2))),
                            std::chrono::day(static_cast<unsigned>(digits.read(8, 2))));
  const int hour = digits.read(11, 2);
  const int minute = digits.read(14, 2);
  const int second = digits.read(17, 2);
  if (!digits.good || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  text.remove_prefix(size);
  std::optional<int> micros = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    micros = take_micros(text);
    if (!micros) return std::nullopt;
  }
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         seconds(second) + Micros(*micros);
}

// Z, +hh:mm or -hh:mm
std::optional<std::chrono::minutes> read_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  Digits digits{.text = text};
  const int hours = digits.read(1, 2);
  const int minutes = digits.read(4, 2);
  if (!digits.good || hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes(text[0] == '-' ? -(hours * 60 + minutes) : hours * 60 + minutes);
}

}  // namespace

std::string rfc3339(Instant at) {
  return print(at, true);
}
std::string rfc3339_seconds(Instant at) {
  return print(at, false);
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto at = take_date_and_time(text);
  if (!at) return std::nullopt;
  const auto offset = read_offset(text);
  if (!offset) return std::nullopt;
  return *at - *offset;
}

std::optional<Instant> parse_utc(std::string_view text) {
  const auto at = take_date_and_time(text);
  return text.empty() ? at : std::nullopt;
}

std::optional<Instant> parse_time(std::string_view text) {
  if (const auto at = parse_rfc3339(text)) return at;
  if (const auto at = parse_utc(text)) return at;
  return parse_utc(std::string(text) + " 00:00:00");
}

namespace {

std::string two_digits(long value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::clamp(std::isfinite(seconds) ? seconds : 0.0, 0.0, 1e10));
  if (whole < 60) return std::to_string(whole) + "s";
  if (whole < 3600) return std::to_string(whole / 60) + "m" + two_digits(whole % 60) + "s";
  if (whole < 86400) return std::to_string(whole / 3600) + "h" + two_digits(whole % 3600 / 60) + "m";
  return std::to_string(whole / 86400) + "d" + two_digits(whole % 86400 / 3600) + "h";
}

}  // namespace vhookd
