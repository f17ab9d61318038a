#include "scheduler/timetable.h"

#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <random>
#include <set>

namespace vhookd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Tick start{seconds(1'000'000)};

TEST(Timetable, DueAtOnceThenOnAGridOfItsOwn) {
  Timetable table(2);
  table.add("a", "db", seconds(10), start);
  EXPECT_EQ(table.next_due(), start);
  ASSERT_EQ(table.take(start), "a");
  EXPECT_TRUE(table.under_way("a"));
  EXPECT_EQ(table.take(start + hours(1)), std::nullopt);
  EXPECT_EQ(table.next_due(), std::nullopt);
  table.finished("a", start + seconds(1), false);
  const auto first = *table.due("a");
  EXPECT_GT(first, start + seconds(1));
  EXPECT_LE(first, start + seconds(11));
  EXPECT_EQ(table.take(first - Micros(1)), std::nullopt);
  EXPECT_EQ(table.take(first), "a");
  table.finished("a", first + seconds(3), false);
  EXPECT_EQ(*table.due("a"), first + seconds(10));
}

TEST(Timetable, MissedTicksBecomeOne) {
  Timetable table(1);
  table.add("a", "db", seconds(10), start);
  ASSERT_EQ(table.take(start), "a");
  table.finished("a", start, false);
  const auto first = *table.due("a");
  ASSERT_EQ(table.take(first), "a");
  table.finished("a", first + seconds(57), false);
  EXPECT_EQ(*table.due("a"), first + seconds(60));
  ASSERT_EQ(table.take(first + seconds(60)), "a");
  table.finished("a", first + seconds(70), false);  // ended on a tick: that one is missed
  EXPECT_EQ(*table.due("a"), first + seconds(80));
}

TEST(Timetable, ThePhaseHangsOnTheIdAlone) {
  const auto due_after = [](const std::string& id, Tick now) {
    Timetable table(1);
    table.add(id, "db", seconds(10), now);
    (void)table.take(now);
    table.finished(id, now, false);
    return *table.due(id);
  };
  for (const auto* id : {"a", "paid-orders", ""})
    EXPECT_EQ((due_after(id, start + hours(7)) - due_after(id, start)).count() % 10'000'000, 0);
  std::set<Tick> phases;
  for (int i = 0; i < 1000; ++i) phases.insert(due_after("hook-" + std::to_string(i), start));
  EXPECT_GT(phases.size(), 990U);
}

TEST(Timetable, WhoIsAwakeTakesWhatIsDueSoonAndOnlyOnce) {
  Timetable table(2);
  table.add("a", "db", seconds(60), start);
  ASSERT_EQ(table.take(start), "a");
  table.finished("a", start, false);
  const auto due = *table.due("a");
  EXPECT_EQ(table.take(due - milliseconds(61), true), std::nullopt);
  EXPECT_EQ(table.take(due - milliseconds(60)), std::nullopt);
  ASSERT_EQ(table.take(due - milliseconds(60), true), "a");
  table.finished("a", due - milliseconds(50), false);
  EXPECT_EQ(*table.due("a"), due + seconds(60));
}

TEST(Timetable, ADatabaseGivesFewPlaces) {
  Timetable table(2);
  for (const auto* id : {"a", "b", "c"}) table.add(id, "busy", seconds(10), start);
  table.add("d", "free", seconds(10), start + seconds(1));
  EXPECT_EQ(table.take(start + seconds(2)), "a");
  EXPECT_EQ(table.take(start + seconds(2)), "b");
  EXPECT_EQ(table.take(start + seconds(2)), "d");
  EXPECT_EQ(table.take(start + seconds(2)), std::nullopt);
  EXPECT_EQ(table.next_due(), std::nullopt);
  table.finished("b", start + seconds(2), false);
  EXPECT_EQ(table.take(start + seconds(2)), "c");
}

TEST(Timetable, AnUnreachableDatabaseIsTriedByOne) {
  Timetable table(4);
  for (const auto* id : {"a", "b", "c"}) table.add(id, "down", milliseconds(100), start);
  table.add("other", "up", milliseconds(100), start);
  Tick now = start;
  for (const auto* id : {"a", "b", "c", "other"}) ASSERT_EQ(table.take(now), id);
  // All three were under way when it went: that is one failure.
  for (const auto* id : {"a", "b", "c"}) {
    table.unreachable(id, now);
    table.finished(id, now, false);
  }
  table.reached("other");
  table.finished("other", now, false);
  EXPECT_EQ(table.take(now + milliseconds(999)), "other");
  table.finished("other", now + milliseconds(999), false);
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    const Tick ready = now + seconds(wait);
    table.hurry("a", now);
    ASSERT_TRUE(table.take(ready - milliseconds(1)).value_or("other") == "other");
    table.finished("other", ready - milliseconds(1), false);
    now = ready;
    const auto prober = table.take(now);
    ASSERT_TRUE(prober && *prober != "other") << wait;
    while (const auto next = table.take(now)) {
      ASSERT_EQ(*next, "other") << "a second one tries";
      table.finished("other", now + milliseconds(200), false);
      break;
    }
    table.unreachable(*prober, now);
    table.finished(*prober, now, false);
  }
  now += minutes(2);
  table.remove("other");
  const auto prober = table.take(now);
  ASSERT_TRUE(prober);
  EXPECT_EQ(table.take(now), std::nullopt);
  table.reached(*prober);
  table.finished(*prober, now, false);
  EXPECT_TRUE(table.take(now));
  EXPECT_TRUE(table.take(now));
}

TEST(Timetable, NextDueWaitsForTheBackOff) {
  Timetable table(1);
  table.add("a", "down", seconds(1), start);
  (void)table.take(start);
  table.unreachable("a", start);
  table.finished("a", start, true);
  EXPECT_EQ(table.next_due(), start + seconds(1));
}

TEST(Timetable, HurryAndMoreToDo) {
  Timetable table(1);
  table.add("a", "db", hours(1), start);
  (void)table.take(start);
  table.finished("a", start, true);
  EXPECT_EQ(table.take(start), "a");
  table.finished("a", start, false);
  EXPECT_EQ(table.take(start), std::nullopt);
  table.hurry("a", start + seconds(1));
  EXPECT_EQ(table.take(start + seconds(1)), "a");
  table.hurry("a", start + seconds(1));  // it may have passed the change already
  table.finished("a", start + seconds(2), true);
  EXPECT_EQ(table.take(start + seconds(2)), "a");
  table.finished("a", start + seconds(2), false);
  EXPECT_EQ(table.take(start + seconds(3)), std::nullopt) << "hurried twice for one word";
  table.hurry("nobody", start);
}

TEST(Timetable, RemovedWhileUnderWay) {
  Timetable table(1);
  table.add("a", "db", seconds(10), start);
  (void)table.take(start);
  table.remove("a");
  EXPECT_EQ(table.take(start + hours(1)), std::nullopt);
  table.finished("a", start, true);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.next_due(), std::nullopt);
  table.finished("a", start, true);
  table.add("b", "db", seconds(10), start);
  EXPECT_EQ(table.take(start), "b") << "its place was given back";
}

TEST(Timetable, RemovedAndAddedAgainWhileUnderWay) {
  Timetable table(1);
  table.add("a", "db", seconds(10), start);
  (void)table.take(start);
  table.remove("a");
  table.add("a", "elsewhere", seconds(20), start);
  EXPECT_EQ(table.take(start + hours(1)), std::nullopt) << "polled twice at once";
  table.finished("a", start, false);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_LE(*table.due("a"), start + seconds(20));
  table.add("b", "db", seconds(10), start);
  EXPECT_EQ(table.take(start), "b");
}

TEST(Timetable, AChangedIntervalDoesNotWaitForTheOldTick) {
  Timetable table(1);
  table.add("a", "db", hours(10), start);
  (void)table.take(start);
  table.finished("a", start, false);
  table.add("a", "other", seconds(10), start);
  EXPECT_LE(*table.due("a"), start + seconds(10));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.take(start + seconds(10)), "a");
  EXPECT_EQ(table.take(start + hours(10)), std::nullopt);
}

// The monotonic clock begins with the machine, and the phase of a grid may lie ahead of it.
TEST(Timetable, SoonAfterABootTheNextTickIsWithinAnInterval) {
  Timetable table(20);
  for (int i = 0; i < 20; ++i) {
    const auto id = "hook-" + std::to_string(i);
    table.add(id, "db", hours(1), Tick(seconds(60)));
    ASSERT_EQ(table.take(Tick(seconds(60))), id);
    table.finished(id, Tick(seconds(61)), false);
    EXPECT_GT(*table.due(id), Tick(seconds(61)));
    EXPECT_LE(*table.due(id), Tick(seconds(61)) + hours(1)) << id;
  }
}

TEST(Timetable, TenThousandOnOneDatabase) {
  constexpr int count = 10'000;
  Timetable table(4);
  for (int i = 0; i < count; ++i) table.add("hook-" + std::to_string(i), "db", minutes(1), start);
  const std::clock_t began = std::clock();  // of the processor: what else the machine does is no matter
  std::map<std::string, int> polls;
  std::vector<std::string> under_way;
  for (int i = 0; i < count; ++i) {
    while (auto id = table.take(start)) under_way.push_back(std::move(*id));
    ASSERT_EQ(under_way.size(), std::min<std::size_t>(4, static_cast<std::size_t>(count - i)));
    (void)table.next_due();
    ++polls[under_way.back()];
    table.finished(under_way.back(), start, false);
    under_way.pop_back();
  }
  EXPECT_EQ(polls.size(), static_cast<std::size_t>(count)) << "each once";
  EXPECT_LT((std::clock() - began) / CLOCKS_PER_SEC, 3) << "the wait for a place costs a walk over all";
  // And within the next minute each once more.
  int due = 0;
  for (Tick now = start; now <= start + minutes(1); now += milliseconds(100)) {
    while (auto id = table.take(now)) {
      ++due;
      table.finished(*id, now, false);
    }
  }
  EXPECT_EQ(due, count);
}

}  // namespace
}  // namespace vhookd
