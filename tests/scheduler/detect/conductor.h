// Plays the daemon around a poll: drives it, commits part by part into a memory of its own as the store does, and
// can die at any row. What it has received is what a receiver would hold.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "connectors/connector.h"
#include "connectors/sql/session.h"
#include "scheduler/detect/method.h"

namespace vhookd::testing {

// Stands for a database's session: where the statements go that the questions are made into.
struct Answers {
  std::function<void()> begin = [] {};  // one view of the data from here …
  std::function<void()> end = [] {};    // … to here
  std::function<Result<void>(const Query&, const OnRow&)> read;
};

Answers source_of(SqlSession& session);

struct Received {
  PageType type = PageType::virtual_;
  nlohmann::json record;
};

// How one poll went.
enum class Went { whole, cut, wrong };

// When a poll dies: after so many rows, or after so many committed parts.
struct Death {
  std::optional<int> rows;
  std::optional<int> parts;
};

class Conductor {
 public:
  // Parts are sealed as early as can be, so that a few rows show every border.
  Conductor(config::Webhook webhook, Table table, int max_records = 3);

  Went poll(Source& source, Death death = {});
  Went poll(Answers& source, Death death = {});
  // Polls until nothing is left to do; false: it went wrong, see error.
  bool settle(Source& source);

  // One that must succeed, of all that is there.
  void poll_all(Answers source);

  // The last poll looked at a range of updated_at alone.
  bool was_narrow() const;

  // The received records with `field` equal to `value`.
  std::vector<Received> with(const std::string& field, const nlohmann::json& value) const;

  config::Webhook webhook;
  Table table;
  int max_records;
  std::size_t part_bytes = 1;
  std::size_t part_known_rows = 4;
  int rows_a_view = 0;                     // a view is left for a newer one after so many; 0: never
  std::optional<std::int64_t> range_rows;  // none: as the plan has it

  std::string checkpoint;
  std::map<std::string, KnownRow> known;
  std::map<std::string, KnownRange> ranges;
  std::vector<Received> received;
  std::vector<int> page_sizes;     // of the pages received, in order
  std::vector<std::string> asked;  // the SQL of the last poll of Answers
  std::string error;
  std::string last_notice;
  bool more = false;
  bool whole = false;       // polls look at all rows
  bool up_to_date = false;  // the last poll has left nothing
  int rows = 0;             // of the last poll
  std::uint64_t next_sequence = 1;

 private:
  class Watch;
  PageBuilder builder(const Plan& plan) const;
  KnownRows look_ups();
  void commit(Part part, std::optional<std::int64_t> forget_below);
};

// A webhook and a table to begin with.
config::Webhook a_webhook(DbType type, config::Event event);
Column column(const std::string& name, Kind kind, bool nullable = false);

}  // namespace vhookd::testing
