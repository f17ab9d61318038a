// The suite every connector passes on its real server: it *is* the contract of connectors/connector.h.
// A database takes part by describing itself as a Backend; the cases are the same for all.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "connectors/connector.h"

namespace vhookd::conformance {

// One value on its way: a column of `type` is made, `literal` inserted, and what the connector hands
// over must be `kind` and `text`.
struct TypeCase {
  std::string name;     // of the case, [a-z0-9_]+
  std::string type;     // SQL, "numeric(65,10)"
  std::string literal;  // SQL, "'12.5'"
  Kind kind = Kind::text;
  std::string text;     // std::nullopt-like: see null
  bool null = false;
  Kind element = Kind::text;
};

struct Backend {
  std::string name;                                      // "postgres15"
  std::string unavailable;                               // why the server is not to be had; empty: it is
  config::Database reader;                               // as a role with SELECT only
  std::function<void(const std::string& sql)> execute;   // as the owner of reader's schema; throws on error
  std::function<std::string(const std::string&)> quote;  // an identifier
  std::function<std::string(int)> placeholder;           // 1-based: "$1" or "?"
  std::vector<TypeCase> types;
  std::string big_text_sql;                              // an expression giving 10 MB of the letter x
  std::string generate_rows_sql;                         // INSERT of {rows} rows (id, name) into {table}
  std::function<void()> kill_sessions;                   // ends the reader's sessions at the server; empty: not possible
};

// Printed as its name by GoogleTest.
std::ostream& operator<<(std::ostream& out, const Backend& backend);

// The suite; instantiate as INSTANTIATE_TEST_SUITE_P(Postgres15, Conformance, ::testing::Values(make_backend())).
class Conformance : public ::testing::TestWithParam<Backend> {};

}  // namespace vhookd::conformance
