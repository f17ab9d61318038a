#include "scheduler/detect/checkpoint.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scheduler/detect/rehearse.h"
#include "tests/scheduler/detect/conductor.h"
#include "tests/scheduler/detect/model_postgres.h"

namespace vhookd {
namespace {

TEST(Checkpoint, NoneIsNullAndOthersWordsAreAnError) {
  const auto none = read_checkpoint("");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->is_null());
  for (const auto* text : {"{", "[]", "7", "null", "{}", R"({"strategy":7})"}) {
    const auto read = read_checkpoint(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().recourse, Recourse::ask_operator);
  }
}

TEST(Checkpoint, ParamsComeBackWithAnyBytes) {
  using namespace std::string_literals;
  const std::vector<Param> params = {{Kind::integer, false, "-7"},
                                     {Kind::text, false, ""},
                                     {Kind::binary, false, "\0\xff\x01"s},
                                     {Kind::timestamptz, false, "2026-11-23 09:00:00+00"}};
  EXPECT_EQ(read_params(nlohmann::json::parse(write_params(params).dump())), params);
}

TEST(Checkpoint, TransactionIdsThatFollowEachOtherAreOneRange) {
  const std::set<std::uint64_t> xids = {3, 7, 8, 10, 11, 12, 13, (1ULL << 40) + 1};
  EXPECT_EQ(write_xids(xids).dump(), "[3,7,8,[10,13],1099511627777]");
  EXPECT_EQ(read_xids(write_xids(xids)), xids);
  EXPECT_EQ(read_xids(nlohmann::json::parse("[]")), std::set<std::uint64_t>());
  EXPECT_EQ(read_xids(nlohmann::json::parse("[5,6,7]")), (std::set<std::uint64_t>{5, 6, 7}));
}

TEST(Checkpoint, NamesItsStrategy) {
  EXPECT_FALSE(strategy_of(""));
  EXPECT_FALSE(strategy_of("rubbish"));
  EXPECT_FALSE(strategy_of(R"({"strategy":7})"));
  EXPECT_EQ(strategy_of(R"({"strategy":"xid"})"), Strategy::xid);
  EXPECT_EQ(strategy_of(R"({"strategy":"timestamp"})"), Strategy::timestamp);
  EXPECT_EQ(strategy_of(R"({"strategy":"snapshot"})"), Strategy::snapshot);
}

// What somebody edited by hand ends the poll with an error, not the daemon.
TEST(Checkpoint, DamageIsAnErrorInEveryStrategy) {
  const auto table = testing::model_table();
  for (const auto detect : {config::Detect::xid, config::Detect::timestamp, config::Detect::snapshot}) {
    auto webhook = testing::a_webhook(DbType::postgres, config::Event::updated);
    webhook.detect = detect;
    webhook.include_all = true;
    const auto plan = make_plan(webhook, table, traits_of(webhook.database->type), std::nullopt);
    ASSERT_TRUE(plan) << plan.error().message;
    const auto with = [&](const std::string& rest) {
      return R"({"strategy":")" + std::string(name_of(plan->strategy)) + "\"," + rest + "}";
    };
    EXPECT_TRUE(make_method(*plan, with(R"("first":true)"), nothing_known()));
    EXPECT_TRUE(is_initial(with(R"("first":true)"), *plan));
    const auto bad_first = make_method(*plan, with(R"("first":"x")"), nothing_known());
    ASSERT_FALSE(bad_first);
    EXPECT_EQ(bad_first.error().recourse, Recourse::ask_operator);
    EXPECT_FALSE(is_initial(with(R"("first":"x")"), *plan));
    if (detect == config::Detect::snapshot) continue;
    EXPECT_FALSE(make_method(*plan, with(R"("sweep":{"after":3})"), nothing_known()));
    EXPECT_FALSE(make_method(*plan, with(R"("sweep":[])"), nothing_known()));
  }
}

}  // namespace
}  // namespace vhookd
