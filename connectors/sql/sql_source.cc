#include "connectors/sql/sql_source.h"

#include "connectors/sql/question_sql.h"

namespace vhookd {

Result<std::vector<std::string>> SqlSource::schemas() {
  const auto query = dialect_.schemas();
  if (!query) return std::vector<std::string>{""};
  std::vector<std::string> names;
  const auto done = session_->read(*query, [&](Row row) {
    names.emplace_back(row[0].text);
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return names;
}

Result<void> SqlSource::begin(const Question& question, const OnRow& on_row) {
  return session_->begin_with(query_of(dialect_, question), on_row);
}

Result<void> SqlSource::read(const Question& question, const OnRow& on_row) {
  return session_->read(query_of(dialect_, question), on_row);
}

Result<std::optional<std::string>> SqlSource::idle_token() {
  std::optional<std::string> token;
  const auto probe = dialect_.idle_probe();
  if (!probe) return token;
  const auto done = session_->read(*probe, [&](Row row) {
    if (!row.empty() && !row[0].null) token = row[0].text;
    return true;
  });
  if (!done) return std::unexpected(done.error());
  return token;
}

ShownQuestion SqlSource::show(const Question& question, bool with_plan) {
  auto query = query_of(dialect_, question);
  ShownQuestion shown;
  if (with_plan) shown.plan = dialect_.plan_of(*session_, query);
  for (std::size_t i = 1; i <= query.params.size(); ++i) shown.marks.push_back(dialect_.shown_placeholder(i));
  shown.text = std::move(query.sql);
  shown.values = std::move(query.params);
  return shown;
}

}  // namespace vhookd
