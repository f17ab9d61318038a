// What only a document database has: fields that documents bring along, and documents within documents.
#include "tests/connectors/document_source.h"

#include <gtest/gtest.h>

#include "tests/scheduler/detect/conductor.h"

namespace vhookd::testing {
namespace {

class Documents : public ::testing::Test {
 protected:
  void SetUp() override { database.create("orders", "_id"); }

  Table described() {
    auto table = source->describe({.schema = {}, .name = "orders"});
    EXPECT_TRUE(table) << table.error().message;
    return table.value_or(Table());
  }
  std::string count() {
    const auto table = described();
    const Selection all{.table = &table};
    std::string rows;
    const auto read = source->read(RowCount{.of = &all}, [&](Row row) {
      rows = row[0].text;
      return true;
    });
    EXPECT_TRUE(read) << read.error().message;
    return rows;
  }

  DocumentDatabase database{false};
  std::unique_ptr<Source> source = database.connect();
};

TEST_F(Documents, FieldsAreThoseOfTheDocuments) {
  EXPECT_TRUE(described().columns.empty());
  database.put("orders", {{"_id", 1}, {"total", 12.5}, {"note", nullptr}, {"address", {{"city", "Graz"}}}});
  database.put(
      "orders",
      {{"_id", "two"}, {"paid", true}, {"lines", {1, 2}}, {"at", date(Instant(Micros(1'700'000'000'000'000)))}});
  database.put("orders", {{"_id", 3}, {"total", "a lot"}});
  std::map<std::string, Kind> kinds;
  for (const auto& column : described().columns) kinds[column.name] = column.kind;
  EXPECT_EQ(kinds, (std::map<std::string, Kind>{{"_id", Kind::text},
                                                {"address", Kind::json},
                                                {"at", Kind::timestamptz},
                                                {"lines", Kind::json},
                                                {"paid", Kind::boolean},
                                                {"total", Kind::text}}));
}

TEST_F(Documents, AChangeDeepWithinADocumentIsFound) {
  database.put("orders", {{"_id", 1}, {"address", {{"city", "Graz"}, {"geo", {{"lat", 47.07}}}}}});
  database.put("orders", {{"_id", 2}, {"address", {{"city", "Linz"}}}});
  auto webhook = a_webhook({}, config::Event::updated);
  webhook.detect = config::Detect::snapshot;
  Conductor conductor(webhook, described());
  ASSERT_TRUE(conductor.settle(*source)) << conductor.error;
  EXPECT_TRUE(conductor.received.empty());
  database.put("orders", {{"_id", 1}, {"address", {{"city", "Graz"}, {"geo", {{"lat", 47.08}}}}}});
  ASSERT_TRUE(conductor.settle(*source)) << conductor.error;
  ASSERT_EQ(conductor.received.size(), 1U);
  EXPECT_EQ(conductor.received[0].record,
            (Document{{"_id", 1}, {"address", {{"city", "Graz"}, {"geo", {{"lat", 47.08}}}}}}));
}

TEST_F(Documents, AViewShowsOneState) {
  database.put("orders", {{"_id", 1}});
  ASSERT_TRUE(source->begin());
  database.put("orders", {{"_id", 2}});
  EXPECT_EQ(count(), "1");
  source->end();
  EXPECT_EQ(count(), "2");
}

TEST_F(Documents, WhatItCanNotAnswerIsGivenUp) {
  const auto table = described();
  const Selection all{.table = &table};
  const std::vector<Question> questions = {OpenTransactionBound(), ChangePosition{.of = &all}, ChangeScan{.of = &all},
                                           TableCheck{.of = &all}, RangeHashes{.of = &all},    RangeRows{.of = &all}};
  for (const auto& question : questions) {
    const auto read = source->read(question, [](Row) { return true; });
    ASSERT_FALSE(read) << question.index();
    EXPECT_EQ(read.error().recourse, Recourse::give_up);
  }
  const auto nowhere = source->describe({.schema = {}, .name = "nowhere"});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().recourse, Recourse::ask_operator);
  EXPECT_NE(nowhere.error().message.find("orders"), std::string::npos) << nowhere.error().message;
}

}  // namespace
}  // namespace vhookd::testing
