// A Source that passes everything on to another one: the base of those that change one thing.
#pragma once

#include "core/source.h"

namespace vhookd {

// `source` outlives it.
class ForwardingSource : public Source {
 public:
  explicit ForwardingSource(Source& source) : source_(source) {}

  const SourceTraits& traits() const override { return source_.traits(); }
  std::string server() const override { return source_.server(); }
  Result<Table> describe(const TableName& name) override { return source_.describe(name); }
  Result<std::vector<TableName>> tables(const std::string& schema) override { return source_.tables(schema); }
  Result<std::vector<std::string>> schemas() override { return source_.schemas(); }
  Result<void> begin() override { return source_.begin(); }
  Result<void> begin(const Question& question, const OnRow& on_row) override { return source_.begin(question, on_row); }
  void end() override { source_.end(); }
  Result<void> read(const Question& question, const OnRow& on_row) override { return source_.read(question, on_row); }
  Result<std::optional<std::string>> idle_token() override { return source_.idle_token(); }
  ShownQuestion show(const Question& question, bool with_plan) override { return source_.show(question, with_plan); }
  OpenTransactions open_transactions() override { return source_.open_transactions(); }
  bool sees_open_transactions() override { return source_.sees_open_transactions(); }

 protected:
  Source& source() { return source_; }

 private:
  Source& source_;
};

}  // namespace vhookd
