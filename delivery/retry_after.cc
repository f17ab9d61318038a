#include "delivery/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace vhookd {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds most = days(1);
constexpr milliseconds absurd = days(366);

// Reads a date from front to back. After the first mismatch every further read fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  void literal(std::string_view expected) {
    ok_ = ok_ && left_.starts_with(expected);
    if (ok_) left_.remove_prefix(expected.size());
  }
  int digits(std::size_t width) {
    int value = 0;
    ok_ = ok_ && left_.size() >= width;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      ok_ = left_[i] >= '0' && left_[i] <= '9';
      value = value * 10 + (left_[i] - '0');
    }
    if (ok_) left_.remove_prefix(width);
    return value;
  }
  // The index in `words` of the word at the current position.
  template <std::size_t N>
  unsigned one_of(const std::array<std::string_view, N>& words) {
    const auto word = std::ranges::find_if(words, [this](std::string_view w) { return left_.starts_with(w); });
    ok_ = ok_ && word != words.end();
    if (ok_) left_.remove_prefix(word->size());
    return static_cast<unsigned>(word - words.begin());
  }
  bool at(char c) const { return !left_.empty() && left_[0] == c; }
  bool done() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> short_days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};

struct DateParts {
  int year = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned month = 0;
};

void read_time(Reader& in, DateParts& parts) {
  parts.hour = in.digits(2);
  in.literal(":");
  parts.minute = in.digits(2);
  in.literal(":");
  parts.second = in.digits(2);
}

std::optional<Instant> instant_of(const DateParts& parts) {
  const std::chrono::year_month_day date(std::chrono::year(parts.year), std::chrono::month(parts.month),
                                         std::chrono::day(static_cast<unsigned>(parts.day)));
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  return Instant(std::chrono::sys_days(date)) + hours(parts.hour) + minutes(parts.minute) + seconds(parts.second);
}

std::optional<Instant> parse_fixdate(std::string_view text) {
  Reader in(text);
  DateParts parts;
  in.one_of(short_days);
  in.literal(", ");
  parts.day = in.digits(2);
  in.literal(" ");
  parts.month = in.one_of(months) + 1;
  in.literal(" ");
  parts.year = in.digits(4);
  in.literal(" ");
  read_time(in, parts);
  in.literal(" GMT");
  return in.done() ? instant_of(parts) : std::nullopt;
}

std::optional<Instant> parse_rfc850(std::string_view text, Instant now) {
  Reader in(text);
  DateParts parts;
  in.one_of(long_days);
  in.literal(", ");
  parts.day = in.digits(2);
  in.literal("-");
  parts.month = in.one_of(months) + 1;
  in.literal("-");
  const int two_digits = in.digits(2);
  in.literal(" ");
  read_time(in, parts);
  in.literal(" GMT");
  if (!in.done()) return std::nullopt;
  // More than 50 years in the future means the previous century (RFC 9110, 5.6.7).
  const auto today = std::chrono::year_month_day(std::chrono::floor<days>(now));
  const int this_year = static_cast<int>(today.year());
  parts.year = this_year / 100 * 100 + two_digits;
  if (parts.year > this_year + 50) parts.year -= 100;
  return instant_of(parts);
}

std::optional<Instant> parse_asctime(std::string_view text) {
  Reader in(text);
  DateParts parts;
  in.one_of(short_days);
  in.literal(" ");
  parts.month = in.one_of(months) + 1;
  in.literal(" ");
  const bool one_digit = in.at(' ');
  if (one_digit) in.literal(" ");
  parts.day = in.digits(one_digit ? 1 : 2);
  in.literal(" ");
  read_time(in, parts);
  in.literal(" ");
  parts.year = in.digits(4);
  return in.done() ? instant_of(parts) : std::nullopt;
}

// The header for use in a note: printable and short.
std::string shown(std::string_view header) {
  std::string out(header.substr(0, 40));
  std::ranges::replace_if(
      out, [](char c) { return c < ' ' || c > '~'; }, '?');
  return "Retry-After '" + out + "'";
}

std::optional<milliseconds> wait_of(std::string_view header, Instant now) {
  if (!header.empty() && std::ranges::all_of(header, [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(header.data(), header.data() + header.size(), value);
    constexpr std::int64_t far = std::chrono::duration_cast<seconds>(absurd).count() + 1;
    return seconds(error == std::errc() ? std::min(value, far) : far);
  }
  const auto date = parse_http_date(header, now);
  if (!date) return std::nullopt;
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*date - now));
}

}  // namespace

std::optional<Instant> parse_http_date(std::string_view text, Instant now) {
  if (const auto date = parse_fixdate(text)) return date;
  if (const auto date = parse_rfc850(text, now)) return date;
  return parse_asctime(text);
}

RetryAfter read_retry_after(std::string_view header, Instant now) {
  const auto wait = wait_of(header, now);
  if (!wait) return {.note = shown(header) + " ignored: neither seconds nor an HTTP date"};
  if (*wait > absurd) return {.note = shown(header) + " ignored: more than a year"};
  if (*wait > most) return {.wait = most, .note = shown(header) + " reduced to one day"};
  return {.wait = *wait, .note = {}};
}

}  // namespace vhookd
