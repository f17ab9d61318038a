// Fingerprints as each database works them out: every change of a cell shows, whatever its type, nothing else does,
// and keys of every kind that is compared by ranges lie where vhookd takes them to lie.
#include <random>

#include "core/secret.h"
#include "tests/program/fixture.h"
#include "tests/scheduler/detect/conductor.h"
#include "tests/support/servers.h"

namespace vhookd::testing {
namespace {

class FingerprintTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    shop_ = Shop::open(GetParam());
    if (!shop_) GTEST_SKIP() << why_unavailable(GetParam());
  }

  std::string of(const std::string& postgres, const std::string& mysql, const std::string& sqlite) const {
    return shop_->is_postgres() ? postgres : shop_->is_mysql() ? mysql : sqlite;
  }

  void watch(const std::string& table, config::Event event = config::Event::updated) {
    session_.reset();
    const auto type = *db_type_named(shop_->db_type());
    auto opened = connect_sql({.type = type, .url = Secret(shop_->db_url()), .display = {}, .schema = {}}, {});
    ASSERT_TRUE(opened) << opened.error().message;
    session_ = std::move(*opened);
    auto described = session_->describe({"", table});
    ASSERT_TRUE(described) << described.error().message;
    auto webhook = a_webhook(type, event);
    webhook.object_type = table;
    webhook.detect = config::Detect::snapshot;
    conductor_ = std::make_unique<Conductor>(webhook, *described);
    conductor_->range_rows = 5;
  }

  void poll() {
    auto source = source_of(*session_);
    EXPECT_EQ(conductor_->poll(source), Went::whole) << conductor_->error;
  }
  std::size_t in_doubt() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(conductor_->ranges, [](const auto& item) { return item.second.fingerprint.empty(); }));
  }
  // Nothing is read but fingerprints.
  void expect_quiet(const std::string& after) {
    const auto before = conductor_->received.size();
    poll();
    EXPECT_EQ(conductor_->received.size(), before) << after;
    EXPECT_LE(conductor_->rows, static_cast<int>(conductor_->ranges.size())) << after;
    EXPECT_EQ(in_doubt(), 0U) << after;
  }
  // The known rows are those that one who reads everything finds.
  void expect_known(const std::string& after) {
    Conductor newcomer(conductor_->webhook, conductor_->table);
    newcomer.poll_all(source_of(*session_));
    ASSERT_EQ(conductor_->known.size(), newcomer.known.size()) << after;
    for (const auto& [key, row] : newcomer.known) {
      ASSERT_TRUE(conductor_->known.contains(key)) << after;
      ASSERT_EQ(conductor_->known.at(key).digest, row.digest) << after;
    }
  }

  std::unique_ptr<Shop> shop_;
  std::unique_ptr<SqlSession> session_;
  std::unique_ptr<Conductor> conductor_;
};

TEST_P(FingerprintTest, EveryChangeOfACellShows) {
  shop_->run("CREATE TABLE cells (id bigint PRIMARY KEY NOT NULL, a varchar(60), b varchar(60) NOT NULL, " +
             of("n numeric, f real, g float8, j jsonb, t timestamptz, y bytea, u uuid, s boolean, l int[], p char(8), "
                "m smallint",
                "n decimal(20,6), f float, g double, j json, t timestamp(6) NULL, y varbinary(60), u char(36), s "
                "tinyint(1), l bit(8), p set('x','y'), m int unsigned zerofill",
                "n DECIMAL(20,6), f REAL, g, j JSON, t DATETIME, y BLOB, u TEXT, s BOOLEAN, l, p, m INTEGER") +
             ")");
  shop_->run("INSERT INTO cells (id, a, b) SELECT i, 'row', 'x' FROM " + shop_->numbers(24));
  watch("cells");
  poll();
  EXPECT_EQ(conductor_->known.size(), 24U);
  expect_quiet("the first");
  std::vector<std::string> changes = {"a = NULL",
                                      "a = ''",
                                      "a = 'NULL'",
                                      "a = '~'",
                                      "a = 'a,b', b = 'c'",
                                      "a = 'a', b = 'b,c'",
                                      "a = 'it''s', b = 'b'",
                                      "a = 'A''', b = 'it'",
                                      "a = 'é'",
                                      "a = 'é '",
                                      "n = 0",
                                      "n = 1.5",
                                      "n = NULL",
                                      "f = 0.1",
                                      "f = 0.10000001",
                                      "g = 0.1",
                                      "g = 0.1000000000000001",
                                      "g = 1e300",
                                      "j = '{\"a\": 1}'",
                                      "j = '{\"a\": 2}'",
                                      "j = 'null'",
                                      "j = NULL",
                                      "t = '2026-01-01 00:00:00'",
                                      "t = '2026-01-01 00:00:00.000001'",
                                      "t = NULL",
                                      "s = " + of("true", "1", "1"),
                                      "s = " + of("false", "0", "0"),
                                      "m = 7",
                                      "m = 0"};
  const auto more = shop_->is_postgres() ? std::vector<std::string>{"n = 1.50",
                                                                    "n = 'NaN'",
                                                                    "g = '-0'",
                                                                    "y = '\\x00'",
                                                                    "y = '\\x0000'",
                                                                    "y = ''",
                                                                    "u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
                                                                    "l = '{1,2}'",
                                                                    "l = '{12}'",
                                                                    "p = 'x'",
                                                                    "t = 'infinity'"}
                    : shop_->is_mysql()
                        ? std::vector<std::string>{"y = X'00'", "y = X'0000'", "y = ''",  "y = X'FF'",
                                                   "l = b'1'",  "l = b'10'",   "p = 'x'", "p = 'x,y'"}
                        : std::vector<std::string>{"y = x'00'", "y = x'0000'",        "y = x''", "l = 5", "l = '5'",
                                                   "l = x'35'", "l = 'a' || char(0)", "p = 1.5"};
  changes.insert(changes.end(), more.begin(), more.end());
  const auto digest = [&] { return conductor_->with("id", 12).size(); };
  for (const auto& change : changes) {
    const auto before = digest();
    shop_->run("UPDATE cells SET " + change + " WHERE id = 12");
    poll();
    EXPECT_EQ(digest(), before + 1) << change;
    EXPECT_GT(conductor_->rows, static_cast<int>(conductor_->ranges.size())) << change;
    EXPECT_LT(conductor_->rows, 20) << change;
    expect_quiet(change);
  }
  expect_known("all changes");
}

TEST_P(FingerprintTest, KeysLieWhereTheyAreTakenToLie) {
  struct Case {
    std::string columns, key, value;  // the value of row i
  };
  const auto md5 = of("md5(i::text)", "left(sha2(i, 256), 32)", "hex(i * 7919)");
  std::vector<Case> cases = {{"k bigint NOT NULL", "k", "(i * 7919) % 10007 - 5000"},
                             {"k int NOT NULL, l int NOT NULL", "k, l", "i % 3, i"},
                             {"k varchar(60) NOT NULL", "k", md5}};
  if (!shop_->is_sqlite()) {
    const auto odd =
        of("chr(65 + (i * 7) % 58) || chr(97 + i % 26) || CASE i % 3 WHEN 0 THEN 'é' WHEN 1 THEN ' ' ELSE "
           "'' END || i",
           "concat(char(65 + (i * 7) % 58 using utf8mb4), char(97 + i % 26 using utf8mb4), "
           "elt(1 + i % 3, 'é', ' ', ''), i)",
           "");
    cases.push_back({"k varchar(60) NOT NULL", "k", odd});
    cases.push_back({"k varchar(60) NOT NULL, l bigint NOT NULL", "k, l", odd + ", -i"});
    cases.push_back(
        {"k date NOT NULL, l decimal(9,2) NOT NULL", "k, l",
         of("date '2026-01-01' + i % 9, i * 1.5 - 40", "date('2026-01-01') + interval i % 9 day, i * 1.5 - 40", "")});
    cases.push_back({of("k timestamptz NOT NULL", "k datetime(6) NOT NULL", ""), "k",
                     of("timestamptz '2026-01-01' + i * interval '7919 ms'",
                        "timestamp('2026-01-01') + interval i * 7919 * 1000 microsecond", "")});
    cases.push_back({of("k bytea NOT NULL", "k varbinary(60) NOT NULL", ""), "k",
                     of("decode(" + md5 + ", 'hex')", "unhex(" + md5 + ")", "")});
    cases.push_back({of("k boolean NOT NULL, l int NOT NULL", "k tinyint(1) NOT NULL, l int NOT NULL", ""), "k, l",
                     of("i % 2 = 0, i", "i % 2, i", "")});
  }
  if (shop_->is_postgres()) cases.push_back({"k uuid NOT NULL", "k", "md5(i::text)::uuid"});
  std::mt19937 random(7);
  int number = 0;
  for (const auto& one : cases) {
    const auto table = "keys_" + std::to_string(++number);
    const auto said = table + " (" + one.columns + ") " + GetParam();
    shop_->run("CREATE TABLE " + table + " (" + one.columns + ", v int, i int, PRIMARY KEY (" + one.key + "))");
    const auto add = [&](int from, int to) {
      shop_->run("INSERT INTO " + table + " SELECT " + one.value + ", 0, i FROM " + shop_->numbers(to) + " WHERE i > " +
                 std::to_string(from));
    };
    add(0, 60);
    watch(table, number % 2 == 0 ? config::Event::deleted : config::Event::updated);
    poll();
    const bool by_ranges = !conductor_->ranges.empty();
    const bool text_in_sqlite = shop_->is_sqlite() && number == 3;
    const bool boolean_in_postgres = shop_->is_postgres() && one.columns.contains("boolean");
    EXPECT_EQ(by_ranges, !text_in_sqlite && !boolean_in_postgres) << said;
    for (int round = 0; round < 4; ++round) {
      const auto some = [&] { return std::to_string(2 + random() % 9); };
      shop_->run("DELETE FROM " + table + " WHERE i % " + some() + " = 1");
      shop_->run("UPDATE " + table + " SET v = v + 1 WHERE i % 11 = " + some());
      add(60 + 10 * round, 70 + 10 * round);
      poll();
      if (conductor_->webhook.event == config::Event::updated) expect_known(said);
      if (by_ranges) expect_quiet(said);
    }
    shop_->run("DELETE FROM " + table);
    poll();
    EXPECT_TRUE(conductor_->known.empty()) << said;
    EXPECT_LE(conductor_->ranges.size(), 1U) << said;
  }
}

TEST_P(FingerprintTest, WideTablesAndFilters) {
  std::string columns;
  for (int i = 1; i <= 200; ++i) columns += ", c" + std::to_string(i) + " int";
  shop_->run("CREATE TABLE wide (id int PRIMARY KEY NOT NULL" + columns + ")");
  shop_->run("INSERT INTO wide (id) SELECT i FROM " + shop_->numbers(30));
  watch("wide");
  conductor_->webhook.filters = {{.column = "c1", .op = config::Op::eq, .values = {{Kind::integer, false, "1"}}}};
  poll();
  expect_quiet("the first");
  for (const auto* column : {"c1", "c90", "c91", "c150", "c200"}) {
    shop_->run("UPDATE wide SET " + std::string(column) + " = 1 WHERE id IN (3, 4)");
    poll();
    EXPECT_EQ(conductor_->with("id", 3).size() * 2, conductor_->received.size()) << column;
    expect_quiet(column);
  }
  EXPECT_EQ(conductor_->received.size(), 10U);
}

INSTANTIATE_TEST_SUITE_P(All, FingerprintTest, every_database, name_of_database);

}  // namespace
}  // namespace vhookd::testing
