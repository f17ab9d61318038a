#include "core/time_text.h"

#include <array>
#include <charconv>

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

// Takes `width` digits off the front of `text`.
std::optional<int> take(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool skip(std::string_view& text, char a, char b) {
  if (text.empty() || (text[0] != a && text[0] != b)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string rfc3339(Instant at) {
  return print(at, true);
}
std::string rfc3339_seconds(Instant at) {
  return print(at, false);
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
  const auto year = take(text, 4);
  if (!year || !skip(text, '-', '-')) return std::nullopt;
  const auto month = take(text, 2);
  if (!month || !skip(text, '-', '-')) return std::nullopt;
  const auto day = take(text, 2);
  if (!day || !skip(text, 'T', ' ')) return std::nullopt;
  const auto hour = take(text, 2);
  if (!hour || !skip(text, ':', ':')) return std::nullopt;
  const auto minute = take(text, 2);
  if (!minute || !skip(text, ':', ':')) return std::nullopt;
  const auto second = take(text, 2);
  if (!second) return std::nullopt;
  int micros = 0;
  if (skip(text, '.', '.')) {
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == 0 || digits > 9) return std::nullopt;
    for (std::size_t i = 0; i < 6; ++i) micros = micros * 10 + (i < digits ? text[i] - '0' : 0);
    text.remove_prefix(digits);
  }
  int offset_minutes = 0;
  if (!skip(text, 'Z', 'z')) {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto hours = take(text, 2);
    if (!hours || !skip(text, ':', ':')) return std::nullopt;
    const auto minutes = take(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    offset_minutes = sign * (*hours * 60 + *minutes);
  }
  const year_month_day date(std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                            std::chrono::day{static_cast<unsigned>(*day)});
  if (!text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return Instant(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute - offset_minutes) + seconds(*second) + Micros(micros);
}

}  // namespace vhookd
