// A Source over an SQL database: makes a statement of each question, and has the session ask it.
#pragma once

#include <memory>

#include "connectors/sql/dialect.h"
#include "connectors/sql/session.h"
#include "core/source.h"

namespace vhookd {

// `dialect` outlives it.
class SqlSource final : public Source {
 public:
  SqlSource(const Dialect& dialect, std::unique_ptr<SqlSession> session)
      : dialect_(dialect), session_(std::move(session)) {}

  SqlSession& session() { return *session_; }
  // The source is not to be used afterwards.
  std::unique_ptr<SqlSession> take_session() { return std::move(session_); }

  const SourceTraits& traits() const override { return dialect_; }
  std::string server() const override { return session_->server(); }
  Result<Table> describe(const TableName& name) override { return session_->describe(name); }
  Result<std::vector<TableName>> tables(const std::string& schema) override { return session_->tables(schema); }
  Result<std::vector<std::string>> schemas() override;
  Result<void> begin() override { return session_->begin(); }
  Result<void> begin(const Question& question, const OnRow& on_row) override;
  void end() override { session_->end(); }
  Result<void> read(const Question& question, const OnRow& on_row) override;
  Result<std::optional<std::string>> idle_token() override;
  ShownQuestion show(const Question& question, bool with_plan) override;
  OpenTransactions open_transactions() override { return dialect_.open_transactions(*session_); }
  bool sees_open_transactions() override { return dialect_.sees_open_transactions(*session_); }

 private:
  const Dialect& dialect_;
  std::unique_ptr<SqlSession> session_;
};

}  // namespace vhookd
