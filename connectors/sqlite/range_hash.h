// Two functions for SQL, on one connection: vhookd_hash(values…), a row's hashes, and the aggregate
// vhookd_fingerprint(values…), their sums; both as text, as core/range_hash.h has it. Over the cells as they are
// stored, types and NULLs told apart.
#pragma once

struct sqlite3;

namespace vhookd::sqlite {

// SQLite's result code.
int add_range_hash_functions(sqlite3* db);

}  // namespace vhookd::sqlite
