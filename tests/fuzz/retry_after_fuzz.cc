// Any bytes as a Retry-After header, at any time: what is waited is 0 to one day, and else there is a note.
#include <fuzzer/FuzzedDataProvider.h>

#include "delivery/retry.h"
#include "delivery/retry_after.h"
#include "tests/fuzz/target.h"

namespace vhookd::fuzz {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds day = std::chrono::days(1);
constexpr std::int64_t year_10000_s = 253402300800;

// By hand, of what is digits alone: more than nine of them are more than a day.
void check_seconds(std::string_view header, const RetryAfter& after) {
  if (header.empty() || header.find_first_not_of("0123456789") != header.npos) return;
  const auto first = std::min(header.find_first_not_of('0'), header.size());
  std::int64_t seconds = 0;
  for (const char c : header.substr(first, 10)) seconds = seconds * 10 + (c - '0');
  if (seconds <= 86400) require(after.wait == std::chrono::seconds(seconds) && after.note.empty(), "seconds are taken");
  if (seconds > 86400) require(!after.note.empty(), "more than a day is told");
}

void check_asked(const RetryAfter& after) {
  require(after.wait >= milliseconds(0) && after.wait <= day, "a wait is 0 to one day");
  if (after.note.empty()) return;
  require(after.wait == milliseconds(0) || after.wait == day, "with a note it is nothing or a day", after.note);
  require(after.note.size() < 120 && after.note.starts_with("Retry-After '"), "a note is short", after.note);
  for (const char c : after.note) require(c >= ' ' && c <= '~', "a note is printable", after.note);
}

// The day an instant is on, in the first of the three forms; the name of the day does not matter.
std::string as_date(Instant at) {
  const auto date = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day parts(date);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - date));
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "Mon, %02u %s %04d %02d:%02d:%02d GMT", static_cast<unsigned>(parts.day()),
                months[static_cast<unsigned>(parts.month()) - 1], static_cast<int>(parts.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

void check_date(std::string_view header, Instant now) {
  const auto date = parse_http_date(header, now);
  if (!date || *date < Instant() || *date >= Instant(std::chrono::seconds(year_10000_s))) return;
  require(parse_http_date(as_date(*date), now) == date, "a date reads the same when printed", as_date(*date));
}

void check_judgement(FuzzedDataProvider& given, std::string_view header, const RetryAfter& after, Instant now) {
  Attempt attempt;
  attempt.status = given.PickValueInArray({429, 503});
  attempt.retry_after = header;
  attempt.attempts = given.ConsumeIntegralInRange(1, 100000);
  attempt.first_attempt_at = attempt.now = now;
  attempt.random = given.ConsumeFloatingPointInRange(0.0, 0.999999);
  const config::Retry retry;
  const auto verdict = judge(attempt, retry);
  const auto* again = std::get_if<RetryAt>(&verdict);
  require(again != nullptr, "429 and 503 are tried again");
  require(again->at >= now + after.wait, "not before the receiver asked");
  require(again->at <= now + std::max(day, retry.max) + std::chrono::seconds(1), "not later than a day");
}

}  // namespace
}  // namespace vhookd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vhookd;
  FuzzedDataProvider given(data, size);
  const Instant now(std::chrono::seconds(given.ConsumeIntegralInRange<std::int64_t>(0, fuzz::year_10000_s)) +
                    std::chrono::microseconds(given.ConsumeIntegralInRange(0, 999999)));
  const std::string header = given.ConsumeRandomLengthString(200);
  const auto after = read_retry_after(header, now);
  fuzz::check_asked(after);
  fuzz::check_seconds(header, after);
  fuzz::check_date(header, now);
  fuzz::check_judgement(given, header, after, now);
  return 0;
}
