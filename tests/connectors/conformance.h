// The suite that every SQL connector passes on its real server: it *is* the contract of connectors/sql/session.h.
// A database takes part by describing itself as a Backend; the cases are the same for all. What polls make of the rows
// is the layer above, detection_conformance.h.
//
// A test program takes part in CMake with
//   vhookd_test(sqlite_test connectors/sqlite_test.cc)
//   target_link_libraries(sqlite_test PRIVATE conformance detection_conformance)
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "connectors/connector.h"
#include "connectors/sql/session.h"

namespace vhookd::conformance {

// One value on its way: a column of `type` is made, `literal` inserted, and what the connector hands
// over must be `kind` and `text`.
struct TypeCase {
  std::string name;     // of the case, [a-z0-9_]+
  std::string type;     // SQL, "numeric(65,10)"
  std::string literal;  // SQL, "'12.5'"
  Kind kind = Kind::text;
  std::string text;  // std::nullopt-like: see null
  bool null = false;
  Kind element = Kind::text;
  std::optional<Kind> described = std::nullopt;  // what describe() says of the column, where it is another than `kind`
  // Bound back, the value must find its row, or keyset pages would skip or repeat it. Unset: checked
  // for the kinds every database compares exactly (integer, decimal, boolean, timestamps, binary).
  std::optional<bool> finds_itself = std::nullopt;
};

struct Backend {
  std::string name;                                      // "postgres15"
  std::string unavailable;                               // why the server is not to be had; empty: it is
  config::Database reader;                               // as a role with SELECT only
  std::function<void(const std::string& sql)> execute;   // as the owner of reader's schema; throws on error
  std::function<std::string(const std::string&)> quote;  // an identifier
  std::function<std::string(int)> placeholder;           // 1-based: "$1" or "?"
  std::vector<TypeCase> types;
  std::string big_text_sql;             // an expression giving 10 MB of the letter x
  std::string generate_rows_sql;        // INSERT of {rows} rows (id, name) into {table}, ids from 1
  std::function<void()> kill_sessions;  // ends the reader's sessions at the server; empty: not possible

  // What execute() creates, the reader can SELECT; it speaks UTF-8 and each call commits by itself.

  std::function<Result<std::unique_ptr<SqlSession>>(const config::Database&, const ConnectOptions&)> connect =
      {};                                                           // REQUIRED: connect_postgres and its like
  std::function<std::string(const std::string&)> literal = {};      // text as SQL; empty: '…' with ' doubled
  std::string timestamp_type = "timestamp(6)";                      // without zone, microseconds
  std::string binary_type = "blob";                                 // holds any bytes
  std::string binary_sql = "x'00ff5c27'";                           // those four bytes as a literal
  bool may_write = false;                                           // what describe() says of the reader's role
  std::string password = {};                                        // never to be seen in an error
  std::optional<config::Database> bad_login = std::nullopt;         // a wrong password
  std::optional<config::Database> unknown_database = std::nullopt;  // the right login, no such database
  std::optional<config::Database> unreachable = std::nullopt;       // nothing listens there
  std::string slow_sql = {};                                        // a SELECT that would run for half a minute or more
};

// Printed as its name by GoogleTest.
std::ostream& operator<<(std::ostream& out, const Backend& backend);

// A value that outlives its row.
struct Cell {
  Kind kind = Kind::text;
  Kind element = Kind::text;
  bool null = false;
  std::string text;

  explicit Cell(const Value& value) : kind(value.kind), element(value.element), null(value.null), text(value.text) {}
};
using Cells = std::vector<Cell>;

// The suite; instantiate as INSTANTIATE_TEST_SUITE_P(Postgres15, Conformance, ::testing::Values(make_backend())).
class Conformance : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override;     // skips where the server is not to be had; opens session_
  void TearDown() override;  // drops what the test made

  std::unique_ptr<SqlSession> open(const ConnectOptions& options = {});
  Error refused(const config::Database& database);  // the error of connecting there

  void execute(const std::string& sql) { GetParam().execute(sql); }
  std::string quote(const std::string& name) const { return GetParam().quote(name); }
  std::string literal(const std::string& text) const;
  std::string placeholders(std::string sql) const;  // each ? as this database writes it

  // Makes it anew and has it dropped at the end. Gives the quoted name.
  std::string make_table(const std::string& name, const std::string& columns);
  std::string make_view(const std::string& name, const std::string& select);
  std::string make_rows(const std::string& name, int rows);  // (id, name) from generate_rows_sql

  Table described(const std::string& name);  // as session_ sees it; fails the test where that fails
  // All columns of `table`, each as its select_as says under its own name; ? in `tail` are placeholders.
  Query select(const Table& table, const std::string& tail = {}, std::vector<Param> params = {}) const;
  Query select(Table&& table, const std::string& tail = {}, std::vector<Param> params = {}) const = delete;

  std::vector<Cells> rows(const Query& query);              // fails the test where the read fails
  std::vector<std::string> first(const Query& query);       // the first column's texts; NULL as "NULL"
  Error error_of(SqlSession& session, const Query& query);  // fails the test where the read succeeds
  std::string count(const std::string& quoted_table);       // as text
  void expect_clean(const Error& error) const;              // says something, and not the password

  std::unique_ptr<SqlSession> session_;

 private:
  std::vector<std::string> made_;  // DROP statements, to run in reverse
};

std::string_view name_of(Kind kind);

}  // namespace vhookd::conformance
