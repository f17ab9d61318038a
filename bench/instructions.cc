// Work of a fixed size for an instruction count (bench/instructions.py runs it under callgrind): no threads, no
// network, no clock, the same bytes each time.
//
//   bench_instructions table FILE ROWS         makes the SQLite table that `page` reads
//   bench_instructions encode ROWS             encodes the row of bench/rows.h so often
//   bench_instructions page FILE FOLDER        a first sync of FILE in pages of 1000 into a state of its own, then each
//                                              page taken from the outbox, signed, and noted as delivered
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/rows.h"
#include "connectors/connector.h"
#include "daemon/engine/poller.h"
#include "delivery/sign.h"
#include "store/store.h"

namespace vhookd::bench {
namespace {

constexpr std::chrono::sys_seconds a_moment{std::chrono::seconds(1'795'424'400)};

class StandingClock final : public Clock {
 public:
  Instant now() const override { return a_moment; }
  Tick tick() const override { return Tick(a_moment.time_since_epoch()); }
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_instructions: %s\n", why.c_str());
  std::exit(1);
}

void make_table(const std::string& file, const std::string& rows) {
  sqlite3* database = nullptr;
  const std::string sql =
      "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, status varchar(20) NOT NULL, total "
      "decimal(12,2) NOT NULL, paid boolean NOT NULL, address varchar(200) NOT NULL, note varchar(200) NOT NULL, meta "
      "json "
      "NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
      rows +
      ") "
      "INSERT INTO orders SELECT 1000000 + i, 98765432, 'paid', 1299.90, 1, '12 Long Street, 34567 Some Town, Some "
      "Country', "
      "'leave it at the door, \"not\" the window', '{\"source\": \"web\", \"coupon\": null}', "
      "strftime('%Y-%m-%d %H:%M:%f', 1795000000 + i, 'unixepoch'), "
      "strftime('%Y-%m-%d %H:%M:%f', 1795000000 + i, 'unixepoch') FROM n;"
      "CREATE INDEX orders_updated ON orders (updated_at, id);";
  if (sqlite3_open(file.c_str(), &database) != SQLITE_OK ||
      sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    give_up(sqlite3_errmsg(database));
  sqlite3_close(database);
}

void encode(int rows) {
  const auto write = writer();
  std::string out;
  for (int i = 0; i < rows; ++i) {
    out.clear();
    write.append(out, row);
  }
  if (out.empty()) give_up("nothing was encoded");
}

config::Webhook webhook_on(const std::string& file) {
  config::Webhook webhook;
  webhook.id = "orders";
  webhook.connection_id = "bench";
  webhook.database =
      config::Database{.type = DbType::sqlite, .url = Secret("sqlite://" + file), .display = "sqlite", .schema = {}};
  webhook.object_type = "orders";
  webhook.page_max_limit = 1000;
  webhook.include_all = true;
  webhook.delivery.edit().hook_url = "http://127.0.0.1/";
  webhook.delivery.edit().hook_url_display = "http://127.0.0.1/";
  webhook.delivery.edit().secrets = {SigningKey(Secret(std::string(32, 'k')))};
  return webhook;
}

class QuietObserver final : public PollObserver {
 public:
  void pages_queued(const std::string&) override {}
  bool may_queue(const std::string&) override { return true; }
  void progressed(const std::string&, std::int64_t, std::optional<std::int64_t>) override {}
  bool stopping() override { return false; }
  void made_progress() override {}
};

void poll_all(Store& store, const Clock& clock, const config::Webhook& webhook) {
  auto session = connect(webhook.database, {});
  if (!session) give_up(session.error().message);
  QuietObserver observer;
  Poller poller(store.polls(), clock, observer, {.random_id = [] { return std::string(32, 'a'); }, .sizes = {}});
  for (bool more = true; more;) {
    const auto outcome = poller.poll(webhook, **session, {});
    if (!outcome.run.ok) give_up(outcome.run.error);
    more = outcome.more;
  }
}

int deliver_all(Store& store, const config::Webhook& webhook) {
  int pages = 0;
  for (;; ++pages) {
    const auto head = store.outbox().head(webhook.id);
    if (!head) give_up(head.error().message);
    if (!*head) return pages;
    const auto& page = (*head)->page;
    if (standard_signature(webhook.delivery->secrets, page.id, a_moment, page.body).empty()) give_up("no signature");
    if (const auto noted = store.outbox().delivered(webhook.id, page.sequence); !noted) give_up(noted.error().message);
  }
}

void page(const std::string& file, const std::string& folder) {
  const StandingClock clock;
  const auto webhook = webhook_on(file);
  auto store = open_store(folder, clock);
  if (!store) give_up(store.error().message);
  poll_all(**store, clock, webhook);
  std::printf("%d pages\n", deliver_all(**store, webhook));
}

}  // namespace
}  // namespace vhookd::bench

int main(int argc, char** argv) {
  using namespace vhookd::bench;
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "table" && argc == 4)
    make_table(argv[2], argv[3]);
  else if (what == "encode" && argc == 3)
    encode(std::atoi(argv[2]));
  else if (what == "page" && argc == 4)
    page(argv[2], argv[3]);
  else
    give_up("usage: bench_instructions table FILE ROWS | encode ROWS | page FILE FOLDER");
}
