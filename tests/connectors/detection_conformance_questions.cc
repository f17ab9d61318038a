// What the methods rely on in the answers to core/question.h.
#include <algorithm>

#include "core/key.h"
#include "core/stamp.h"
#include "scheduler/detect/row_key.h"
#include "tests/connectors/detection_conformance.h"

namespace vhookd::conformance {

namespace {

using Rows = std::vector<std::vector<Param>>;
using std::chrono::seconds;

Rows answer(Source& source, const Question& question) {
  Rows rows;
  const auto read = source.read(question, [&](Row row) {
    rows.emplace_back();
    for (const auto& value : row) rows.back().push_back(copy_of(value));
    return true;
  });
  if (!read) ADD_FAILURE() << "question " << question.index() << ": " << read.error().message;
  return rows;
}

// The cell at `column` of each row.
Texts cells(const Rows& rows, std::size_t column = 0) {
  Texts texts;
  for (const auto& row : rows) texts.push_back(row.at(column).text);
  return texts;
}

std::string bytes_of(int key) {
  const auto text = std::to_string(key);
  std::string bytes;
  append_key(bytes, {.kind = Kind::integer, .text = text});
  return bytes;
}

// A selection of all columns, and what it points at.
struct Selected {
  Selected(testing::Conductor watching, const SourceTraits& traits) : conductor(std::move(watching)) {
    auto plan = make_plan(conductor.webhook, conductor.table, traits, std::nullopt);
    if (!plan) ADD_FAILURE() << plan.error().message;
    if (plan) all = std::move(plan->selection);
  }

  testing::Conductor conductor;
  Selection all;
};

constexpr std::size_t stamp_at = 3;  // updated_at

}  // namespace

TEST_P(Detection, TheClockIsInUtc) {
  const Selected of(watch(webhook_of_all()), session_->traits());
  const auto clock = answer(*session_, ClockPosition{.of = &of.all}).at(0).at(0);
  const auto now = read_stamp({.kind = clock.kind, .text = clock.text});
  ASSERT_TRUE(now) << clock.text;
  EXPECT_LT(std::chrono::abs(SystemClock().now() - now->at), std::chrono::minutes(10));
}

TEST_P(Detection, AScanGoesOnBehindEachRow) {
  for (const int key : {5, 1, 4, 10, 2, 3}) {
    put(key, "row");
    between_writes_ = key == 4 ? std::chrono::milliseconds(1) : Micros(0);  // ties
  }
  const Selected of(watch(webhook_of_all()), session_->traits());
  for (const auto order : {Scan::Order::by_key, Scan::Order::by_stamp, Scan::Order::by_key_bytes}) {
    Scan scan{.of = &of.all, .order = order};
    const auto all = answer(*session_, scan);
    EXPECT_EQ(cells(all), order == Scan::Order::by_stamp ? Texts({"1", "4", "5", "2", "3", "10"})
                                                         : Texts({"1", "2", "3", "4", "5", "10"}));
    for (std::size_t i = 0; i < all.size(); ++i) {
      scan.after = {all[i][0]};
      if (order == Scan::Order::by_stamp) scan.after.insert(scan.after.begin(), all[i][stamp_at]);
      const Rows rest(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end());
      EXPECT_EQ(answer(*session_, scan), rest) << "behind row " << i;
    }
  }
}

TEST_P(Detection, AScanHasTheRowsThatAreAskedFor) {
  put(number(1), "a", false);
  now_ += seconds(1) - now_.time_since_epoch() % seconds(1) - 2 * between_writes_;
  put(2, "before the second");
  put(3, std::nullopt);
  const auto second = now_;
  put(4, "after it");
  auto filtered = webhook_of_all();
  filtered.columns.edit().deleted = "value";  // a row counts as deleted where it has one
  const Selected of(watch(filtered), session_->traits());
  Scan scan{.of = &of.all, .order = Scan::Order::by_key, .limit = 2};
  EXPECT_EQ(cells(answer(*session_, scan)), Texts({"1", "2"}));
  scan.limit = 0;
  scan.without_gone = true;
  EXPECT_EQ(cells(answer(*session_, scan)), Texts({"3"}));
  scan.without_gone = false;
  scan.stamps = Scan::Stamps::null;
  EXPECT_EQ(cells(answer(*session_, scan)), Texts({"1"}));
  scan.stamps = Scan::Stamps::not_null;
  const auto stamped = answer(*session_, scan);
  EXPECT_EQ(cells(stamped), Texts({"2", "3", "4"}));
  const auto& stamp = stamped.at(0).at(stamp_at);
  const auto form = read_stamp({.kind = stamp.kind, .text = stamp.text}).value_or(Stamp()).form;
  scan.stamps = Scan::Stamps::any;
  scan.from = StampBound{.at = second, .form = form};
  EXPECT_EQ(cells(answer(*session_, scan)), Texts({"3", "4"}));
  scan.order = Scan::Order::by_key_bytes;
  EXPECT_EQ(cells(answer(*session_, scan)), Texts({"3", "4"}));

  const auto newest = answer(*session_, NewestStamp{.of = &of.all, .up_to = write_stamp(second, form)});
  EXPECT_EQ(cells(newest), Texts({stamped.at(1).at(stamp_at).text}));
  const auto position = answer(*session_, ClockPosition{.of = &of.all, .newest = true});
  EXPECT_EQ(cells(position, 1), Texts({stamped.at(2).at(stamp_at).text}));
}

TEST_P(Detection, KeysAreFoundAndCounted) {
  put(10, "a");
  put(2, std::nullopt);
  put(-3, "c");
  auto soft = webhook_of_all();
  soft.columns.edit().deleted = "value";
  const Selected of(watch(soft), session_->traits());
  EXPECT_EQ(cells(answer(*session_, Keys{.of = &of.all})), Texts({"-3", "2", "10"}));
  EXPECT_EQ(cells(answer(*session_, RowCount{.of = &of.all})), Texts({"3"}));
  auto found = answer(*session_, Lookup{.of = &of.all, .keys = {bytes_of(99), bytes_of(2), bytes_of(10)}});
  std::ranges::sort(found, {}, [](const auto& row) { return row.at(0).text; });
  EXPECT_EQ(cells(found), Texts({"10", "2"}));
  EXPECT_EQ(cells(found, of.all.columns.size()), Texts({"1", "0"}));
}

TEST_P(Detection, AViewShowsOneState) {
  put(1, "a");
  const Selected of(watch(webhook_of_all()), session_->traits());
  const auto count = [&] { return cells(answer(*session_, RowCount{.of = &of.all})); };
  ASSERT_TRUE(session_->begin());
  EXPECT_EQ(count(), Texts({"1"}));
  put(2, "b");
  EXPECT_EQ(count(), Texts({"1"}));
  session_->end();
  EXPECT_EQ(count(), Texts({"2"}));
}

// An answer may be left before its end.
TEST_P(Detection, TheSessionStaysUsableWhereAReaderStops) {
  for (int i = 1; i <= 20; ++i) put(i, "row");
  const Selected of(watch(webhook_of_all()), session_->traits());
  int rows = 0;
  const auto read = session_->read(Scan{.of = &of.all, .order = Scan::Order::by_key}, [&](Row) { return ++rows < 3; });
  EXPECT_TRUE(read) << read.error().message;
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(cells(answer(*session_, RowCount{.of = &of.all})), Texts({"20"}));
}

TEST_P(Detection, AWriteChangesTheIdleToken) {
  const auto before = session_->idle_token();
  ASSERT_TRUE(before) << before.error().message;
  put(1, "a");
  const auto after = session_->idle_token();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_TRUE(!*before || !*after || **before != **after) << before->value_or("");
  EXPECT_FALSE(*before && session_->traits().capabilities().idle_token.empty());
}

}  // namespace vhookd::conformance
