// What the cases of the suite share, and the cases that need no table.
#include "tests/connectors/conformance.h"

#include <array>
#include <ostream>
#include <utility>

namespace vhookd::conformance {

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Backend& backend) {
  return out << backend.name;
}

std::string_view name_of(Kind kind) {
  constexpr std::array<std::string_view, 11> names = {"integer",     "decimal", "real",       "boolean",
                                                      "text",        "json",    "loose_json", "timestamp",
                                                      "timestamptz", "binary",  "hex"};
  const auto at = static_cast<std::size_t>(kind);
  return at < names.size() ? names[at] : "array";
}

void Conformance::SetUp() {
  const auto& backend = GetParam();
  if (!backend.unavailable.empty())
    GTEST_SKIP() << "NOT TESTED: no " << backend.name << " to be had: " << backend.unavailable;
  ASSERT_TRUE(backend.connect) << "Backend::connect is required";
  session_ = open();
  ASSERT_TRUE(session_);
}

void Conformance::TearDown() {
  session_.reset();  // its locks would make the DROP wait
  for (auto sql = made_.rbegin(); sql != made_.rend(); ++sql) execute(*sql);
}

std::unique_ptr<SqlSession> Conformance::open(const ConnectOptions& options) {
  auto session = GetParam().connect(GetParam().reader, options);
  if (session) return std::move(*session);
  ADD_FAILURE() << "can't connect: " << session.error().message;
  return nullptr;
}

Error Conformance::refused(const config::Database& database) {
  const ConnectOptions options{.connect_timeout = std::chrono::seconds(3)};
  const auto session = GetParam().connect(database, options);
  if (session) {
    ADD_FAILURE() << "connected, where it could not";
    return {};
  }
  expect_clean(session.error());
  return session.error();
}

std::string Conformance::literal(const std::string& text) const {
  if (GetParam().literal) return GetParam().literal(text);
  return "'" + replaced(text, "'", "''") + "'";
}

std::string Conformance::placeholders(std::string sql) const {
  int number = 0;
  for (auto at = sql.find('?'); at != std::string::npos;) {
    const auto placeholder = GetParam().placeholder(++number);
    sql.replace(at, 1, placeholder);
    at = sql.find('?', at + placeholder.size());
  }
  return sql;
}

std::string Conformance::make_table(const std::string& name, const std::string& columns) {
  const auto quoted = quote(name);
  execute("DROP TABLE IF EXISTS " + quoted);
  execute("CREATE TABLE " + quoted + " " + columns);
  made_.push_back("DROP TABLE IF EXISTS " + quoted);
  return quoted;
}

std::string Conformance::make_view(const std::string& name, const std::string& select) {
  const auto quoted = quote(name);
  execute("DROP VIEW IF EXISTS " + quoted);
  execute("CREATE VIEW " + quoted + " AS " + select);
  made_.push_back("DROP VIEW IF EXISTS " + quoted);
  return quoted;
}

std::string Conformance::make_rows(const std::string& name, int rows) {
  const auto quoted = make_table(name, "(id integer NOT NULL PRIMARY KEY, name varchar(100))");
  const auto sql = replaced(GetParam().generate_rows_sql, "{table}", quoted);
  execute(replaced(sql, "{rows}", std::to_string(rows)));
  return quoted;
}

Table Conformance::described(const std::string& name) {
  auto table = session_->describe({.schema = {}, .name = name});
  if (table) return std::move(*table);
  ADD_FAILURE() << "describe " << name << ": " << table.error().message;
  return {};
}

Query Conformance::select(const Table& table, const std::string& tail, std::vector<Param> params) const {
  std::string list;
  for (const auto& column : table.columns) {
    const auto quoted = quote(column.name);
    auto expression = column.select_as.empty() ? std::string("{}") : column.select_as;
    // Not replaced(): a column's own name may hold {}.
    for (auto at = expression.find("{}"); at != std::string::npos; at = expression.find("{}", at + quoted.size()))
      expression.replace(at, 2, quoted);
    if (!list.empty()) list += ", ";
    list += expression + " AS " + quoted;
  }
  return {.sql = "SELECT " + list + " FROM " + quote(table.name.name) + " " + placeholders(tail),
          .params = std::move(params),
          .table = &table};
}

std::vector<Cells> Conformance::rows(const Query& query) {
  std::vector<Cells> all;
  const auto done = session_->read(query, [&](Row row) {
    auto& cells = all.emplace_back();
    for (const auto& value : row) cells.emplace_back(value);
    return true;
  });
  if (!done) {
    ADD_FAILURE() << query.sql << ": " << done.error().message;
    expect_clean(done.error());
  }
  return all;
}

std::vector<std::string> Conformance::first(const Query& query) {
  std::vector<std::string> texts;
  for (const auto& row : rows(query)) texts.push_back(row.at(0).null ? "NULL" : row.at(0).text);
  return texts;
}

Error Conformance::error_of(SqlSession& session, const Query& query) {
  const auto done = session.read(query, [](Row) { return true; });
  if (done) {
    ADD_FAILURE() << "should have failed: " << query.sql;
    return {};
  }
  expect_clean(done.error());
  return done.error();
}

std::string Conformance::count(const std::string& quoted_table) {
  const auto answer = first({.sql = "SELECT count(*) FROM " + quoted_table, .params = {}});
  return answer.size() == 1 ? answer[0] : "no single row";
}

void Conformance::expect_clean(const Error& error) const {
  EXPECT_FALSE(error.message.empty());
  const auto& password = GetParam().password;
  const auto leaked = !password.empty() && error.message.find(password) != std::string::npos;
  EXPECT_FALSE(leaked) << error.message;
}

TEST_P(Conformance, NamesItsServer) {
  const auto server = session_->server();
  EXPECT_NE(server.find(' '), std::string::npos) << server;
  EXPECT_NE(server.find('.'), std::string::npos) << server;
}

TEST_P(Conformance, WrongPasswordIsForTheOperator) {
  if (!GetParam().bad_login) GTEST_SKIP() << "no logins here";
  EXPECT_EQ(refused(*GetParam().bad_login).recourse, Recourse::ask_operator);
}

TEST_P(Conformance, UnknownDatabaseIsForTheOperator) {
  if (!GetParam().unknown_database) GTEST_SKIP() << "one database here";
  EXPECT_EQ(refused(*GetParam().unknown_database).recourse, Recourse::ask_operator);
}

TEST_P(Conformance, UnreachableServerIsTriedAgain) {
  if (!GetParam().unreachable) GTEST_SKIP() << "no server here";
  EXPECT_EQ(refused(*GetParam().unreachable).recourse, Recourse::reconnect);
}

}  // namespace vhookd::conformance
