#include "daemon/trial/demo_command.h"

#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "config/load.h"
#include "connectors/connector.h"
#include "core/crypto.h"
#include "core/mutex.h"
#include "core/webhook_secret.h"
#include "daemon/engine/engine.h"
#include "daemon/output/exit_code.h"
#include "daemon/output/log.h"
#include "daemon/service/signals.h"
#include "daemon/trial/receiver.h"
#include "delivery/curl_transport.h"
#include "delivery/sign.h"

namespace vhookd {

namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr auto timeout = std::chrono::seconds(5);
constexpr auto reading_time = milliseconds(900);  // between steps, so that the user can follow

// The database of an application: the demo writes to it, the daemon only reads it.
class DemoShop {
 public:
  explicit DemoShop(const fs::path& file) {
    if (sqlite3_open(file.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot create " + file.string());
    run("PRAGMA journal_mode = WAL");
    run("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, status TEXT NOT NULL, total TEXT NOT "
        "NULL,"
        " updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')))");
    run("INSERT INTO orders (customer, status, total) VALUES ('Ada', 'paid', '19.90'), ('Grace', 'open', '250.00')");
  }
  DemoShop(const DemoShop&) = delete;
  DemoShop& operator=(const DemoShop&) = delete;
  ~DemoShop() { sqlite3_close(database_); }

  void run(const std::string& sql) {
    char* error = nullptr;
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &error) == SQLITE_OK) return;
    std::string text = error == nullptr ? "unknown error" : error;
    sqlite3_free(error);
    throw std::runtime_error("the demo database: " + text);
  }

 private:
  sqlite3* database_ = nullptr;
};

class DemoFolder {
 public:
  explicit DemoFolder(bool keep) : keep_(keep) {
    std::string name = (fs::temp_directory_path() / "vhookd-demo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create a folder like " + name);
    path_ = name;
  }
  DemoFolder(const DemoFolder&) = delete;
  DemoFolder& operator=(const DemoFolder&) = delete;
  ~DemoFolder() {
    std::error_code ignored;
    if (!keep_) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool keep_;
};

std::string configuration(const fs::path& shop, const std::string& hook_url, const std::string& secret) {
  const std::string common =
      "    connection_id: shop\n    object_type: orders\n    interval: 200ms\n    hook_url: " + hook_url +
      "\n    secret: " + secret + "\n";
  return "connections:\n  shop:\n    db_url: sqlite://" + shop.string() +
         "\nwebhooks:\n  - id: orders-changed\n    event: updated\n    include_all: true\n" + common +
         "  - id: orders-gone\n    event: deleted\n" + common;
}

void print_page(const Received& page) {
  const std::string verdict = page.verified() ? "signature valid" : "SIGNATURE INVALID";
  std::cout << "    <- POST  " << page.webhook_id << "  " << page.type << "  sequence " << page.sequence << "  "
            << verdict << '\n';
  std::cout << "       data  " << page.data << '\n' << std::flush;
}

struct Step {
  std::string text;
  std::string sql;  // empty: the first sync
};

int run_demo(const DemoOptions& options) {
  const DemoFolder folder(options.keep);
  const SystemClock clock;
  const std::string secret = fresh_secret();
  Mutex printing;
  const auto decoded = parse_webhook_secret(secret);
  auto receiver = Receiver::open(clock, {.secrets = {*decoded}, .on_page = [&](const Received& page) {
                                           const MutexLock lock(printing);
                                           print_page(page);
                                         }});
  if (!receiver) throw std::runtime_error(receiver.error());

  const fs::path database = folder.path() / "shop.db";
  const fs::path file = folder.path() / "vhookd.yaml";
  DemoShop shop(database);
  const auto yaml = configuration(database, (*receiver)->url(), secret);
  std::ofstream(file) << yaml;
  const auto load = [&] { return config::load(file.string(), config::system_secrets()); };
  auto config = load();
  if (!config) throw std::runtime_error(config.error().front());
  auto store = open_store((folder.path() / "state").string(), clock);
  if (!store) throw std::runtime_error(store.error().message);

  std::cout << "An SQLite database (" << database.string() << "), a receiver on " << (*receiver)->url()
            << ", and this configuration:\n\n";
  const auto shown = yaml.substr(0, yaml.find(secret)) + "whsec_…" + yaml.substr(yaml.find(secret) + secret.size());
  std::cout << shown.substr(0, shown.find(secret)) << "whsec_…\n\n" << std::flush;

  CurlTransport transport(clock, 4, EgressRules(config->egress), "vhookd/" VHOOKD_VERSION);
  Engine engine({.store = **store,
                 .transport = transport,
                 .clock = clock,
                 .connect = connect,
                 .connect_options = {},
                 .random_id = random_id,
                 .random = [] { return 0.5; },
                 .load = load},
                std::move(*config));
  if (auto started = engine.start(); !started) throw std::runtime_error(started.error().message);

  const std::array steps = {
      Step{"The daemon starts. The table already has two orders; include_all sends them first.", ""},
      Step{"A new order is inserted.",
           "INSERT INTO orders (customer, status, total) VALUES ('Edsger', 'open', '99.99')"},
      Step{"Grace pays: the order is updated.",
           "UPDATE orders SET status = 'paid', updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE customer = "
           "'Grace'"},
      Step{"Edsger's order is deleted. vhookd detects it without a trigger or the database's log.",
           "DELETE FROM orders WHERE customer = 'Edsger'"},
  };
  std::int64_t pages = 0;
  for (const auto& step : steps) {
    if (wait_for_signal(step.sql.empty() ? milliseconds(0) : reading_time) == Wake::stop)
      throw std::runtime_error("interrupted");
    {
      const MutexLock lock(printing);
      std::cout << step.text << '\n';
      if (!step.sql.empty()) std::cout << "    sql      " << step.sql << '\n' << std::flush;
    }
    if (!step.sql.empty()) shop.run(step.sql);
    if (!(*receiver)->wait_for(++pages, timeout)) throw std::runtime_error("no webhook arrived within 5 s");
    // orders-gone must record its baseline before any row is deleted.
    if (step.sql.empty() && !engine.control().trigger("orders-gone"))
      throw std::runtime_error("orders-gone was not polled");
  }
  engine.stop();
  const auto counts = (*receiver)->counts();
  const bool well = counts.pages == pages && counts.unverified == 0 && counts.gaps == 0 && counts.duplicates == 0 &&
                    counts.malformed == 0;
  std::cout << "\n"
            << counts.pages << " pages, " << counts.records
            << " records: " << (well ? "all signatures valid, no gap, no duplicate.\n" : "SOMETHING IS WRONG.\n");
  std::cout << (options.keep ? "The files are kept in " + folder.path().string() + "\n"
                             : std::string("The files are removed.\n"));
  return well ? exit_code::done : exit_code::failed;
}

}  // namespace

int demo_command(const DemoOptions& options) {
  open_log({.level = "warn", .format = config::LogFormat::text});
  block_signals();
  initialise_connectors();
  try {
    return run_demo(options);
  } catch (const std::exception& error) {
    std::cerr << "vhookd: demo: " << error.what() << '\n';
    return exit_code::failed;
  }
}

}  // namespace vhookd
