#include "connectors/sqlite/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "connectors/sqlite/catalogue.h"
#include "connectors/sqlite/file.h"
#include "connectors/sqlite/location.h"
#include "connectors/sqlite/statement.h"

namespace vhookd {

namespace {

using sqlite::File;
using sqlite::Statement;

class Session final : public SqlSession {
 public:
  Session(std::unique_ptr<File> file, std::string schema) : file_(std::move(file)), schema_(std::move(schema)) {}

  Result<Table> describe(const TableName& name) override;
  Result<std::vector<TableName>> tables(const std::string& schema) override;
  Result<void> begin() override;
  void end() override;
  Result<void> read(const Query& query, const OnRow& on_row) override;
  std::string server() const override { return sqlite_library(); }

 private:
  Result<void> begin_view();  // takes the snapshot
  Result<void> check_alive();
  Result<void> read_rows(const Query& query, const OnRow& on_row);
  std::string schema_or_default(const std::string& schema) const { return schema.empty() ? schema_ : schema; }

  // Hands `result` on, and remembers where the session is over.
  template <class T>
  Result<T> judged(Result<T> result) {
    if (!result && result.error().recourse == Recourse::reconnect) dead_ = true;
    return result;
  }

  // Runs f() on one state of the file: the one between begin and end, or one of its own.
  template <class F>
  auto in_one_view(F&& f) -> decltype(f()) {
    if (const auto alive = check_alive(); !alive) return std::unexpected(alive.error());
    if (begun_) return judged(f());
    if (const auto begun = begin_view(); !begun) return judged(decltype(f())(std::unexpected(begun.error())));
    auto result = judged(f());
    end();
    return result;
  }

  std::unique_ptr<File> file_;
  std::string schema_;
  bool begun_ = false;
  bool dead_ = false;
};

Result<void> Session::check_alive() {
  if (dead_) return fail(Recourse::reconnect, file_->path() + ": this session is over");
  if (!begun_) return judged(file_->check_same());
  // Some failures roll back by themselves; what is read after that would be of another state.
  if (sqlite3_get_autocommit(file_->handle()) != 0)
    return fail(Recourse::retry, file_->path() + ": the consistent view was lost to an earlier error");
  return {};
}

Result<void> Session::begin() {
  if (begun_) return fail(Recourse::give_up, file_->path() + ": begin within begin");
  if (const auto alive = check_alive(); !alive) return alive;
  auto done = judged(begin_view());
  begun_ = done.has_value();
  return done;
}

Result<void> Session::begin_view() {
  const int code = sqlite3_exec(file_->handle(), "BEGIN", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(file_->error(code));
  // A transaction of SQLite sees the state of its first read, not that of its BEGIN.
  auto done = read_rows({.sql = "SELECT count(*) FROM sqlite_schema", .params = {}}, [](Row) { return true; });
  if (!done) end();
  return done;
}

void Session::end() {
  begun_ = false;
  if (sqlite3_get_autocommit(file_->handle()) == 0)
    sqlite3_exec(file_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Session::read(const Query& query, const OnRow& on_row) {
  if (const auto alive = check_alive(); !alive) return alive;
  return judged(read_rows(query, on_row));
}

// Query::table is not needed here: SQLite itself says which column of which table a value comes from.
Result<void> Session::read_rows(const Query& query, const OnRow& on_row) {
  auto statement = Statement::prepare(*file_, query);
  if (!statement) return std::unexpected(statement.error());
  for (;;) {
    const auto more = statement->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    const auto row = statement->row();
    if (!row) return std::unexpected(row.error());
    if (!on_row(*row)) return {};
  }
}

Result<Table> Session::describe(const TableName& name) {
  return in_one_view([&] { return sqlite::describe(*file_, {schema_or_default(name.schema), name.name}); });
}

Result<std::vector<TableName>> Session::tables(const std::string& schema) {
  return in_one_view([&] { return sqlite::tables(*file_, schema_or_default(schema)); });
}

}  // namespace

Result<std::unique_ptr<SqlSession>> connect_sqlite(const config::Database& database, const ConnectOptions& options) {
  const auto schema = database.schema.empty() ? std::string("main") : database.schema;
  if (const auto known = sqlite::check_schema(schema); !known) return std::unexpected(known.error());
  const auto path = sqlite::path_of(database.url.reveal());
  if (!path) return std::unexpected(path.error());
  auto file = File::open(*path, options);
  if (!file) return std::unexpected(file.error());
  auto session = std::make_unique<Session>(std::move(*file), schema);
  // Opening touches nothing: whether this is a database, and one that can be read, shows at the first read.
  if (const auto readable = session->begin(); !readable) return std::unexpected(readable.error());
  session->end();
  return session;
}

std::string sqlite_library() {
  return std::string("SQLite ") + sqlite3_libversion();
}

}  // namespace vhookd
