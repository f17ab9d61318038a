// What polls find, case by case.
#include <algorithm>

#include "core/time_text.h"
#include "tests/connectors/detection_conformance.h"

namespace vhookd::conformance {

namespace {

using config::Event;
using testing::Conductor;
using testing::Went;

bool has_pages(const Conductor& conductor, PageType type) {
  return std::ranges::any_of(conductor.received, [&](const auto& one) { return one.type == type; });
}

}  // namespace

TEST_P(Detection, AFirstPollFindsNothingThatWasThereBefore) {
  put(1, "a");
  put(2, "b");
  auto conductor = watch(webhook(Event::updated));
  EXPECT_EQ(poll(conductor), Texts());
  put(3, "c");
  EXPECT_EQ(poll(conductor), Texts({"3=c"}));
}

TEST_P(Detection, AFirstPollOfAnEmptyTable) {
  auto conductor = watch(webhook(Event::updated));
  EXPECT_EQ(poll(conductor), Texts());
  put(1, "a");
  EXPECT_EQ(poll(conductor), Texts({"1=a"}));
}

TEST_P(Detection, AFirstPollWithIncludeAllFindsEveryRow) {
  for (int i = 1; i <= 10; ++i) put(i, "row");
  auto all = webhook_of_all();
  auto conductor = watch(all);
  EXPECT_EQ(sorted(poll(conductor)), sorted(rows()));
  EXPECT_FALSE(has_pages(conductor, PageType::virtual_));
  EXPECT_TRUE(has_pages(conductor, PageType::initial_complete));
  put(11, "row");
  EXPECT_EQ(poll(conductor), Texts({"11=row"}));
  EXPECT_TRUE(has_pages(conductor, PageType::virtual_));
}

TEST_P(Detection, CreatedRowsAlone) {
  put(1, "a");
  auto conductor = watch(webhook(Event::created));
  EXPECT_EQ(poll(conductor), Texts());
  put(2, "b");
  put(1, "changed");
  EXPECT_EQ(poll(conductor), Texts({"2=b"}));
  put(2, "changed");
  EXPECT_EQ(poll(conductor), Texts());
}

TEST_P(Detection, UpdatedRowsAlone) {
  put(1, "a");
  auto changes = webhook(Event::updated);
  changes.include_created = false;
  auto conductor = watch(changes);
  EXPECT_EQ(poll(conductor), Texts());
  put(2, "b");
  put(1, "changed");
  EXPECT_EQ(poll(conductor), Texts({"1=changed"}));
  put(2, "changed");
  EXPECT_EQ(poll(conductor), Texts({"2=changed"}));
}

TEST_P(Detection, RowsThatChangeBetweenPollsAreFoundOnce) {
  auto conductor = watch(webhook(Event::updated));
  poll(conductor);
  for (int i = 1; i <= 10; ++i) put(i, "first");
  for (int i = 2; i <= 10; i += 2) put(i, "second");
  EXPECT_EQ(sorted(poll(conductor)), sorted(rows()));
  put(3, "third");
  put(3, "fourth");
  EXPECT_EQ(poll(conductor), Texts({"3=fourth"}));
}

TEST_P(Detection, NothingIsFoundWhereNothingChanged) {
  for (int i = 1; i <= 10; ++i) put(i, "row");
  auto all = webhook_of_all();
  auto conductor = watch(all);
  poll(conductor);
  const auto sequence = conductor.next_sequence;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poll(conductor), Texts());
  EXPECT_EQ(conductor.next_sequence, sequence);
}

TEST_P(Detection, DeletedRows) {
  if (strategy() != Strategy::snapshot) {
    auto conductor = watch(webhook(Event::deleted));
    EXPECT_EQ(conductor.poll(*source_), Went::wrong) << "only a comparison shows rows that are gone";
    EXPECT_NE(conductor.error.find("use detect: "), std::string::npos) << conductor.error;
    return;
  }
  for (int i = 1; i <= 10; ++i) put(i, "row");
  auto conductor = watch(webhook(Event::deleted));
  EXPECT_EQ(poll(conductor), Texts());
  remove(1);
  remove(5);
  remove(10);
  put(2, "changed");
  put(11, "new");
  EXPECT_EQ(sorted(poll(conductor)), Texts({"1", "10", "5"}));
  EXPECT_EQ(poll(conductor), Texts());
  put(5, "again");
  EXPECT_EQ(poll(conductor), Texts());
  remove(5);
  remove(11);
  EXPECT_EQ(sorted(poll(conductor)), Texts({"11", "5"}));
}

TEST_P(Detection, ADeletedRowThatIsBackBeforeItIsLookedUp) {
  if (strategy() != Strategy::snapshot) return;
  for (int i = 1; i <= 10; ++i) put(i, "row");
  auto conductor = watch(webhook(Event::deleted));
  poll(conductor);
  remove(1);
  remove(2);
  meanwhile_ = [this] {
    if (items_.size() == 8) put(2, "back");
  };
  EXPECT_EQ(poll(conductor), Texts({"1"}));
  EXPECT_EQ(poll(conductor), Texts());
}

TEST_P(Detection, ARowThatIsCommittedLateIsFound) {
  auto conductor = watch(webhook(Event::updated));
  poll(conductor);
  put(1, "a");
  now_ += std::chrono::seconds(10);
  put(2, "b");
  EXPECT_EQ(poll(conductor), Texts({"1=a", "2=b"}));
  now_ -= std::chrono::seconds(4);
  put(3, "late");
  now_ += std::chrono::seconds(4);
  EXPECT_EQ(poll(conductor), Texts({"3=late"}));
  EXPECT_EQ(poll(conductor), Texts());
}

TEST_P(Detection, ARowThatIsDeletedAndInsertedAgain) {
  for (int i = 1; i <= 3; ++i) put(i, "row");
  auto conductor = watch(webhook(Event::updated));
  poll(conductor);
  remove(2);
  put(2, "again");
  EXPECT_EQ(poll(conductor), Texts({"2=again"}));
  remove(2);
  EXPECT_EQ(poll(conductor), Texts());
  put(2, "once more");
  EXPECT_EQ(poll(conductor), Texts({"2=once more"}));
}

TEST_P(Detection, Filters) {
  put(1, "a");
  put(2, "b");
  const auto second = rfc3339(now_);
  put(3, std::nullopt);
  put(4, "ab");
  put(10, "");
  const Param truth{.kind = Kind::boolean, .null = false, .text = "t"};
  const Param falsehood{.kind = Kind::boolean, .null = false, .text = "f"};
  struct Case {
    Filter filter;
    Texts found;
  };
  const std::vector<Case> cases = {
      {{"value", Op::eq, {text("b")}}, {"2=b"}},
      {{"value", Op::ne, {text("b")}}, {"10=", "1=a", "4=ab"}},
      {{"value", Op::in, {text("a"), text("b")}}, {"1=a", "2=b"}},
      {{"value", Op::not_in, {text("a")}}, {"10=", "2=b", "4=ab"}},
      {{"value", Op::gte, {text("ab")}}, {"2=b", "4=ab"}},
      {{"value", Op::like, {text("a%")}}, {"1=a", "4=ab"}},
      {{"value", Op::is_null, {truth}}, {"3=NULL"}},
      {{"value", Op::is_null, {falsehood}}, {"10=", "1=a", "2=b", "4=ab"}},
      {{"key", Op::gt, {number(2)}}, {"10=", "3=NULL", "4=ab"}},
      {{"key", Op::lte, {number(2)}}, {"1=a", "2=b"}},
      {{"updated_at", Op::lt, {text(second)}}, {"1=a"}},
      {{"updated_at", Op::gt, {text(second)}}, {"10=", "3=NULL", "4=ab"}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    auto filtered = webhook_of_all();
    filtered.filters = {cases[i].filter};
    auto conductor = watch(filtered);
    EXPECT_EQ(sorted(poll(conductor)), sorted(cases[i].found)) << "filter " << i;
  }
}

TEST_P(Detection, RowsThatComeToMatchAndCeaseTo) {
  put(1, "no");
  put(2, "yes");
  auto filtered = webhook(Event::updated);
  filtered.filters = {{.column = "value", .op = Op::eq, .values = {text("yes")}}};
  auto conductor = watch(filtered);
  EXPECT_EQ(poll(conductor), Texts());
  put(1, "yes");
  put(2, "no");
  EXPECT_EQ(poll(conductor), Texts({"1=yes"}));
  put(2, "yes");
  EXPECT_EQ(poll(conductor), Texts({"2=yes"}));
}

TEST_P(Detection, Fields) {
  put(1, "a");
  auto some = webhook_of_all();
  some.fields = {"value"};
  auto conductor = watch(some);
  ASSERT_TRUE(conductor.settle(*source_)) << conductor.error;
  ASSERT_EQ(conductor.received.size(), 1U);
  EXPECT_EQ(conductor.received[0].record.dump(), R"({"value":"a"})");
}

TEST_P(Detection, PagesAreFullButForTheLast) {
  for (int i = 1; i <= 10; ++i) put(i, "row");
  auto all = webhook_of_all();
  for (const int records : {1, 3, 5, 100}) {
    auto conductor = watch(all);
    conductor.max_records = records;
    conductor.part_known_rows = conductor.part_bytes = 1 << 20;
    EXPECT_EQ(sorted(poll(conductor)), sorted(rows()));
    std::vector<int> sizes(static_cast<std::size_t>(10 / records), records);
    if (10 % records > 0) sizes.push_back(10 % records);
    EXPECT_EQ(conductor.page_sizes, sizes);
  }
}

TEST_P(Detection, NullIsNoEmptyText) {
  put(1, std::nullopt);
  put(2, "");
  auto all = webhook_of_all();
  auto conductor = watch(all);
  EXPECT_EQ(sorted(poll(conductor)), Texts({"1=NULL", "2="}));
  put(1, "");
  put(2, std::nullopt);
  EXPECT_EQ(sorted(poll(conductor)), Texts({"1=", "2=NULL"}));
}

TEST_P(Detection, RowsWithoutATimeAreFoundOnce) {
  put(number(1), "a", false);
  put(number(2), "b", true);
  auto conductor = watch(webhook(Event::updated));
  EXPECT_EQ(poll(conductor), Texts());
  put(number(1), "changed", false);
  put(number(3), "c", false);
  EXPECT_EQ(sorted(poll(conductor)), Texts({"1=changed", "3=c"}));
  EXPECT_EQ(poll(conductor), Texts());
}

// By snapshot rows come in the order of core/key.h, whatever order the database has of its own: a row out of order
// ends the poll with an error.
TEST_P(Detection, KeysOfEachTypeAreInOneOrder) {
  const std::vector<Param> numbers = {number(-100), number(-3), number(0), number(2), number(10), number(100)};
  const std::vector<Param> texts = {text("-"),   text("10"), text("9"),     text("A"),
                                    text("B c"), text("aa"), text("\u00fc")};
  std::vector<Param> both = numbers;
  both.insert(both.end(), texts.begin(), texts.end());
  std::vector<std::pair<KeyType, std::vector<Param>>> cases = {{KeyType::integers, numbers}, {KeyType::texts, texts}};
  if (source_->traits().capabilities().cell_types) cases.emplace_back(KeyType::mixed, both);
  for (const auto& [type, keys] : cases) {
    make_items(type);
    for (std::size_t i = 0; i < keys.size(); i += 2) put(keys[keys.size() - 1 - i], "row");
    for (std::size_t i = 1; i < keys.size(); i += 2) put(keys[keys.size() - 1 - i], "row");
    auto all = webhook_of_all();
    auto conductor = watch(all);
    const auto first = poll(conductor);
    EXPECT_EQ(sorted(first), sorted(rows()));
    EXPECT_TRUE(strategy() != Strategy::snapshot || first == rows()) << ::testing::PrintToString(first);
    remove(keys[1]);
    put(keys[0], "changed");
    put(keys.back(), "changed");
    EXPECT_EQ(sorted(poll(conductor)), sorted({keys[0].text + "=changed", keys.back().text + "=changed"}));
    put(keys[1], "again");
    EXPECT_EQ(poll(conductor), Texts({keys[1].text + "=again"}));
  }
}

}  // namespace vhookd::conformance
