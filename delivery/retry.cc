#include "delivery/retry.h"

#include <algorithm>
#include <cmath>

#include "delivery/retry_after.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;

// Without a minimum, a random value near zero would mean no back-off at all.
constexpr milliseconds least_wait{100};

milliseconds back_off(const Attempt& attempt, const config::Retry& retry) {
  const int doublings = std::clamp(attempt.attempts - 1, 0, 40);  // 2^40 ms is 34 years: retry.max applies long before
  const double span =
      std::min(std::ldexp(static_cast<double>(retry.first.count()), doublings), static_cast<double>(retry.max.count()));
  return std::max(least_wait, milliseconds(static_cast<std::int64_t>(span * attempt.random)));
}

// 408, 425 and 429 are temporary conditions; the other statuses concern the request, which will be the same again.
bool likely_permanent(int status) {
  if (status >= 300 && status < 400) return true;
  return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
}

std::string note_on(const Attempt& attempt) {
  if (attempt.status >= 300 && attempt.status < 400)
    return "redirects are not followed; hook_url should be the final address";
  if (likely_permanent(attempt.status)) return "likely permanent: a retry sends the same request";
  if (attempt.status == 0 && attempt.slow) return "no answer within timeout";
  return {};
}

}  // namespace

bool is_rejection(int status) {
  return status == 400 || status == 413 || status == 422;
}

Verdict judge(const Attempt& attempt, const config::Retry& retry, config::OnReject on_reject) {
  if (attempt.status >= 200 && attempt.status < 300) return Delivered{};
  if (attempt.status == 410) return Gone{};
  if (on_reject == config::OnReject::split && is_rejection(attempt.status)) {
    const bool one = attempt.records <= 1;
    if (attempt.rejections + 1 >= (attempt.part && !one ? 1 : rejections_to_split))
      return one ? Verdict(Isolated{}) : Verdict(Split{});
  }
  if (attempt.now - attempt.first_attempt_at >= retry.give_up_after) return Dead{};

  milliseconds wait = back_off(attempt, retry);
  std::string note = note_on(attempt);
  if ((attempt.status == 429 || attempt.status == 503) && !attempt.retry_after.empty()) {
    RetryAfter after = read_retry_after(attempt.retry_after, attempt.now);
    wait = std::max(wait, after.wait);
    note = std::move(after.note);
  }
  return RetryAt{attempt.now + wait, likely_permanent(attempt.status), std::move(note)};
}

}  // namespace vhookd
