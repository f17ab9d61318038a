// Answers that hold for all webhooks of a database for a moment: what is under way there costs the server to show, and
// InnoDB renews it only while nobody looks for 100 ms. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/connector.h"
#include "core/clock.h"

namespace vhookd {

class SharedLooks {
 public:
  explicit SharedLooks(const Clock& clock) : clock_(clock) {}

  // The answer to the same question of the same database, where it is not older than a second; else asks `session`,
  // while others who want to know wait for what it says. A refusal is an answer too; other errors are not kept.
  Result<void> look(const config::Database& database, Connector& session, const Query& query, const OnRow& on_row);

 private:
  struct Place {
    std::mutex mutex;  // guards the rest
    std::string sql;
    std::optional<Tick> asked;  // none: not yet
    Result<void> done;
    std::vector<std::vector<Param>> rows;
  };

  Place& place(const config::Database& database);

  const Clock& clock_;
  std::mutex mutex_;  // guards the map; a place stays where it is
  std::map<std::string, std::unique_ptr<Place>> places_;
};

}  // namespace vhookd
