// What is POSTed, byte by byte: the first sync's pages, their records, signatures and headers.
#include <charconv>

#include "core/crypto.h"
#include "tests/program/fixture.h"
#include "tests/support/hook.h"

namespace vhookd::testing {
namespace {

class PagesTest : public EveryDatabaseTest {
 protected:
  void make_things(int rows) {
    if (shop_->is_sqlite())
      shop_->run(
          "CREATE TABLE things (id INTEGER PRIMARY KEY, big BIGINT, price DECIMAL(12,4), note TEXT, active BOOLEAN,"
          " with_zone TIMESTAMPTZ, without_zone DATETIME, doc JSON, missing TEXT)");
    if (shop_->is_postgres())
      shop_->run(
          "CREATE TABLE things (id integer PRIMARY KEY, big bigint, price numeric(12,4), note text, active boolean,"
          " with_zone timestamptz, without_zone timestamp, doc jsonb, missing text)");
    if (shop_->is_mysql())
      shop_->run(
          "CREATE TABLE things (id int PRIMARY KEY, big bigint, price decimal(12,4), note text, active tinyint(1),"
          " with_zone timestamp(6) NULL, without_zone datetime(6), doc json, missing text)");
    if (rows == 0) return;
    std::string values;
    for (int i = 1; i <= rows; ++i) values += (i == 1 ? "" : ", ") + tuple(i);
    shop_->run("INSERT INTO things VALUES " + values);
  }

  std::string tuple(int i) const {
    const auto number = std::to_string(i);
    const auto active = i % 2 == 0;
    return "(" + number + ", " + std::to_string(9007199254740990 + i) + ", " + number + ".2505, 'it''s \"" + number +
           "\" ü', " +
           (shop_->is_postgres() ? (active ? "true" : "false")
            : active             ? "1"
                                 : "0") +
           ", '2026-11-23 09:00:00.123456" + (shop_->is_mysql() ? "" : "+00") +
           "', '2026-11-23 10:00:00.654321', '{\"a\": [1, null]}', NULL)";
  }

  static std::string record(int i) {
    const auto number = std::to_string(i);
    const auto big = std::to_string(9007199254740990 + i);
    return "{\"id\":" + number + ",\"big\":" + (i == 1 ? big : "\"" + big + "\"") + ",\"price\":\"" + number +
           ".2505\",\"note\":\"it's \\\"" + number + "\\\" ü\",\"active\":" + (i % 2 == 0 ? "true" : "false") +
           ",\"with_zone\":\"2026-11-23T09:00:00.123456Z\",\"without_zone\":\"2026-11-23T10:00:00.654321\"" +
           ",\"doc\":{\"a\": [1, null]},\"missing\":null}";
  }
  static std::string data(int first, int last) {
    std::string text = "[";
    for (int i = first; i <= last; ++i) text += (i == first ? "" : ",") + record(i);
    return text + "]";
  }

  static std::string keys(const Json& object) {
    std::string names;
    for (const auto& [name, value] : object.items()) names += (names.empty() ? "" : " ") + name;
    return names;
  }
};

TEST_P(PagesTest, TheFirstSyncComesInWholePages) {
  make_things(25);
  start({{{"include_all", "true"}, {"page_max_limit", "10"}}});
  const auto taken = pages(3);
  ASSERT_EQ(taken.size(), 3U);
  const std::vector<std::string> types = {"INITIAL-PARTIAL", "INITIAL-PARTIAL", "INITIAL-COMPLETE"};
  const std::vector<std::string> bodies = {data(1, 10), data(11, 20), data(21, 25)};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(taken[i].sequence, i + 1);
    EXPECT_EQ(taken[i].type, types[i]);
    EXPECT_EQ(taken[i].data, bodies[i]);
    EXPECT_TRUE(taken[i].verified());
    const auto body = Json::parse(taken[i].body);
    EXPECT_EQ(keys(body), "type webhook data sequence nonce sig256");
    const auto nonce = body["nonce"].get<std::string>();
    EXPECT_FALSE(nonce.empty());
    EXPECT_EQ(body["sig256"], hex_lower(hmac_sha256(parse_webhook_secret(secret)->reveal(), taken[i].data, nonce)));
    const auto webhook = body["webhook"].dump();
    EXPECT_TRUE(taken[i].body.starts_with("{\"type\":\"" + types[i] + "\",\"webhook\":" + webhook +
                                          ",\"data\":" + bodies[i] + ",\"sequence\":" + std::to_string(i + 1) +
                                          ",\"nonce\":\"" + nonce + "\",\"sig256\":\""))
        << taken[i].body;
    EXPECT_FALSE(webhook.contains("db_url") || webhook.contains("secret")) << webhook;
  }
  EXPECT_NE(taken[0].message_id, taken[1].message_id);
  EXPECT_EQ(Json::parse(taken[0].body)["webhook"]["db_type"], shop_->db_type());
}

TEST_P(PagesTest, AFullLastPageCompletesTheFirstSync) {
  make_things(20);
  start({{{"include_all", "true"}, {"page_max_limit", "10"}}});
  const auto taken = pages(2);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].type, "INITIAL-PARTIAL");
  EXPECT_EQ(taken[1].type, "INITIAL-COMPLETE");
  trigger();
  expect_nothing_queued();
  EXPECT_EQ(pages(2).size(), 2U);
}

TEST_P(PagesTest, HeadersAreThoseOfStandardWebhooks) {
  make_things(2);
  Hook hook;
  const auto before = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  start({{{"include_all", "true"}, {"hook_url", hook.url()}, {"headers", "{X-Shop: one}"}}});
  const auto post = hook.posts(1).at(0);
  EXPECT_EQ(post.header("content-type"), "application/json");
  EXPECT_EQ(post.header("user-agent"), "vhookd/" VHOOKD_VERSION);
  EXPECT_EQ(post.header("x-shop"), "one");
  EXPECT_FALSE(post.header("webhook-id").empty());
  std::int64_t at = 0;
  const auto stamp = post.header("webhook-timestamp");
  EXPECT_EQ(std::from_chars(stamp.data(), stamp.data() + stamp.size(), at).ptr, stamp.data() + stamp.size());
  EXPECT_GE(at, before);
  EXPECT_EQ(post.header("webhook-signature"),
            "v1," + base64(hmac_sha256(parse_webhook_secret(secret)->reveal(),
                                       post.header("webhook-id") + "." + stamp + ".", post.body)));
}

TEST_P(PagesTest, WithoutIncludeAllNothingIsSentAtFirst) {
  make_things(25);
  start({{{"event", "created"}}});
  trigger();
  expect_nothing_queued();
  EXPECT_EQ(receiver_->counts().pages, 0);
  shop_->run("INSERT INTO things VALUES " + tuple(26));
  trigger();
  const auto taken = pages(1);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].data, data(26, 26));
  EXPECT_EQ(taken[0].type, "VIRTUAL");
  EXPECT_EQ(taken[0].sequence, 1U);
}

TEST_P(PagesTest, RowsOfATableThatWasEmptyAreNoFirstSync) {
  make_things(0);
  start({{{"include_all", "true"}, {"page_max_limit", "2"}}});
  EXPECT_EQ(receiver_->counts().pages, 0);
  shop_->run("INSERT INTO things VALUES " + tuple(1) + ", " + tuple(2) + ", " + tuple(3));
  trigger();
  const auto taken = pages(2);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].data, data(1, 2));
  EXPECT_EQ(taken[1].data, data(3, 3));
  EXPECT_EQ(taken[0].type, "VIRTUAL");
  EXPECT_EQ(taken[1].sequence, 2U);
}

TEST_P(PagesTest, FieldsComeInTheirOrderAsTextOrList) {
  make_things(1);
  start({{{"id", "text"}, {"include_all", "true"}, {"fields", "note, id,active"}},
         {{"id", "list"}, {"include_all", "true"}, {"fields", "[price, id]"}}});
  EXPECT_EQ(pages(1, "text").at(0).data, R"([{"note":"it's \"1\" ü","id":1,"active":false}])");
  EXPECT_EQ(pages(1, "list").at(0).data, R"([{"price":"1.2505","id":1}])");
}

INSTANTIATE_TEST_SUITE_P(, PagesTest, every_database, name_of_database);

}  // namespace
}  // namespace vhookd::testing
