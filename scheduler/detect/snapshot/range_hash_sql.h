// How a database is asked to compute the fingerprints of key ranges (core/range_hash.h), and for the rows of
// those that differ, each with its hashes. Pure.
//
// What a row's hash is made of: every column the scan selects, as the text the server would send, with NULLs and
// lengths unmistakable, and whether the filters match. For event deleted the key and that match are enough, so that
// an update is no difference and the server may do with an index alone.
//   PostgreSQL      concat_ws of the columns, text in quotes; hashtextextended under two seeds. Not
//                   hash_record_extended: it knows no scale of a numeric and folds a bigint to 32 bits; and not
//                   ROW(…)::text, which takes twice the time.
//   MySQL, MariaDB  CONCAT_WS and QUOTE, SHA2: MD5 is gone from MySQL 9.6. A row longer than max_allowed_packet
//                   has no hash; its range is read each time.
//   SQLite          a function of our own (connectors/sqlite/fingerprint.h): there is no server, but it takes a
//                   third of the time of handing each row over and comparing it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/known.h"
#include "core/query.h"
#include "scheduler/detect/plan.h"

namespace vhookd {

// From `first`, inclusive, to `end`, exclusive; empty: open. Keys as in scheduler/detect/key.h.
struct Stretch {
  std::string first;
  std::string end;
};

// Why this table is read whole at each poll instead; empty: ranges can be compared.
std::string why_no_fingerprints(const Plan& plan);

// An index gives the order of the key, so that one statement can pick ranges out of the table.
bool key_is_indexed(const Plan& plan);

// How many rows a range may have.
std::int64_t range_rows(const Plan& plan);

// REQUIRES of those below: why_no_fingerprints(plan) is empty.

// One line for each range with rows: its place in `ranges`, how many rows, the fingerprint (NULL: none to be had).
// `end`: where the last one ends.
Query ask_fingerprints(const Plan& plan, std::span<const KnownRange> ranges, const std::string& end);
std::size_t ranges_at_once(const Plan& plan);

// The rows of the stretches in key order: the columns of plan.selected, vhookd_matched, vhookd_hash.
Query ask_stretches(const Plan& plan, std::span<const Stretch> stretches);
std::size_t stretches_at_once(const Plan& plan);

}  // namespace vhookd
