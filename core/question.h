// The questions that vhookd asks a database. Each names tables, columns and values, never a statement: a connector
// turns it into SQL or into the calls of its client library (core/source.h).
//
// A question points at its Selection, which outlives it. Each struct says which values a row of its answer has.
// "The columns" are those of Selection::columns, in that order, as describe() typed them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/filter.h"
#include "core/stamp.h"
#include "core/table.h"
#include "core/value.h"

namespace vhookd {

struct KeyColumn {
  std::string name;
  std::size_t position = 0;  // in Selection::columns
};

// What a webhook reads of one table. The table outlives it.
struct Selection {
  const Table* table = nullptr;
  std::vector<std::string> columns;  // the table's, then the row number where that is the key (RowNumber)
  std::vector<KeyColumn> key;        // empty: rows can't be told apart
  std::string stamp;                 // time column that moves with each change; empty: none
  std::string gone_column;           // a row counts as deleted where this is true, not 0, or not NULL; empty: none
  std::vector<Filter> filters;       // all have to hold
  bool keys_alone = false;           // range hashes are over key and match alone, and leave out rows that are gone
};

// -- Where the database stands

// The clock, for sources without change tokens. One row: the clock as a time in UTC; with `newest` also the largest
// value of the stamp column, typed as that, NULL where there is none.
struct ClockPosition {
  const Selection* of = nullptr;
  bool newest = false;
};

// One row: the largest value of the stamp column that is not above `up_to`.
struct NewestStamp {
  const Selection* of = nullptr;
  Param up_to;
};

// The oldest stamp that a transaction under way may have written. One row: that time, or NULL where what the server
// shows may be outdated. Where the role may not ask this, the answer is an error with Recourse::ask_operator. Only for
// sources with Capabilities::bounds_open_transactions.
struct OpenTransactionBound {};

// Only for sources with Capabilities::change_tokens. One row of texts:
//   "oldest:next:…"   the oldest token that may still become visible, and the next one that none has yet
//   server run        an id that changes when the server restarts; NULL: a standby, whose runs can't be told
//   files             with `files`: what row locations point into; of a table in parts "part:file,…"
//   clock, ahead      with `clock`: the time, and how many tokens past "next" the next to be given out is
//   newest            with `newest` (and `clock`): the largest stamp of the last 12 hours, at least 12 hours ago
struct ChangePosition {
  const Selection* of = nullptr;
  bool files = false;
  bool clock = false;
  bool newest = false;
};

// -- Rows

// A lower bound of the stamp column, in the form its values have.
struct StampBound {
  Instant at;
  StampForm form = StampForm::unknown;
};

// Rows in order. A row: the columns; with `match_column` also 1 or 0, whether the filters match (then rows that don't
// match come as well).
struct Scan {
  // by_key and by_stamp: as the database itself orders the columns, so that indexes serve. by_key_bytes: the order of
  // core/key.h.
  enum class Order { none, by_key, by_stamp, by_key_bytes };
  enum class Stamps { any, null, not_null };

  const Selection* of = nullptr;
  bool match_column = false;
  Order order = Order::none;
  std::vector<Param> after;        // values of the order's columns (by_stamp: stamp, then key); empty: from the start
  std::optional<StampBound> from;  // rows stamped at or after this
  Stamps stamps = Stamps::any;
  bool without_gone = false;  // leaves out rows that count as deleted
  int limit = 0;              // 0: none
};

// Rows by the change token of the transaction that wrote each. Only for sources with Capabilities::change_tokens.
// A row: the columns; its token (32 bits of it); with `locations` where it lies, and in a table of parts which part;
// with `row_count` (only together with `match_column`) how many rows the table has, 0 with `stamped_from`, NULL where
// the table was rewritten after the view began; with `match_column` 1 or 0. In the order of the key, or with
// `locations` of part and location.
struct ChangeScan {
  struct Newer {
    std::uint64_t horizon = 0;                                    // rows of tokens at or above it …
    std::set<std::uint64_t> except;                               // … and not among these
    std::optional<std::set<std::uint64_t>> parts = std::nullopt;  // and all rows of these parts, in a table of parts
  };
  const Selection* of = nullptr;
  bool match_column = false;
  bool locations = false;
  bool row_count = false;
  std::optional<Newer> newer;            // none: all rows
  std::optional<Param> stamped_from;     // of those, rows stamped at or after this
  std::optional<Param> or_stamped_from;  // besides those, rows stamped at or after this
  std::vector<Param> after;              // values of the order's columns; empty: from the start
};

// One row: with `count` how many rows the table has, as text, else NULL; "true" where the table is still the one that
// the view shows (not rewritten since); with `clock` the time. Only for sources with Capabilities::change_tokens.
struct TableCheck {
  const Selection* of = nullptr;
  bool count = false;
  bool clock = false;
};

// The keys of all rows in the order of core/key.h. A row: the key's columns.
struct Keys {
  const Selection* of = nullptr;
};

// The rows that have one of these keys (bytes as of core/key.h), in any order. A row: the columns, then 1 or 0, whether
// it counts as deleted.
struct Lookup {
  const Selection* of = nullptr;
  std::vector<std::string> keys;
};

// How many rows the table has. One row of one integer.
struct RowCount {
  const Selection* of = nullptr;
};

// -- Ranges of the key. Only for sources with Capabilities::range_hashes.

// From `first`, inclusive, to `end`, exclusive; empty: open. Keys as of core/key.h.
struct KeyRange {
  std::string first;
  std::string end;
};

// Ranges side by side. A row for each range that has rows: its index, how many rows, their range hash
// (core/range_hash.h; NULL: none to be had).
struct RangeHashes {
  const Selection* of = nullptr;
  std::vector<std::string> starts;
  std::string end;  // of the last one
};

// The rows of these ranges in the order of core/key.h. A row: the columns, 1 or 0 whether the filters match, its two
// hashes (core/range_hash.h).
struct RangeRows {
  const Selection* of = nullptr;
  std::vector<KeyRange> ranges;
};

using Question = std::variant<ClockPosition, NewestStamp, OpenTransactionBound, ChangePosition, Scan, ChangeScan,
                              TableCheck, Keys, Lookup, RowCount, RangeHashes, RangeRows>;

// Asks where the database stands, not for rows.
inline bool is_position(const Question& question) {
  return question.index() < 4;
}

}  // namespace vhookd
