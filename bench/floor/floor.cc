// What is possible: the straight-line program. It reads a table of bench/workloads.py by keyset over the same
// client library, writes the same JSON, signs and POSTs page after page. No durability, no retries, no state,
// nothing that finds changes.
//
//   bench_floor postgres|mysql|sqlite SOURCE TABLE HOOK_URL PAGE_ROWS
//     SOURCE: a libpq connection string, HOST:PORT:USER:PASSWORD:DATABASE, a file
#include <cppconn/connection.h>
#include <cppconn/driver.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/floor/poster.h"
#include "scheduler/payload/encode.h"

namespace vhookd::bench {
namespace {

constexpr int batch_rows = 10'000;  // rows asked for at once

const std::vector<std::string> columns = {"id",      "customer_id", "status", "total",      "paid",
                                          "address", "note",        "meta",   "created_at", "updated_at"};
constexpr std::array kinds = {Kind::integer, Kind::integer, Kind::text, Kind::decimal,     Kind::boolean,
                              Kind::text,    Kind::text,    Kind::json, Kind::timestamptz, Kind::timestamptz};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "floor: %s\n", why.c_str());
  std::exit(1);
}

RecordWriter writer() {
  return {columns, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
}

std::string select(const std::string& table, const std::string& after) {
  return "SELECT id, customer_id, status, total, paid, address, note, meta, created_at, updated_at FROM " + table +
         " WHERE id > " + after + " ORDER BY id LIMIT " + std::to_string(batch_rows);
}

void from_postgres(const std::string& source, const std::string& table, Pages& pages) {
  PGconn* connection = PQconnectdb(source.c_str());
  if (PQstatus(connection) != CONNECTION_OK) give_up(PQerrorMessage(connection));
  PQclear(PQexec(connection, "SET TimeZone = 'UTC'"));
  const auto write = writer();
  std::array<Value, kinds.size()> row;
  std::string after = "0";
  for (int got = batch_rows; got == batch_rows;) {
    PGresult* answer = PQexec(connection, select(table, after).c_str());
    if (PQresultStatus(answer) != PGRES_TUPLES_OK) give_up(PQerrorMessage(connection));
    got = PQntuples(answer);
    for (int i = 0; i < got; ++i) {
      for (int c = 0; c < static_cast<int>(row.size()); ++c) {
        const std::string_view text(PQgetvalue(answer, i, c), static_cast<std::size_t>(PQgetlength(answer, i, c)));
        row[c] = {.kind = kinds[c], .null = PQgetisnull(answer, i, c) == 1, .text = text};
      }
      write.append(pages.next(), row);
      pages.appended();
    }
    if (got > 0) after = PQgetvalue(answer, got - 1, 0);
    PQclear(answer);
  }
  PQfinish(connection);
}

void from_mysql(const std::string& source, const std::string& table, Pages& pages) {
  std::vector<std::string> parts(1);  // host, port, user, password, database
  for (const char c : source) {
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() != 5) give_up("SOURCE is no HOST:PORT:USER:PASSWORD:DATABASE");
  const std::unique_ptr<sql::Connection> connection(
      get_driver_instance()->connect("tcp://" + parts[0] + ":" + parts[1], parts[2], parts[3]));
  connection->setSchema(parts[4]);
  const std::unique_ptr<sql::Statement> statement(connection->createStatement());
  statement->execute("SET time_zone = '+00:00'");
  statement->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
  const auto write = writer();
  std::array<Value, kinds.size()> row;
  std::array<sql::SQLString, kinds.size()> texts;
  std::string after = "0";
  for (int got = batch_rows; got == batch_rows;) {
    got = 0;
    const std::unique_ptr<sql::ResultSet> answer(statement->executeQuery(select(table, after)));
    for (; answer->next(); ++got) {
      for (std::size_t c = 0; c < row.size(); ++c) {
        texts[c] = answer->getString(static_cast<std::uint32_t>(c + 1));
        row[c] = {.kind = kinds[c], .null = answer->wasNull(), .text = texts[c].asStdString()};
      }
      write.append(pages.next(), row);
      pages.appended();
    }
    if (got > 0) after = texts[0].asStdString();
  }
}

void from_sqlite(const std::string& source, const std::string& table, Pages& pages) {
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(source.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
    give_up(sqlite3_errmsg(database));
  const auto write = writer();
  std::array<Value, kinds.size()> row;
  std::string after = "0";
  for (int got = batch_rows; got == batch_rows;) {
    got = 0;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, select(table, after).c_str(), -1, &statement, nullptr) != SQLITE_OK)
      give_up(sqlite3_errmsg(database));
    for (; sqlite3_step(statement) == SQLITE_ROW; ++got) {
      for (int c = 0; c < static_cast<int>(row.size()); ++c) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, c));
        const auto length = static_cast<std::size_t>(sqlite3_column_bytes(statement, c));
        row[c] = {.kind = kinds[c], .null = text == nullptr, .text = {text, text == nullptr ? 0 : length}};
      }
      write.append(pages.next(), row);
      pages.appended();
      after = row[0].text;
    }
    sqlite3_finalize(statement);
  }
  sqlite3_close(database);
}

}  // namespace
}  // namespace vhookd::bench

int main(int argc, char** argv) {
  using namespace vhookd::bench;
  if (argc != 6) give_up("usage: bench_floor postgres|mysql|sqlite SOURCE TABLE HOOK_URL PAGE_ROWS");
  const std::string kind = argv[1];
  Poster poster(argv[4], vhookd::Secret(std::string(32, 'k')));
  Pages pages(poster, std::atoi(argv[5]));
  if (kind == "postgres")
    from_postgres(argv[2], argv[3], pages);
  else if (kind == "mysql")
    from_mysql(argv[2], argv[3], pages);
  else
    from_sqlite(argv[2], argv[3], pages);
  pages.flush();
}
