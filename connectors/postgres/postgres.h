// PostgreSQL 13 to 18, and what speaks like it (Supabase), over libpqxx.
#pragma once

#include <memory>

#include "connectors/connector.h"
#include "connectors/sql/session.h"

namespace vhookd {

// Opens one session. `database.url` is any connection string libpq takes: a URI, one of several hosts
// among them, or keyword=value; what it says itself (application_name, connect_timeout, keepalives,
// TLS) wins over vhookd's defaults.
//
// Fails with reconnect where the server can't be reached or is not ready (down, starting, full), with
// ask_operator where a person must act (login, unknown database, TLS, a URL that can't be read).
//
// Every statement runs in a REPEATABLE READ READ ONLY transaction whose settings are local to it, so
// nothing is left behind in a session that a transaction pooler hands to someone else; the catalogue's question and
// those hinted as often are prepared where no pooler is in between. What is hinted as few is asked without a cursor
// and, outside begin and end, without a transaction.
//
// Values: text as the server prints it under UTC, DateStyle ISO, IntervalStyle postgres and
// extra_float_digits 1. Domains count as what they are over; types without a Kind of their own (money,
// ranges, composites, hstore, geometry …) are text. Of arrays:
//   - `element` is the kind of the innermost element, also of nested ones; bytea elements are
//     Kind::hex, but inside the literal each still stands as "\\x…";
//   - a literal may begin with its bounds, as [0:1]={a,b};
//   - arrays whose delimiter isn't a comma (box[]) are Kind::text.
//
// describe() lists the columns the role may read, which need not be all; of the indexes the B-trees
// that hold every row (no partial ones). estimated_rows of a partitioned table is its partitions' sum.
// tables() leaves out partitions: their rows are their parent's.
Result<std::unique_ptr<SqlSession>> connect_postgres(const config::Database& database, const ConnectOptions& options);

}  // namespace vhookd
