// The whole text of `vhookd explain`, as an operator reads it.
#include <fstream>
#include <regex>

#include "tests/program/fixture.h"

namespace vhookd::testing {
namespace {

class ExplainText : public ProgramTest {};

constexpr auto whole = R"(paid-orders, as a new webhook begins; one that has polled before goes on as it did
  database      shop: sqlite:///shop.db (SQLite VERSION)
  table         "main"."orders", a table, its rows not counted yet by the server
  event         updated, looked for every 30s, at most 22 records in one POST
  filters       {"status":"paid","total":{"gte":1.5}}
  sent to       https://app.example/hooks/orders

STRATEGY
  detect        timestamp: column updated_at moves with each change

COLUMNS TAKEN
  key           id (primary key)
  updated       updated_at (TEXT)
  created       created_at (TEXT)
  deleted       none
  sent          id, total

GUARANTEE
  promised      - every row whose updated_at moves forward in a transaction that commits within 1m of that time (lookback)
                - rows with equal times, with times in the future and without a time; none is sent twice, for keys and digests
                  are compared
  not covered   - transactions that commit more than 1m after the time they wrote into updated_at
                - changes that leave updated_at as it is: whoever writes has to move it
                - rows written with a time in updated_at more than 1m behind the newest: imports, restored rows, a writer
                  whose clock is behind the others'
                - versions between two polls: the last one counts; a row created and deleted between two polls is never seen
                - that a row stops matching the filters: this is not reported, and does not count as a deletion
  for the whole - lookback: as long as your longest transaction; each poll reads that much again
                - detect: snapshot compares every row, whatever its time, by one read of the table a poll

INDEX
  used          moved
  cost          each poll reads a range of it, in its order
  when idle     a poll is left out while PRAGMA data_version shows that nothing was committed since; one look serves all
                  webhooks of the database

SQL OF EACH POLL, in one consistent read-only view
  -- where the database stands
  SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') AS vhookd_now
  -- rows without a time
  SELECT "id", "status", "total", "created_at", "updated_at" FROM "main"."orders" WHERE 1 = 1 AND "status" = ? AND "total" >= ? AND "updated_at" IS NULL ORDER BY "id"
     ?1 = 'paid'
     ?2 = 1.5
     the server: SEARCH main.orders USING INDEX moved (updated_at=?)
  -- the rows
  SELECT "id", "status", "total", "created_at", "updated_at" FROM "main"."orders" WHERE 1 = 1 AND "status" = ? AND "total" >= ? AND "updated_at" >= ? AND ("updated_at" < ? OR "updated_at" >= ?) ORDER BY "updated_at", "id"
     ?1 = 'paid'
     ?2 = 1.5
     ?3 = '2026-01-01 23:59:00'
     ?4 = '2026-01-01T'
     ?5 = '2026-01-01T23:59:00'
     the server: SEARCH main.orders USING INDEX moved (updated_at>?)

SQL OF THE FIRST POLL
  -- where the database stands
  SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') AS vhookd_now, (SELECT max("updated_at") FROM "main"."orders") AS "updated_at"
  -- rows without a time
  SELECT "id", "status", "total", "created_at", "updated_at" FROM "main"."orders" WHERE 1 = 1 AND "status" = ? AND "total" >= ? AND "updated_at" IS NULL ORDER BY "id"
     ?1 = 'paid'
     ?2 = 1.5
     the server: SEARCH main.orders USING INDEX moved (updated_at=?)
  -- the rows
  SELECT "id", "status", "total", "created_at", "updated_at" FROM "main"."orders" WHERE 1 = 1 AND "status" = ? AND "total" >= ? AND "updated_at" >= ? AND ("updated_at" < ? OR "updated_at" >= ?) ORDER BY "updated_at", "id"
     ?1 = 'paid'
     ?2 = 1.5
     ?3 = '2026-01-01 23:59:00'
     ?4 = '2026-01-01T'
     ?5 = '2026-01-01T23:59:00'
     the server: SEARCH main.orders USING INDEX moved (updated_at>?)

FIRST PAGE, with include_all: true; without, a new webhook sends nothing of what is there already
  type          INITIAL-PARTIAL, sequence 1, 22 records, SOME bytes, signed
  {"id":1,"total":"9.5"}
  {"id":2,"total":"9.5"}
  {"id":3,"total":"9.5"}
  {"id":4,"total":"9.5"}
  {"id":5,"total":"9.5"}
  {"id":6,"total":"9.5"}
  {"id":7,"total":"9.5"}
  {"id":8,"total":"9.5"}
  {"id":9,"total":"9.5"}
  {"id":10,"total":"9.5"}
  {"id":11,"total":"9.5"}
  {"id":12,"total":"9.5"}
  {"id":13,"total":"9.5"}
  {"id":14,"total":"9.5"}
  {"id":15,"total":"9.5"}
  {"id":16,"total":"9.5"}
  {"id":17,"total":"9.5"}
  {"id":18,"total":"9.5"}
  {"id":19,"total":"9.5"}
  {"id":20,"total":"9.5"}
  … and 2 more; --json shows the whole body
)";

TEST_F(ExplainText, IsThis) {
  shop_->run(
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT, total NUMERIC, created_at TEXT, updated_at TEXT);"
      "CREATE INDEX moved ON orders (updated_at, id)");
  for (int i = 1; i <= 25; ++i)
    shop_->run("INSERT INTO orders VALUES (" + std::to_string(i) +
               ", 'paid', 9.5, '2026-01-01 00:00:00', '2026-01-02 00:00:00')");
  const TempFolder folder;
  const auto config = (folder.path() / "vhookd.yaml").string();
  std::ofstream(config) << yaml({{{"id", "paid-orders"},
                                  {"object_type", "orders"},
                                  {"fields", "id, total"},
                                  {"filters", "{status: paid, total: {gte: 1.5}}"},
                                  {"interval", "30s"},
                                  {"page_max_limit", "22"},
                                  {"hook_url", "https://app.example/hooks/orders"}}});
  const auto said = run({"explain", "paid-orders", "--config", config});
  EXPECT_EQ(said.code, 0) << said.err;
  auto text = std::regex_replace(said.out, std::regex("SQLite [0-9.]+"), "SQLite VERSION");
  text = std::regex_replace(text, std::regex("[0-9]+ bytes"), "SOME bytes");
  const auto url = shop_->db_url();
  text.replace(text.find(url), url.size(), "sqlite:///shop.db");
  EXPECT_EQ(text, whole);
}

}  // namespace
}  // namespace vhookd::testing
