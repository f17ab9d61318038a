#include "delivery/retry.h"

#include <gtest/gtest.h>

#include "core/time_text.h"
#include "delivery/retry_after.h"

namespace vhookd {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const Instant start = *parse_rfc3339("2026-11-23T09:00:00Z");
const config::Retry defaults;

Attempt failed(int status, int attempts = 1, double random = 0.5) {
  return {.status = status,
          .retry_after = {},
          .attempts = attempts,
          .first_attempt_at = start,
          .now = start + 10s,
          .random = random};
}

// The wait until the next attempt; fails the test where there is none.
milliseconds wait_after(const Attempt& attempt, const config::Retry& retry = defaults) {
  const Verdict verdict = judge(attempt, retry);
  const auto* again = std::get_if<RetryAt>(&verdict);
  if (!again) {
    ADD_FAILURE() << "no retry for " << attempt.status;
    return {};
  }
  return std::chrono::duration_cast<milliseconds>(again->at - attempt.now);
}

RetryAt retry_after(int status, std::string header, double random = 0) {
  Attempt attempt = failed(status, 1, random);
  attempt.retry_after = std::move(header);
  return std::get<RetryAt>(judge(attempt, defaults));
}

TEST(Retry, TheAnswerDecides) {
  for (const int status : {200, 201, 202, 204, 299}) {
    EXPECT_TRUE(std::holds_alternative<Delivered>(judge(failed(status), defaults))) << status;
  }
  EXPECT_TRUE(std::holds_alternative<Gone>(judge(failed(410), defaults)));
  for (const int status : {0, 99, 100, 300, 301, 302, 400, 401, 404, 409, 411, 429, 500, 503, 599, 999}) {
    EXPECT_TRUE(std::holds_alternative<RetryAt>(judge(failed(status), defaults))) << status;
  }
}

TEST(Retry, SaysWhatWillHardlyMendItself) {
  const struct {
    int status;
    bool permanent;
  } cases[] = {{0, false},   {301, true}, {302, true},  {400, true},  {401, true},  {403, true},  {404, true},
               {408, false}, {422, true}, {425, false}, {429, false}, {500, false}, {503, false}, {999, false}};
  for (const auto& c : cases) {
    EXPECT_EQ(std::get<RetryAt>(judge(failed(c.status), defaults)).likely_permanent, c.permanent) << c.status;
  }
}

TEST(Retry, BackOffDoublesUpToItsCap) {
  const struct {
    int attempts;
    milliseconds span;
  } cases[] = {{0, 5s},  {1, 5s},  {2, 10s}, {3, 20s},     {4, 40s},        {10, 2560s},
               {11, 1h}, {12, 1h}, {64, 1h}, {100000, 1h}, {2147483647, 1h}};
  for (const auto& c : cases) {
    EXPECT_EQ(wait_after(failed(500, c.attempts, 0.5)), c.span / 2) << c.attempts;
    EXPECT_LT(wait_after(failed(500, c.attempts, 0.9999)), c.span) << c.attempts;
    EXPECT_EQ(wait_after(failed(500, c.attempts, 0)), 100ms) << c.attempts;
  }
}

TEST(Retry, ACapBelowTheFirstWaitHolds) {
  const config::Retry retry{.give_up_after = 1h, .first = 5s, .max = 1s};
  EXPECT_EQ(wait_after(failed(500, 1, 0.5), retry), 500ms);
}

TEST(Retry, DeadOnceTheWindowHasPassedAtAFailure) {
  const config::Retry retry{.give_up_after = 1min, .first = 5s, .max = 1h};
  const struct {
    Micros elapsed;
    bool dead;
  } cases[] = {{-1h, false}, {0s, false}, {59s, false}, {1min - 1us, false}, {1min, true}, {24h, true}};
  for (const auto& c : cases) {
    Attempt attempt = failed(500);
    attempt.now = start + c.elapsed;
    EXPECT_EQ(std::holds_alternative<Dead>(judge(attempt, retry)), c.dead) << c.elapsed.count();
    attempt.status = 204;
    EXPECT_TRUE(std::holds_alternative<Delivered>(judge(attempt, retry)));
    attempt.status = 410;
    EXPECT_TRUE(std::holds_alternative<Gone>(judge(attempt, retry)));
  }
}

TEST(Retry, NoWindowMeansOneAttempt) {
  Attempt attempt = failed(500);
  attempt.now = start;
  EXPECT_TRUE(std::holds_alternative<Dead>(judge(attempt, {.give_up_after = 0ms})));
}

TEST(Retry, RetryAfterIsTheLeastWait) {
  EXPECT_EQ(retry_after(503, "120").at, start + 10s + 120s);
  EXPECT_EQ(retry_after(429, "120").at, start + 10s + 120s);
  EXPECT_EQ(retry_after(429, "0").at, start + 10s + 100ms);
  EXPECT_EQ(retry_after(429, "1", 0.8).at, start + 10s + 4s);  // the back-off is longer
  EXPECT_EQ(retry_after(500, "120").at, start + 10s + 100ms);  // not an answer that has it
  EXPECT_EQ(retry_after(503, "Mon, 23 Nov 2026 09:05:00 GMT").at, start + 5min);
  EXPECT_EQ(retry_after(503, "Mon, 23 Nov 2026 08:00:00 GMT").at, start + 10s + 100ms);
}

TEST(Retry, RetryAfterIsReadStrictly) {
  const struct {
    std::string header;
    milliseconds wait;
    std::string note;
  } cases[] = {
      {"86400", 24h, ""},
      {"86401", 24h, "reduced to one day"},
      {"31000000", 24h, "reduced to one day"},
      {"1795424400", 0ms, "ignored: more than a year"},
      {"99999999999999999999999999", 0ms, "ignored: more than a year"},
      {"-1", 0ms, "ignored: neither"},
      {"+5", 0ms, "ignored: neither"},
      {"1.5", 0ms, "ignored: neither"},
      {"5s", 0ms, "ignored: neither"},
      {" 5", 0ms, "ignored: neither"},
      {"soon\x1b[2J", 0ms, "'soon?[2J' ignored"},
      {std::string(5000, 'x'), 0ms, "ignored"},
      {"Tue, 24 Nov 2026 09:00:00 GMT", 24h, ""},
      {"Wed, 25 Nov 2026 09:00:00 GMT", 24h, "reduced to one day"},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 0ms, "ignored: more than a year"},
  };
  for (const auto& c : cases) {
    const RetryAfter after = read_retry_after(c.header, start);
    EXPECT_EQ(after.wait, c.wait) << c.header;
    if (c.note.empty()) {
      EXPECT_EQ(after.note, "");
    } else {
      EXPECT_NE(after.note.find(c.note), std::string::npos) << after.note;
    }
    EXPECT_LT(after.note.size(), 120U);
  }
}

TEST(Retry, TheNoteReachesTheVerdict) {
  EXPECT_NE(retry_after(503, "soon").note.find("ignored"), std::string::npos);
  EXPECT_NE(std::get<RetryAt>(judge(failed(302), defaults)).note.find("redirects"), std::string::npos);
  EXPECT_NE(std::get<RetryAt>(judge(failed(404), defaults)).note.find("likely permanent"), std::string::npos);
  Attempt slow = failed(0);
  slow.slow = true;
  EXPECT_NE(std::get<RetryAt>(judge(slow, defaults)).note.find("in time"), std::string::npos);
}

TEST(Retry, ARefusedPageIsSplitOnlyAgainAndAgain) {
  using config::OnReject;
  enum class Is { again, split, isolated };
  const struct {
    int status, records, rejections;
    bool part;
    OnReject on_reject;
    Is what;
  } cases[] = {
      {400, 500, 0, false, OnReject::split, Is::again}, {400, 500, 1, false, OnReject::split, Is::again},
      {400, 500, 2, false, OnReject::split, Is::split}, {413, 500, 2, false, OnReject::split, Is::split},
      {422, 500, 7, false, OnReject::split, Is::split}, {400, 2, 0, true, OnReject::split, Is::split},
      {400, 1, 0, true, OnReject::split, Is::again},    {400, 1, 1, true, OnReject::split, Is::again},
      {400, 1, 2, true, OnReject::split, Is::isolated}, {400, 1, 2, false, OnReject::split, Is::isolated},
      {404, 500, 9, true, OnReject::split, Is::again},  {500, 500, 9, true, OnReject::split, Is::again},
      {0, 500, 9, true, OnReject::split, Is::again},    {400, 500, 9, true, OnReject::hold, Is::again},
      {400, 1, 9, false, OnReject::hold, Is::again},
  };
  for (const auto& c : cases) {
    Attempt attempt = failed(c.status);
    attempt.records = c.records;
    attempt.rejections = c.rejections;
    attempt.part = c.part;
    const auto verdict = judge(attempt, defaults, c.on_reject);
    EXPECT_EQ(std::holds_alternative<Split>(verdict), c.what == Is::split) << c.status << " " << c.rejections;
    EXPECT_EQ(std::holds_alternative<Isolated>(verdict), c.what == Is::isolated) << c.status << " " << c.rejections;
  }
  Attempt late = failed(400);
  late.now = start + 100h;
  late.records = 2;
  EXPECT_TRUE(std::holds_alternative<Dead>(judge(late, defaults, OnReject::split)));
}

TEST(HttpDate, AllThreeForms) {
  const Instant expected = *parse_rfc3339("1994-11-06T08:49:37Z");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", start), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", start), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", start), expected);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", start), expected + std::chrono::days(10));
  EXPECT_EQ(parse_http_date("Monday, 23-Nov-26 09:00:00 GMT", start), start);
  EXPECT_EQ(parse_http_date("Monday, 23-Nov-76 09:00:00 GMT", start), parse_rfc3339("2076-11-23T09:00:00Z"));
  EXPECT_EQ(parse_http_date("Monday, 23-Nov-77 09:00:00 GMT", start), parse_rfc3339("1977-11-23T09:00:00Z"));
}

TEST(HttpDate, NothingElse) {
  for (const std::string text :
       {"", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text, start)) << text;
  }
}

}  // namespace
}  // namespace vhookd
