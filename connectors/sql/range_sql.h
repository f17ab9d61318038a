// How an SQL database computes the hashes of key ranges (core/range_hash.h), and hands over the rows of those that
// differ, each with its hashes. Pure.
//
// What a row's hash is made of: every column the scan selects, as the text the server would send, with NULLs and
// lengths unmistakable, and whether the filters match. With Selection::keys_alone the key and that match are enough, so
// that an update makes no difference and the server can use an index alone.
#pragma once

#include <string>

#include "connectors/sql/dialect.h"
#include "connectors/sql/statement.h"
#include "core/question.h"

namespace vhookd {

Query range_hashes_query(const Dialect& dialect, const RangeHashes& asked);
Query range_rows_query(const Dialect& dialect, const RangeRows& asked);

// For dialects: `call` over all that a row's hash is made of; of wide tables in several calls of `inner` within one,
// because databases take about a hundred arguments. `separated`: the first argument is ','.
void add_hash_call(Sql& sql, const Dialect& dialect, const Selection& of, const std::string& call,
                   const std::string& inner, bool separated);

// Text that is made of digits and signs alone: no comma, no quote, never empty.
bool is_plain(const Column& column);

}  // namespace vhookd
