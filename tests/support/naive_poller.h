// The poller that everybody writes first: rows past the last (updated_at, id) seen. It misses what commits
// after its cursor has passed the row's stamp; a test that it would pass shows nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/support/sql_session.h"

namespace vhookd::testing {

class NaivePoller {
 public:
  NaivePoller(std::unique_ptr<SqlSession> session, std::string table)
      : session_(std::move(session)), table_(std::move(table)) {}

  void poll() {
    const auto after = " updated_at > '" + stamp_ + "' OR (updated_at = '" + stamp_ + "' AND id > " + id_ + ")";
    for (auto& row :
         session_->rows("SELECT id, v, updated_at FROM " + table_ + " WHERE" + after + " ORDER BY updated_at, id")) {
      seen_[row[0]] = row[1];
      id_ = row[0];
      stamp_ = row[2];
    }
  }

  // Rows at or below the cursor, never to be asked for again, whose version it has not seen.
  std::int64_t missed() const {
    std::int64_t count = 0;
    for (const auto& row : session_->rows("SELECT id, v FROM " + table_ + " WHERE updated_at < '" + stamp_ + "'"))
      if (const auto seen = seen_.find(row[0]); seen == seen_.end() || seen->second != row[1]) ++count;
    return count;
  }

 private:
  std::unique_ptr<SqlSession> session_;
  std::string table_;
  std::string stamp_ = "2001-01-01 00:00:00";
  std::string id_ = "0";
  std::map<std::string, std::string> seen_;  // version by id
};

}  // namespace vhookd::testing
