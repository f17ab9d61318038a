// How one webhook asks its table: what the configuration wants, held against what the catalogue has.
// Pure; every misfit is an error that names the column and the mend.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/table.h"
#include "scheduler/detect/digest.h"

namespace vhookd {

enum class Strategy { xid, timestamp, snapshot };
std::string_view name_of(Strategy strategy);

// A poll by xid takes 0.14 s a million rows, the server's time. Below that narrowing would save less than a hundredth
// of one backend where a webhook is polled every 15 s, and every poll had better see all there is.
inline constexpr std::int64_t large_table_rows = 1'000'000;

struct KeyColumn {
  std::string name;
  std::string sql;       // how it is named in SQL, quoted
  std::string order;     // the expression whose order is the byte order of scheduler/detect/key.h
  std::size_t position;  // in the selected row
};

// A row of the scan holds the columns of `selected`, then what the strategy adds.
struct Plan {
  const config::Webhook* webhook = nullptr;
  const Table* table = nullptr;
  Dialect dialect = Dialect::postgres;
  Strategy strategy = Strategy::snapshot;
  std::string reason;                     // why this strategy, for explain and the log
  std::string from;                       // schema.table, quoted
  std::vector<std::string> selected;      // SQL of each selected column, "expression AS name"
  std::vector<std::string> values;        // the same without the name
  std::size_t digested = 0;               // the digest is over the first so many of the row
  Typing typing = Typing::by_column;      // and tells the types of cells apart, where each has its own
  std::vector<std::string> delivered;     // names of the record's columns, in order
  std::vector<std::size_t> delivered_at;  // where each stands in the row
  std::vector<KeyColumn> key;             // empty: rows can't be told apart (xid alone works then)
  bool firm_key = false;                  // the catalogue vouches that it is unique and never NULL
  std::string stamp;                      // column that moves when a row is born or changed; empty: none
  std::size_t stamp_at = 0;
  bool stamp_nullable = true;
  std::string updated;  // column taken for the time of the last change; empty: none
  std::string created;  // column that tells new from changed
  std::size_t created_at = 0;
  std::string gone;                 // condition under which a row counts as deleted; empty: never
  std::vector<std::string> filter;  // conditions, ANDed; each ? is to become a placeholder
  std::vector<Param> filter_params;
  std::optional<std::int64_t> range_rows;  // most rows of a range compared by its fingerprint; none: as fits the table
  bool remembers = false;                  // keeps known rows (keys and digests)
  bool narrow_wanted =
      false;  // large, and `stamp` may narrow most polls by xid (scheduler/detect/xid/xid_narrowing.h) …
  std::string narrow_index;  // … by this index; empty: each poll looks at all rows
  bool whole = false;        // this poll looks at all rows, narrowed or not
  std::string fingerprint;   // of all that opens a new epoch when it changes
  std::string footing;       // kept behind it (scheduler/detect/epoch.h)

  bool wants_created() const;  // rows that are new are sent
  bool wants_updated() const;  // rows that changed are sent
};

// `before`: the strategy this webhook has state for; under `detect: auto` it is kept, because another
// one would begin with a silent baseline. The plan points at both arguments: they outlive it.
Result<Plan> make_plan(const config::Webhook& webhook, const Table& table, std::optional<Strategy> before);

}  // namespace vhookd
