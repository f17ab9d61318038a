#include "tests/support/writers.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/time_text.h"

namespace vhookd::testing {

using std::chrono::milliseconds;
using std::chrono::minutes;

namespace {

constexpr int first_rows = 4000;   // there before anyone writes
constexpr int most_numbers = 500;  // MySQL recurses no deeper than 1000
constexpr int usual_keys = 6000;   // most writes go to these
constexpr int most_slow_ms = 3000;

Instant now() {
  return SystemClock().now();
}

// About 300 bytes, so that the first sync is more than one part of a commit.
std::string note_of(std::int64_t version) {
  return "note " + std::to_string(version) + ' ' + std::string(280, static_cast<char>('a' + version % 26));
}

std::string table_sql(const Shop& shop, const std::string& name) {
  if (shop.is_postgres())
    return "CREATE TABLE " + name +
           " (id bigint PRIMARY KEY, v bigint NOT NULL, note text, created_at timestamptz NOT NULL DEFAULT now(), "
           "updated_at timestamptz NOT NULL DEFAULT now())";
  if (shop.is_sqlite())
    return "CREATE TABLE " + name +
           " (id INTEGER PRIMARY KEY, v INTEGER NOT NULL, note TEXT, created_at TEXT NOT NULL DEFAULT "
           "(strftime('%Y-%m-%d %H:%M:%f', 'now')), updated_at TEXT NOT NULL DEFAULT "
           "(strftime('%Y-%m-%d %H:%M:%f', 'now')))";
  return "CREATE TABLE " + name +
         " (id BIGINT PRIMARY KEY, v BIGINT NOT NULL, note TEXT, created_at TIMESTAMP(6) NOT NULL DEFAULT "
         "CURRENT_TIMESTAMP(6), updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE "
         "CURRENT_TIMESTAMP(6))";
}

}  // namespace

void Journal::add(const Key& key, Event event) {
  const std::lock_guard lock(mutex_);
  events_[key].push_back(event);
}

std::map<Journal::Key, std::vector<Journal::Event>> Journal::lives() const {
  const std::lock_guard lock(mutex_);
  auto lives = events_;
  // Who writes a key next waits for the commit before, so its own commit is sent later, though its answer may
  // come sooner. Events of one transaction tie, and stand in their order.
  for (auto& [key, events] : lives)
    std::ranges::stable_sort(events, {}, [](const Event& event) { return event.before; });
  return lives;
}

// One thread's work.
class Writers::Connection {
 public:
  Connection(Writers& all, int number)
      : all_(all),
        number_(number),
        dice_(all.options_.seed * 1000 + static_cast<std::uint64_t>(number)),
        session_(SqlSession::open(all.shop_, all.options_.server)),
        skew_(below(9000) - 4500),
        zone_(minutes(std::array{0, 330, -210, 780}.at(static_cast<std::size_t>(below(4))))) {
    set_zone();
    if (all_.shop_.is_postgres()) session_->run("SET lock_timeout = '3s'");
    if (all_.shop_.is_mysql()) session_->run("SET innodb_lock_wait_timeout = 3");
  }

  void work() {
    while (!all_.stopping_) {
      try {
        transaction();
      } catch (const Refused&) {  // a deadlock, a lock not had in time
        ++all_.counts_.refused;
        effects_.clear();
        recover();
      }
      pause(below(20));
      if (all_.shop_.is_sqlite()) pause(below(40));  // one writer at a time: let the others have the file
    }
  }

 private:
  struct Effect {
    Journal::Key key;
    bool born = false;
  };

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(dice_); }
  bool chance(int percent) { return below(100) < percent; }
  bool plain() const { return all_.options_.plain; }
  void pause(int ms) const {
    for (int left = ms; left > 0 && !all_.stopping_; left -= 50) poll(nullptr, 0, std::min(left, 50));
  }
  void recover() {
    try {
      session_->run("ROLLBACK");
    } catch (const Refused&) {  // there was none to roll back
    }
  }

  // An application may keep its session in any zone.
  void set_zone() {
    const auto ahead = zone_.count() < 0 ? -zone_ : zone_;
    const auto hours = std::to_string(100 + ahead / std::chrono::hours(1)).substr(1);
    const auto text =
        (zone_.count() < 0 ? "-" : "+") + hours + ":" + std::to_string(100 + ahead.count() % 60).substr(1);
    if (all_.shop_.is_postgres()) session_->run("SET TIME ZONE INTERVAL '" + text + "' HOUR TO MINUTE");
    if (all_.shop_.is_mysql()) session_->run("SET time_zone = '" + text + "'");
  }

  void begin() {
    if (all_.shop_.is_sqlite()) {
      session_->run("BEGIN IMMEDIATE");
    } else if (all_.shop_.is_postgres() && chance(10)) {
      session_->run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    } else {
      session_->run("BEGIN");
    }
  }

  void transaction() {
    effects_.clear();
    begin();
    const bool slow = chance(all_.shop_.is_sqlite() ? 2 : 7);
    if (slow) ++all_.counts_.slow;
    const int statements = 1 + below(6);
    for (int i = 0; i < statements; ++i) {
      if (chance(25)) {
        savepoint();
      } else {
        statement();
      }
      if (slow) pause(below(most_slow_ms / statements));
    }
    if (chance(12)) {
      session_->run("ROLLBACK");
      ++all_.counts_.rolled_back;
    } else if (all_.shop_.is_postgres() && !plain() && chance(10)) {
      prepared();
    } else {
      commit("COMMIT");
    }
  }

  void savepoint(int depth = 0) {
    const auto kept = effects_.size();
    const auto name = "s" + std::to_string(depth);
    ++all_.counts_.savepoints;
    session_->run("SAVEPOINT " + name);
    statement();
    if (chance(30)) savepoint(depth + 1);
    statement();
    if (chance(50)) {
      session_->run("ROLLBACK TO SAVEPOINT " + name);
      effects_.resize(kept);
    }
    if (chance(50)) session_->run("RELEASE SAVEPOINT " + name);
  }

  void prepared() {
    const auto name = "'p" + std::to_string(getpid()) + "_" + std::to_string(number_) + "'";
    session_->run("PREPARE TRANSACTION " + name);
    ++all_.counts_.prepared;
    pause(below(1500));
    if (chance(80)) return commit("COMMIT PREPARED " + name);
    session_->run("ROLLBACK PREPARED " + name);
    ++all_.counts_.rolled_back;
  }

  void commit(const std::string& sql) {
    const auto before = now();
    session_->run(sql);
    const auto after = now();
    ++all_.counts_.commits;
    for (const auto& effect : effects_)
      all_.journal_.add(effect.key, {.born = effect.born, .before = before, .after = after});
    effects_.clear();
  }

  // The new updated_at (or created_at), as SQL.
  std::string stamp() {
    const auto& shop = all_.shop_;
    if (!plain() && chance(20)) {  // a client's own clock
      // PostgreSQL is told the zone; MySQL takes a text to be in the session's.
      const auto at = now() + milliseconds(skew_) + (shop.is_mysql() ? zone_ : minutes(0));
      auto text = rfc3339_seconds(std::chrono::floor<std::chrono::seconds>(at));
      text.pop_back();
      text[10] = ' ';
      const auto fraction = std::to_string(1'000'000 + (at.time_since_epoch().count() % 1'000'000)).substr(1);
      return "'" + text + "." + (shop.is_sqlite() ? fraction.substr(0, 3) : fraction) +
             (shop.is_postgres() ? "+00'" : "'");
    }
    if (shop.is_sqlite()) return "strftime('%Y-%m-%d %H:%M:%f', 'now')";
    if (shop.is_mysql()) return "now(6)";
    return plain() || chance(50) ? "now()" : "clock_timestamp()";
  }

  // ", updated_at = …"; may be empty where the table's change may go unstamped.
  std::string touch(const std::string& table) {
    if (table == "things" && !plain() && chance(30)) return all_.shop_.is_mysql() ? ", updated_at = updated_at" : "";
    if (all_.shop_.is_mysql() && chance(70)) return "";  // the server moves it
    return ", updated_at = " + stamp();
  }

  std::string some_key() {
    const auto moved = all_.next_key_.load() - 1'000'000;
    if (moved > 0 && chance(20)) return std::to_string(1'000'000 + below(static_cast<int>(moved)));
    return std::to_string(1 + below(usual_keys));
  }

  void wrote(std::int64_t rows) { all_.counts_.rows += rows; }

  void statement() {
    const std::string table = written_tables[below(2)];
    const auto version = all_.next_version_++;
    const auto v = std::to_string(version);
    const auto set = " SET v = " + v + ", note = '" + note_of(version) + "'" + touch(table);
    const auto key = some_key();
    const int kind = below(100);
    if (kind < 30) {
      insert(table, key, version);
    } else if (kind < 65) {
      wrote(session_->run("UPDATE " + table + set + " WHERE id = " + key));
    } else if (kind < 75) {
      wrote(session_->run("UPDATE " + table + set + " WHERE id BETWEEN " + key + " AND " + key + " + 8"));
    } else if (kind < 88) {
      const auto rows = session_->run("DELETE FROM " + table + " WHERE id = " + key);
      wrote(rows);
      if (rows > 0) effects_.push_back({{table, std::stoll(key)}, false});
    } else {
      const auto to = all_.next_key_++;
      const auto rows = session_->run("UPDATE " + table + set + ", id = " + std::to_string(to) +
                                      ", created_at = " + stamp() + " WHERE id = " + key);
      wrote(rows);
      if (rows == 0) return;
      effects_.push_back({{table, std::stoll(key)}, false});
      effects_.push_back({{table, to}, true});
    }
  }

  void insert(const std::string& table, const std::string& key, std::int64_t version) {
    const auto& shop = all_.shop_;
    const std::string verb = shop.is_postgres() ? "INSERT" : shop.is_sqlite() ? "INSERT OR IGNORE" : "INSERT IGNORE";
    const auto rows = session_->run(verb + " INTO " + table + " (id, v, note, updated_at) VALUES (" + key + ", " +
                                    std::to_string(version) + ", '" + note_of(version) + "', " + stamp() + ")" +
                                    (shop.is_postgres() ? " ON CONFLICT DO NOTHING" : ""));
    wrote(rows);
    if (rows > 0) effects_.push_back({{table, std::stoll(key)}, true});
  }

  Writers& all_;
  const int number_;
  std::mt19937_64 dice_;
  std::unique_ptr<SqlSession> session_;
  const int skew_;  // of the client's clock, in ms
  const std::chrono::minutes zone_;
  std::vector<Effect> effects_;
};

Writers::Writers(Shop& shop, WriterOptions options) : shop_(shop), options_(std::move(options)) {
  for (const std::string table : written_tables) {
    shop.run(table_sql(shop, table));
    shop.run("CREATE INDEX " + table + "_updated ON " + table + " (updated_at)");
    const auto before = now();
    for (int done = 0; done < first_rows; done += most_numbers)
      shop.run("INSERT INTO " + table + " (id, v, note) SELECT i + " + std::to_string(done) + ", -i, 'first' FROM " +
               shop.numbers(most_numbers));
    const auto after = now();
    for (int key = 1; key <= first_rows; ++key)
      journal_.add({table, key}, {.born = true, .before = before, .after = after});
  }
}

Writers::~Writers() {
  stop();
}

void Writers::start() {
  for (int number = 0; number < options_.connections; ++number) {
    auto connection = std::make_shared<Connection>(*this, number);
    threads_.emplace_back([connection] {
      try {
        connection->work();
      } catch (const std::exception& error) {
        ADD_FAILURE() << "a writer ended: " << error.what();
      }
    });
  }
}

void Writers::stop() {
  stopping_ = true;
  threads_.clear();
}

}  // namespace vhookd::testing
