// Polls by timestamp at a MySQL whose transactions can be seen: how far the bound goes, and what it costs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/time_text.h"
#include "tests/scheduler/detect/conductor.h"

namespace vhookd::testing {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant noon = *parse_rfc3339("2026-11-23T12:00:00Z");

// As the server writes it.
std::string sql_time(Instant at) {
  auto text = rfc3339_seconds(at).substr(0, 19);
  text[10] = ' ';
  return text + "." + std::to_string(1'000'000 + at.time_since_epoch().count() % 1'000'000).substr(1);
}

// One table and what is under way beside it. The begin of each view and each question are noted.
struct FakeMysql {
  Instant now = noon;
  std::optional<Instant> oldest;    // under way; none: nothing
  bool hidden = false;              // the role has no PROCESS
  bool stale = false;               // what it shows of transactions may be old
  std::map<int, std::string> rows;  // updated_at by id
  std::string noted;                // b: a view began, p: position, h: horizon, s: scan
  std::string asked_from;           // the last scan's bound

  Answers source() {
    return {.begin = [this] { noted += 'b'; },
            .end = [] {},
            .read = [this](const Query& query, const OnRow& on_row) { return read(query, on_row); }};
  }

  Result<void> read(const Query& query, const OnRow& on_row) {
    const auto time = [](const std::string& text) { return Value{.kind = Kind::timestamptz, .text = text}; };
    if (query.sql.contains("innodb_trx")) {
      noted += 'h';
      if (hidden) return fail(Recourse::ask_operator, "Access denied; you need the PROCESS privilege");
      const auto text = stale ? "" : sql_time(std::min(now, oldest.value_or(now)));
      const std::vector<Value> row = {{.kind = Kind::timestamptz, .null = stale, .text = text}};
      on_row(row);
      return {};
    }
    if (query.sql.starts_with("SELECT now(6)")) {
      noted += 'p';
      const auto clock = sql_time(now);
      std::string newest;
      for (const auto& [id, at] : rows) newest = std::max(newest, at);
      std::vector<Value> row = {time(clock)};
      if (query.sql.contains("max("))
        row.push_back({.kind = Kind::timestamptz, .null = newest.empty(), .text = newest});
      on_row(row);
      return {};
    }
    noted += 's';
    asked_from = query.params.empty() ? "" : query.params[0].text;
    std::vector<std::pair<std::string, int>> found;
    for (const auto& [id, at] : rows)
      if (at >= asked_from) found.emplace_back(at, id);
    std::ranges::sort(found);
    for (const auto& [at, id] : found) {
      const auto number = std::to_string(id);
      const std::vector<Value> row = {{.kind = Kind::integer, .text = number}, time(at)};
      if (!on_row(row)) break;
    }
    return {};
  }
};

class HorizonPollTest : public ::testing::Test {
 protected:
  explicit HorizonPollTest(Kind kind = Kind::timestamptz) : conductor(webhook(), table(kind)) {
    conductor.part_bytes = 1 << 20;
    server.rows[1] = sql_time(noon);
    poll();
  }
  static config::Webhook webhook() {
    auto made = a_webhook(DbType::mysql, config::Event::updated);
    made.detect = config::Detect::timestamp;
    made.lookback = seconds(10);
    return made;
  }
  static Table table(Kind kind) {
    Table made;
    made.name = {"shop", "items"};
    made.columns = {column("id", Kind::integer), column("updated_at", kind)};
    made.primary_key = {"id"};
    return made;
  }
  void poll() {
    server.noted.clear();
    auto source = server.source();
    EXPECT_EQ(conductor.poll(source), Went::whole) << conductor.error;
  }
  // Writes row 1 and polls, once a second.
  void busy_for(seconds time) {
    for (const Instant end = server.now + time; server.now < end;) {
      server.now += seconds(1);
      server.rows[1] = sql_time(server.now);
      poll();
    }
  }

  FakeMysql server;
  Conductor conductor;
};

TEST_F(HorizonPollTest, RowsAreReadInAViewBegunAfterTheLook) {
  EXPECT_EQ(server.noted, "bphbs");
}

TEST_F(HorizonPollTest, ALongTransactionIsFound) {
  server.oldest = server.now + milliseconds(500);
  busy_for(minutes(10));
  EXPECT_LE(server.asked_from, sql_time(*server.oldest));
  server.rows[2] = sql_time(*server.oldest);
  server.oldest.reset();
  poll();
  EXPECT_EQ(conductor.with("id", 2).size(), 1U);
}

TEST_F(HorizonPollTest, TheBoundStaysWhileNoFreshLookIsToBeHad) {
  busy_for(minutes(1));
  const auto from = server.asked_from;
  server.stale = true;
  const auto began = server.now;
  busy_for(minutes(10));
  EXPECT_EQ(server.asked_from.substr(0, 15), from.substr(0, 15)) << "not moved by more than what was looked at before";
  server.rows[2] = sql_time(began);
  server.stale = false;
  poll();
  EXPECT_EQ(conductor.with("id", 2).size(), 1U);
  busy_for(seconds(10));
  EXPECT_GT(server.asked_from, sql_time(server.now - seconds(20)));
}

TEST_F(HorizonPollTest, NoFirstPollWithoutAFreshLook) {
  Conductor other(webhook(), table(Kind::timestamptz));
  server.stale = true;
  auto source = server.source();
  EXPECT_EQ(other.poll(source), Went::wrong);
  EXPECT_TRUE(other.error.contains("more often than every 100 ms")) << other.error;
  server.stale = false;
  EXPECT_EQ(other.poll(source), Went::whole) << other.error;
}

TEST_F(HorizonPollTest, TheBoundMovesOnWhenItIsOver) {
  server.oldest = server.now;
  for (int id = 2; id < 50; ++id) server.rows[id] = sql_time(server.now + milliseconds(id));
  busy_for(minutes(1));
  EXPECT_GE(conductor.known.size(), 49U);
  server.oldest.reset();
  busy_for(seconds(10));
  EXPECT_GT(server.asked_from, sql_time(server.now - seconds(20)));
  EXPECT_LT(conductor.known.size(), 3U);
  EXPECT_EQ(conductor.with("id", 2).size(), 1U);
}

TEST_F(HorizonPollTest, LooksAreFewAndTheBoundStaysBetween) {
  busy_for(seconds(30));
  int looks = 0;
  for (int i = 0; i < 100; ++i) {
    const auto from = server.asked_from;
    const bool looked = server.noted.contains('h');
    looks += looked ? 1 : 0;
    server.now += milliseconds(100);
    server.rows[1] = sql_time(server.now);
    poll();
    if (!looked) {
      EXPECT_EQ(server.asked_from, from);
    }
  }
  EXPECT_GE(looks, 3);
  EXPECT_LE(looks, 5) << "a quarter of lookback apart";
}

TEST_F(HorizonPollTest, WithoutProcessLookbackHolds) {
  server.hidden = true;
  server.oldest = server.now;
  busy_for(minutes(1));
  EXPECT_GT(server.asked_from, sql_time(server.now - seconds(13)));
  server.rows[2] = sql_time(server.now - seconds(5));  // within lookback
  poll();
  EXPECT_EQ(conductor.with("id", 2).size(), 1U);
}

TEST_F(HorizonPollTest, ClientsClocksAreStillCovered) {
  busy_for(minutes(1));
  server.rows[2] = sql_time(server.now - seconds(9));  // nothing was under way: a client's own clock
  poll();
  EXPECT_EQ(conductor.with("id", 2).size(), 1U);
}

class DatetimeHorizonTest : public HorizonPollTest {
 protected:
  DatetimeHorizonTest() : HorizonPollTest(Kind::timestamp) {}
};

TEST_F(DatetimeHorizonTest, ADatetimeMayHoldAnyZonesTime) {
  EXPECT_EQ(server.noted, "bps");
}

}  // namespace

}  // namespace vhookd::testing
