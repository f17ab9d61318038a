// One connection of libpqxx. All that differs between its versions 6 and 7, and every exception it
// throws, stops here. Included by this folder's sources only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <pqxx/connection>
#include <pqxx/result>
#include <string>
#include <vector>

#include "connectors/connector.h"

namespace vhookd::postgres {

class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const config::Database& database, const ConnectOptions& options);

  // Each is one round trip. Statements of one run() are separated by semicolons; the last one's result
  // is handed back. After an error with reconnect every further call gives that same error.
  Result<pqxx::result> run(const std::string& statements);
  Result<pqxx::result> run(const std::string& statement, const std::vector<Param>& params);
  // As the one above, for one of the few statements that are asked again and again: where the session is ours alone,
  // the server keeps their plans. `in_transaction`: what it says against that fails the statement too.
  Result<pqxx::result> run_kept(const std::string& statement, const std::vector<Param>& params, bool in_transaction);
  // begin_sql() and such a statement without values, in one round trip where the server has its plan.
  Result<pqxx::result> begin_with_kept(const std::string& statement);

  // What starts the transaction every read runs in; to be put before other statements of a run(), or
  // run alone. Ends with the snapshot taken.
  const std::string& begin_sql() const { return settled_ ? begin_settled_sql_ : begin_sql_; }

  int version() const { return version_; }  // 150018
  bool lost() const { return lost_.has_value(); }

 private:
  Session(const std::string& conninfo, const ConnectOptions& options);

  template <class Call>
  Result<pqxx::result> guarded(Call call);
  Error failed(std::string_view sqlstate, std::string_view message);
  Error broken(std::string_view message);
  bool ours_alone();
  void not_ours_alone();

  pqxx::connection connection_;
  std::string begin_sql_;
  std::string settle_sql_, begin_settled_sql_;
  std::string timeout_text_;
  std::string place_;  // host:port
  int version_ = 0;
  std::optional<bool> ours_alone_;           // none: not asked yet
  bool settled_ = false;                     // the settings of a transaction are the session's own already
  std::map<std::string, std::string> kept_;  // the names of the statements the server has a plan of
  std::optional<Error> lost_;
};

}  // namespace vhookd::postgres
