#include "connectors/mysql/mysql.h"

#include <string>
#include <utility>
#include <vector>

#include "connectors/mysql/catalogue.h"
#include "connectors/mysql/library.h"
#include "connectors/mysql/session.h"
#include "connectors/mysql/url.h"

namespace vhookd {
namespace {

class MysqlConnector final : public SqlSession {
 public:
  explicit MysqlConnector(std::unique_ptr<mysql::Session> session) : session_(std::move(session)) {}

  Result<Table> describe(const TableName& name) override { return mysql::describe(*session_, name); }

  Result<std::vector<TableName>> tables(const std::string& schema) override { return mysql::tables(*session_, schema); }

  Result<void> begin() override { return session_->run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"); }

  // A COMMIT that fails has lost its connection, and the next call says so.
  void end() override { std::ignore = session_->run("COMMIT"); }

  Result<void> read(const Query& query, const OnRow& on_row) override { return session_->read(query, on_row); }

  std::string server() const override { return session_->server(); }

 private:
  std::unique_ptr<mysql::Session> session_;
};

}  // namespace

Result<std::unique_ptr<SqlSession>> connect_mysql(const config::Database& database, const ConnectOptions& options) {
  const Result<mysql::Address> address = mysql::parse_url(database.url.reveal());
  if (!address) return std::unexpected(address.error());
  const std::string& schema = database.schema.empty() ? address->database : database.schema;
  Result<std::unique_ptr<mysql::Session>> session = mysql::Session::open(*address, schema, options);
  if (!session) return std::unexpected(session.error());
  return std::make_unique<MysqlConnector>(*std::move(session));
}

void initialise_mysql() {
  mysql::driver();
}

}  // namespace vhookd
