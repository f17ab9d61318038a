#include "connectors/postgres/session.h"

#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/version>
#include <utility>

#include "connectors/postgres/conninfo.h"
#include "connectors/postgres/errors.h"
#include "core/crypto.h"

namespace vhookd::postgres {
namespace {

// The transaction cannot be made to write any more once its first query has run.
constexpr auto begin_transaction = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ";

// For the transaction it runs in, or for the whole session. One query.
std::string settings_sql(const ConnectOptions& options, bool for_session) {
  const auto timeout = std::to_string(options.statement_timeout.count());
  const std::pair<const char*, std::string> settings[] = {
      // Text of a SQL_ASCII database may be anything: sent as UTF8, the server would refuse it as a bound value.
      {"client_encoding",
       "CASE pg_catalog.current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' "
       "ELSE 'UTF8' END"},
      {"TimeZone", "'UTC'"},
      {"DateStyle", "'ISO'"},
      {"IntervalStyle", "'postgres'"},
      {"bytea_output", "'hex'"},
      {"extra_float_digits", "'1'"},
      {"standard_conforming_strings", "'on'"},
      {"statement_timeout", "'" + timeout + "'"},
      // Where this process stops between two batches, a snapshot must not hold back VACUUM for ever.
      {"idle_in_transaction_session_timeout", "'600000'"},
      // Answers are read to their end: plan for that, not for the first tenth of the rows.
      {"cursor_tuple_fraction", "'1'"},
      // A search among a thousand ranges takes longer to compile than it saves.
      {"jit", "'off'"},
  };
  std::string sql = "SELECT ";
  const char* comma = "";
  for (const auto& [name, value] : settings) {
    sql.append(std::exchange(comma, ", ")).append("pg_catalog.set_config('");
    sql.append(name).append("', ").append(value).append(for_session ? ", false)" : ", true)");
  }
  if (for_session) sql += ", pg_catalog.set_config('vhookd.own_session', 'yes', false)";
  return sql + "; ";
}

// The first query of a transaction whose settings should be the session's already. Where they are not, another session
// of the server answers than the one they were made in, or somebody has reset them: then it fails, before a time comes
// in a form that is not asked for.
constexpr auto settings_lost = "vhookd.settings_lost";
std::string settled_sql() {
  return std::string("SELECT pg_catalog.current_setting(CASE WHEN pg_catalog.current_setting('vhookd.own_session', ") +
         "true) = 'yes' THEN 'TimeZone' ELSE '" + settings_lost + "' END); ";
}

// As the type's own input function takes it. A bytea comes from read() as bare hex and goes back so.
std::string bound_text(const Param& param) {
  if (param.kind == Kind::hex) return "\\x" + param.text;
  if (param.kind == Kind::binary) return "\\x" + hex_lower(param.text);
  return param.text;
}

#if PQXX_VERSION_MAJOR < 7
// `kept`: `sql` is the name of a prepared statement.
pqxx::result exec_bound(pqxx::nontransaction& work, const std::string& sql, const std::vector<Param>& params,
                        bool kept) {
  std::vector<std::string> texts;
  std::vector<const char*> values;  // null: NULL
  texts.reserve(params.size());
  for (const auto& param : params) {
    texts.push_back(bound_text(param));
    values.push_back(param.null ? nullptr : texts.back().c_str());
  }
  const auto bound = pqxx::prepare::make_dynamic_params(values);
  return kept ? work.exec_prepared(sql, bound) : work.exec_params(sql, bound);
}
// Left to itself it reconnects behind our back, and the transaction would be another one.
void forbid_reconnecting(pqxx::connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}
#else
pqxx::result exec_bound(pqxx::nontransaction& work, const std::string& sql, const std::vector<Param>& params,
                        bool kept) {
  pqxx::params values;
  for (const auto& param : params) {
    if (param.null)
      values.append();
    else
      values.append(bound_text(param));
  }
  return kept ? work.exec(pqxx::prepped{sql}, values) : work.exec(sql, values);
}
void forbid_reconnecting(pqxx::connection&) {}
#endif

// Asked while it is alive: libpqxx 6 would not answer later.
std::string place_of(pqxx::connection& connection) {
  const char* host = connection.hostname();
  const char* port = connection.port();
  return std::string(host == nullptr ? "" : host) + ":" + (port == nullptr ? "" : port);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const config::Database& database, const ConnectOptions& options) {
  try {
    return std::unique_ptr<Session>(new Session(with_defaults(database.url.reveal(), options), options));
  } catch (const std::exception& error) {
    return std::unexpected(connect_error(error.what(), database.display));
  }
}

Session::Session(const std::string& conninfo, const ConnectOptions& options)
    : connection_(conninfo),
      begin_sql_(begin_transaction + settings_sql(options, false)),
      settle_sql_(settings_sql(options, true)),
      begin_settled_sql_(begin_transaction + settled_sql()),
      timeout_text_(std::to_string(options.statement_timeout.count()) + " ms"),
      place_(place_of(connection_)),
      version_(connection_.server_version()) {
  forbid_reconnecting(connection_);
}

Result<pqxx::result> Session::run(const std::string& statements) {
  return guarded([&](pqxx::nontransaction& work) { return work.exec(statements); });
}

Result<pqxx::result> Session::run(const std::string& statement, const std::vector<Param>& params) {
  for (const auto& param : params)
    if (!param.null && param.kind != Kind::binary && param.text.contains('\0'))
      return fail(Recourse::ask_operator, "PostgreSQL text can't hold the NUL byte that a value to compare with has");
  return guarded([&](pqxx::nontransaction& work) { return exec_bound(work, statement, params, false); });
}

Result<pqxx::result> Session::run_kept(const std::string& statement, const std::vector<Param>& params,
                                       bool in_transaction) {
  if (!ours_alone()) return run(statement, params);
  auto answer = guarded([&](pqxx::nontransaction& work) {
    const auto [at, is_new] = kept_.try_emplace(statement, "vhookd_" + std::to_string(kept_.size()));
    if (is_new) connection_.prepare(at->second, statement);
    return exec_bound(work, at->second, params, true);
  });
  if (answer || lost_) return answer;
  not_ours_alone();
  return in_transaction ? std::move(answer) : run(statement, params);
}

Result<pqxx::result> Session::begin_with_kept(const std::string& statement) {
  if (!ours_alone()) return run(begin_sql_ + statement);
  const auto at = kept_.find(statement);
  if (at == kept_.end()) {
    auto begun = run(begin_sql());
    return begun ? run_kept(statement, {}, true) : begun;
  }
  auto answer = run(begin_sql() + "EXECUTE " + at->second);
  if (!answer) not_ours_alone();
  return answer;
}

// A transaction pooler hands a session on, and a prepared statement would stay in it. It also gives each client a
// process id of its own making, to be told by when it cancels.
bool Session::ours_alone() {
  if (!ours_alone_) {
    const auto backend = run("SELECT pg_catalog.pg_backend_pid()");
    ours_alone_ = backend && backend->size() == 1 && (*backend)[0][0].as<int>() == connection_.backendpid();
    // Eleven settings with each transaction take as long as the rest of a small question.
    settled_ = *ours_alone_ && run(settle_sql_).has_value();
  }
  return *ours_alone_;
}

void Session::not_ours_alone() {
  ours_alone_ = false;
  settled_ = false;
}

// `call` gets a transaction of libpqxx that sends nothing of its own.
template <class Call>
Result<pqxx::result> Session::guarded(Call call) {
  if (lost_) return std::unexpected(*lost_);
  try {
    pqxx::nontransaction work(connection_);
    return call(work);
  } catch (const pqxx::broken_connection& error) {
    return std::unexpected(broken(error.what()));
  } catch (const pqxx::insufficient_privilege& error) {  // libpqxx 6 keeps these SQLSTATEs to itself
    return std::unexpected(failed("42501", error.what()));
  } catch (const pqxx::deadlock_detected& error) {
    return std::unexpected(failed("40P01", error.what()));
  } catch (const pqxx::transaction_rollback& error) {
    return std::unexpected(failed("40001", error.what()));
  } catch (const pqxx::sql_error& error) {
    return std::unexpected(failed(error.sqlstate(), error.what()));
  } catch (const std::exception& error) {
    return std::unexpected(failed({}, error.what()));
  }
}

Error Session::failed(std::string_view sqlstate, std::string_view message) {
  auto error = statement_error(sqlstate, message);
  if (settled_ && message.contains(settings_lost)) {
    not_ours_alone();
    error = {Recourse::retry, "the settings of the session were lost on the way to " + place_ +
                                  ", as behind a pooler; from here on they go with each transaction"};
  }
  if (sqlstate == "57014" && error.message.contains("timeout")) error.message += ": no answer within " + timeout_text_;
  if (!connection_.is_open())
    error = {Recourse::reconnect, "the connection to " + place_ + " was lost: " + error.message};
  if (error.recourse == Recourse::reconnect) lost_ = error;
  return error;
}

// What libpqxx takes for a broken connection: that, or an error of SQLSTATE class 08 (a foreign server's).
Error Session::broken(std::string_view message) {
  // libpqxx 6 asks the dead connection for its encoding before it looks at what the server said.
  if (message.starts_with("Could not obtain client encoding")) message = "it was ended, or the server is gone";
  auto error = failed({}, message);
  error.recourse = Recourse::reconnect;
  lost_ = error;
  return error;
}

}  // namespace vhookd::postgres
