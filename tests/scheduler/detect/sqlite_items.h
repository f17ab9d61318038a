// A table of items in a real SQLite database, read through the real connector, under a clock that is moved.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/connectors/sqlite_files.h"
#include "tests/scheduler/detect/conductor.h"

namespace vhookd::testing {

// How the program that owns the table writes its times.
enum class Times { sql_micros, sql_seconds, iso_millis, mixed, seconds, millis };

struct Item {
  std::int64_t version = 0;
  std::int64_t flag = 0;
  bool gone = false;  // softly deleted
};

class SqliteItems {
 public:
  explicit SqliteItems(Times times);

  std::string stamp(Instant at) const;  // as an SQL literal
  void put(std::int64_t id, const Item& item, const std::string& updated, const std::string& created);
  void remove(std::int64_t id);
  void execute(const std::string& sql) { writer_.execute(sql); }
  const std::map<std::int64_t, Item>& rows() const { return rows_; }

  Table describe();
  // Answers as SQLite does, but for the time. `between`: run where a poll lets go of its view.
  Answers source(std::function<void()> between = [] {});

  Instant now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(23)};  // of the database

 private:
  Times times_;
  Folder folder_;
  Writer writer_;
  std::unique_ptr<SqlSession> session_;
  std::map<std::int64_t, Item> rows_;
  mutable int stamps_ = 0;
};

}  // namespace vhookd::testing
