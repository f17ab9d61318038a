#include "daemon/trial/crash_trial.h"

#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/crash_point.h"
#include "core/guarded.h"
#include "core/webhook_secret.h"
#include "daemon/trial/child_daemon.h"
#include "daemon/trial/receiver.h"
#include "delivery/sign.h"

namespace vhookd {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr int webhooks = 3;
constexpr std::int64_t first_rows = 1000;
constexpr int transaction_rows = 10;
constexpr milliseconds longest_life(400);
constexpr milliseconds point_timeout(800);  // a daemon that has not reached its crash point by then is killed
constexpr milliseconds stop_timeout(20'000);
constexpr milliseconds silence(60'000);  // after this time without a page, missing records count as lost
constexpr std::size_t most_faults = 20;

// The crash points of the test. Not mid_migration, which is over before the first kill, nor mid_body, which needs
// larger pages.
constexpr std::array points_passed = {
    CrashPoint::after_fetch,        CrashPoint::before_commit, CrashPoint::after_commit, CrashPoint::before_connect,
    CrashPoint::after_headers_sent, CrashPoint::after_2xx,     CrashPoint::mid_reload};

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "vhookd-selftest-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot create a folder like " + name);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
  }
  void keep() { kept_ = true; }
  fs::path operator/(const char* name) const { return path_ / name; }
  std::string text() const { return path_.string(); }

 private:
  fs::path path_;
  bool kept_ = false;
};

class Database {
 public:
  explicit Database(const fs::path& file) {
    if (sqlite3_open(file.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("cannot open " + file.string());
    sqlite3_busy_timeout(handle_, 10'000);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { sqlite3_close(handle_); }

  void run(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(std::string("the test database: ") + sqlite3_errmsg(handle_));
  }
  // The first line of PRAGMA integrity_check.
  std::string integrity() {
    sqlite3_stmt* statement = nullptr;
    std::string text = "the check cannot run";
    if (sqlite3_prepare_v2(handle_, "PRAGMA integrity_check(1)", -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
      text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    } else {
      text = sqlite3_errmsg(handle_);
    }
    sqlite3_finalize(statement);
    return text;
  }

 private:
  sqlite3* handle_ = nullptr;
};

// The table whose rows change, and a record of all changes.
class Shop {
 public:
  explicit Shop(const fs::path& file) : database_(file) {
    database_.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    database_.run(
        "CREATE TABLE things (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, updated_at TEXT NOT NULL DEFAULT "
        "(strftime('%Y-%m-%d %H:%M:%f', 'now')))");
    database_.run("BEGIN");
    for (std::int64_t id = 1; id <= first_rows; ++id) put(id);
    database_.run("COMMIT");
  }

  void change(std::int64_t rows, std::mt19937& random) {
    while (rows > 0) {
      database_.run("BEGIN IMMEDIATE");
      for (int i = 0; i < transaction_rows && rows > 0; ++i, --rows) change_one(random);
      database_.run("COMMIT");
    }
  }

  const std::map<std::int64_t, std::int64_t>& rows() const { return rows_; }
  const std::set<std::int64_t>& created() const { return created_; }
  const std::set<std::int64_t>& gone() const { return gone_; }

 private:
  void put(std::int64_t id) {
    rows_[id] = ++last_value_;
    next_id_ = std::max(next_id_, id + 1);
    database_.run("INSERT INTO things (id, v) VALUES (" + std::to_string(id) + ", " + std::to_string(last_value_) +
                  ") ON CONFLICT (id) DO UPDATE SET v = excluded.v, updated_at = excluded.updated_at");
  }
  // One change in thirty is an insertion. One in two hundred is a deletion of one of the first rows, which the daemon
  // has seen: a row that is inserted and deleted between two polls cannot be detected.
  void change_one(std::mt19937& random) {
    if (random() % 30 == 0) {
      created_.insert(next_id_);
      return put(next_id_);
    }
    if (random() % 200 == 0 && static_cast<std::int64_t>(gone_.size()) < first_rows / 2) {
      const auto first = rows_.begin()->first;
      rows_.erase(first);
      gone_.insert(first);
      return database_.run("DELETE FROM things WHERE id = " + std::to_string(first));
    }
    put(std::next(rows_.begin(), static_cast<std::ptrdiff_t>(random() % rows_.size()))->first);
  }

  Database database_;
  std::map<std::int64_t, std::int64_t> rows_;  // id to current version
  std::set<std::int64_t> created_;
  std::set<std::int64_t> gone_;
  std::int64_t last_value_ = 0;
  std::int64_t next_id_ = 1;
};

// The records that the receiver accepted, without duplicates.
struct Arrivals {
  std::map<std::int64_t, std::int64_t> rows;  // the last version that arrived
  std::map<std::int64_t, int> created;        // number of arrivals
  std::map<std::int64_t, int> gone;
  std::set<std::string> begun;
  std::vector<std::string> faults;

  void fault(const std::string& text) {
    if (faults.size() < most_faults) faults.push_back(text);
  }
  void take(const Received& page) {
    if (!page.taken() || page.duplicate()) return;
    if (begun.insert(page.webhook_id).second && page.sequence != 1)
      fault(page.webhook_id + " started with page " + std::to_string(page.sequence));
    for (const auto& record : nlohmann::json::parse(page.data)) {
      const std::int64_t id = record.at("id");
      if (page.webhook_id == "created") ++created[id];
      if (page.webhook_id == "gone") ++gone[id];
      if (page.webhook_id != "changed") continue;
      const std::int64_t version = record.at("v");
      if (const auto before = rows.find(id); before != rows.end() && before->second > version)
        fault("row " + std::to_string(id) + ": version " + std::to_string(version) + " arrived after " +
              std::to_string(before->second));
      rows[id] = version;
    }
  }
};

// The number of rows whose last version has not arrived.
std::int64_t missing_rows(const Shop& shop, const Arrivals& arrivals) {
  std::int64_t missing = 0;
  for (const auto& [id, version] : shop.rows()) {
    const auto came = arrivals.rows.find(id);
    if (came == arrivals.rows.end() || came->second != version) ++missing;
  }
  return missing;
}

std::int64_t missing_ids(const std::set<std::int64_t>& ids, const std::map<std::int64_t, int>& came) {
  return std::ranges::count_if(ids, [&](std::int64_t id) { return !came.contains(id); });
}

std::int64_t repeated(const std::map<std::int64_t, int>& came) {
  return std::ranges::count_if(came, [](const auto& one) { return one.second > 1; });
}

class CrashTrial {
 public:
  CrashTrial(const CrashTrialOptions& options, const Clock& clock)
      : options_(options), clock_(clock), shop_(folder_ / "shop.db"), secret_(fresh_secret()) {
    const auto decoded = parse_webhook_secret(secret_);
    auto receiver = Receiver::open(clock_, {.secrets = {*decoded},
                                            .fail_percent = options.fail_percent,
                                            .keep = 0,
                                            .on_page = [this](const Received& page) {
                                              arrivals_.with([&](Arrivals& arrivals) { arrivals.take(page); });
                                            }});
    if (!receiver) throw std::runtime_error(receiver.error());
    receiver_ = std::move(*receiver);
  }

  CrashTrialReport run() {
    const Tick started = clock_.tick();
    first_poll();
    while (report_.kills < options_.kills && may_continue()) {
      run_and_kill();
      ++report_.kills;
      if (options_.on_kill) options_.on_kill(report_.kills);
    }
    if (may_continue()) run_to_completion();
    verify();
    report_.seconds = std::chrono::duration<double>(clock_.tick() - started).count();
    report_.folder = folder_.text();
    if (!report_.faults.empty()) folder_.keep();
    return std::move(report_);
  }

 private:
  bool may_continue() {
    report_.interrupted = report_.interrupted || (options_.interrupted && options_.interrupted());
    const auto counts = receiver_->counts();
    const bool sound = counts.gaps + counts.behind + counts.malformed + counts.unverified == 0 &&
                       arrivals_.with([](const Arrivals& arrivals) { return arrivals.faults.empty(); });
    return sound && !report_.interrupted && report_.faults.empty();
  }

  void configure(const std::string& environment) {
    const std::string label = ", environment: " + environment + "}\n";
    std::ofstream(folder_ / "vhookd.yaml")
        << "api: {listen: off, socket: " << (folder_ / "control.sock").string() << "}\n"
        << "connections:\n  shop:\n    db_url: sqlite://" << (folder_ / "shop.db").string() << "\n"
        << "defaults:\n  connection_id: shop\n  object_type: things\n  interval: 100ms\n  page_max_limit: 50\n"
        << "  retry: {first: 100ms, max: 200ms}\n  hook_url: " << receiver_->url() << "\n  secret: " << secret_ << "\n"
        << "webhooks:\n"
        << "  - {id: changed, event: updated, include_all: true" << label << "  - {id: created, event: created" << label
        << "  - {id: gone, event: deleted" << label;
  }

  ChildDaemon::Options child(const std::string& crash_at = "") const {
    return {.config = (folder_ / "vhookd.yaml").string(),
            .state = (folder_ / "state").string(),
            .log = (folder_ / "vhookd.log").string(),
            .crash_at = crash_at};
  }

  // Records the baseline before any row is deleted.
  void first_poll() {
    configure("Production");
    auto options = child();
    options.once = true;
    ChildDaemon daemon(options);
    const auto code = daemon.wait(silence);
    // Exit code 1: the receiver failed on purpose.
    if (code && (*code == 0 || *code == 1)) return;
    folder_.keep();
    throw std::runtime_error("vhookd cannot run here; see " + options.log);
  }

  void run_and_kill() {
    const bool named = random_() % 2 == 0;
    const CrashPoint point = points_passed[random_() % points_passed.size()];
    const std::string name(crash_point_names[static_cast<std::size_t>(point)]);
    const std::string at = named ? name + ":" + std::to_string(1 + random_() % 3) : "";
    ChildDaemon daemon(child(at));
    const auto rows = options_.changes * (report_.kills + 1) / options_.kills - report_.changes;
    shop_.change(rows, random_);
    report_.changes += rows;
    if (named && point == CrashPoint::mid_reload) {
      // Wait until the daemon has read the old configuration, so that the signal causes a reload with changes.
      const bool ended = daemon.wait(milliseconds(50 + random_() % 150)).has_value();
      configure("kill-" + std::to_string(report_.kills));
      if (!ended) daemon.signal(SIGHUP);
    }
    auto code = daemon.wait(named ? point_timeout : milliseconds(random_() % longest_life.count()));
    if (code) {
      ++report_.killed_at[name];
    } else {
      daemon.signal(SIGKILL);
      code = daemon.wait(stop_timeout);
      ++report_.killed_at["any moment"];
    }
    if (code != -SIGKILL)
      report_.faults.push_back("the daemon exited unexpectedly with code " + std::to_string(code.value_or(0)) +
                               " before kill " + std::to_string(report_.kills + 1));
    check_state();
  }

  // Checks a copy, because opening the file itself would recover it before the daemon does.
  void check_state() {
    const fs::path copy = folder_ / "copy.db";
    for (const std::string end : {"", "-wal"}) {
      std::error_code ignored;
      fs::remove(copy.string() + end, ignored);
      fs::copy(folder_.text() + "/state/state.db" + end, copy.string() + end, ignored);
    }
    if (const auto verdict = Database(copy).integrity(); verdict != "ok")
      report_.faults.push_back("the state is damaged after kill " + std::to_string(report_.kills + 1) + ": " + verdict);
  }

  bool complete() {
    return arrivals_.with([&](const Arrivals& arrivals) {
      return missing_rows(shop_, arrivals) == 0 && missing_ids(shop_.created(), arrivals.created) == 0 &&
             missing_ids(shop_.gone(), arrivals.gone) == 0;
    });
  }

  // Runs until everything has arrived, or until nothing arrives for a while.
  void run_to_completion() {
    ran_to_completion_ = true;
    ChildDaemon daemon(child());
    Tick last_page = clock_.tick();
    auto pages = receiver_->counts().pages;
    while (!complete() && clock_.tick() - last_page < silence && may_continue()) {
      if (!receiver_->wait_for(pages + 1, milliseconds(500))) continue;
      pages = receiver_->counts().pages;
      last_page = clock_.tick();
    }
    // Wait for possible duplicates.
    for (pages = receiver_->counts().pages; may_continue() && receiver_->wait_for(pages + 1, milliseconds(1500));)
      pages = receiver_->counts().pages;
    daemon.signal(SIGTERM);
    if (const auto code = daemon.wait(stop_timeout); code != 0)
      report_.faults.emplace_back("the daemon did not exit cleanly after SIGTERM");
    check_state();
  }

  void verify() {
    const auto counts = receiver_->counts();
    report_.pages = counts.pages;
    report_.records = counts.records;
    report_.refused = counts.on_purpose;
    report_.duplicates = counts.duplicates;
    report_.duplicates_allowed = static_cast<std::int64_t>(report_.kills) * webhooks;
    const auto fault = [&](std::int64_t count, const std::string& what) {
      if (count > 0) report_.faults.push_back(std::to_string(count) + " " + what);
    };
    fault(counts.gaps, "gaps in the sequence");
    fault(counts.behind, "pages with a sequence number that was already passed");
    fault(counts.malformed, "pages rejected: malformed, or a known id with another body");
    fault(counts.unverified, "pages with an invalid signature");
    fault(std::max<std::int64_t>(0, report_.duplicates - report_.duplicates_allowed),
          "more duplicates than pages in flight");
    arrivals_.with([&](const Arrivals& arrivals) {
      report_.faults.insert(report_.faults.end(), arrivals.faults.begin(), arrivals.faults.end());
      if (!ran_to_completion_ || report_.interrupted) return;  // missing records may still be in flight
      fault(missing_rows(shop_, arrivals), "rows whose last version never arrived");
      fault(missing_ids(shop_.created(), arrivals.created), "new rows never arrived");
      fault(missing_ids(shop_.gone(), arrivals.gone), "deletions never arrived");
      fault(repeated(arrivals.created), "new rows arrived more than once as new");
      fault(repeated(arrivals.gone), "deletions arrived more than once");
    });
  }

  const CrashTrialOptions& options_;
  const Clock& clock_;
  Folder folder_;
  Shop shop_;
  std::string secret_;
  Guarded<Arrivals> arrivals_;
  std::unique_ptr<Receiver> receiver_;  // last of the members that its thread uses
  std::mt19937 random_{std::random_device{}()};
  CrashTrialReport report_;
  bool ran_to_completion_ = false;
};

}  // namespace

CrashTrialReport run_crash_trial(const CrashTrialOptions& options, const Clock& clock) {
  return CrashTrial(options, clock).run();
}

}  // namespace vhookd
