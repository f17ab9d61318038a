// How one webhook reads its table: what the configuration wants, checked against what the catalogue has and what the
// database can do. Pure; every misfit is an error that names the column and how to fix it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/error.h"
#include "core/source.h"
#include "core/table.h"
#include "scheduler/detect/digest.h"

namespace vhookd {

enum class Strategy { xid, timestamp, snapshot };
std::string_view name_of(Strategy strategy);

// A poll by xid takes 0.14 s a million rows, the server's time. Below that narrowing would save less than a hundredth
// of one backend where a webhook is polled every 15 s, and every poll had better see all there is.
inline constexpr std::int64_t large_table_rows = 1'000'000;

// A row of a scan holds the columns of the selection, then what the method adds.
struct Plan {
  const config::Webhook* webhook = nullptr;
  const Table* table = nullptr;
  const SourceTraits* traits = nullptr;
  Strategy strategy = Strategy::snapshot;
  std::string reason;                     // why this strategy, for explain and the log
  Selection selection;                    // what is read; no key: rows can't be told apart (xid alone works then)
  SelectionText text;                     // the same in the database's words
  std::size_t digested = 0;               // the digest is over the first so many of the row
  Typing typing = Typing::by_column;      // and tells the types of cells apart, where each has its own
  std::vector<std::string> delivered;     // names of the record's columns, in order
  std::vector<std::size_t> delivered_at;  // where each stands in the row
  bool firm_key = false;                  // the catalogue vouches that the key is unique and never NULL
  std::size_t stamp_at = 0;               // where the selection's stamp stands in the row
  bool stamp_nullable = true;
  std::string updated;  // column taken for the time of the last change; empty: none
  std::string created;  // column that tells new from changed
  std::size_t created_at = 0;
  std::optional<std::int64_t> range_rows;  // most rows of a range compared by its hash; none: as fits the table
  bool remembers = false;                  // keeps known rows (keys and digests)
  // Large, and the stamp may narrow most polls by xid (scheduler/detect/xid/xid_narrowing.h) …
  bool narrow_wanted = false;
  std::string narrow_index;       // … by this index; empty: each poll looks at all rows
  bool whole = false;             // this poll looks at all rows, narrowed or not
  std::string fingerprint;        // of all that opens a new epoch when it changes
  std::string detection_columns;  // kept behind it (scheduler/detect/epoch.h)

  bool wants_created() const;  // rows that are new are sent
  bool wants_updated() const;  // rows that changed are sent
};

// `before`: the strategy this webhook has state for; under `detect: auto` it is kept, because another
// one would begin with a silent baseline. The plan points at the other arguments: they outlive it.
Result<Plan> make_plan(const config::Webhook& webhook, const Table& table, const SourceTraits& traits,
                       std::optional<Strategy> before);

}  // namespace vhookd
