#include "daemon/explain/server_plan.h"

namespace vhookd {

namespace {

using Line = std::vector<std::string>;  // NULL stands as ""

std::vector<Line> rows_of(Connector& session, const std::string& word, const Query& query) {
  std::vector<Line> lines;
  const auto done = session.read({.sql = word + query.sql, .params = query.params, .table = nullptr}, [&](Row row) {
    Line& line = lines.emplace_back();
    for (const auto& value : row) line.emplace_back(value.null ? std::string_view() : value.text);
    return true;
  });
  if (!done) lines.clear();
  return lines;
}

// Node lines alone, "->  Index Scan using …": what stands below them quotes the values compared with.
std::vector<std::string> of_postgres(Connector& session, const Query& query) {
  std::vector<std::string> steps;
  const auto lines = session.explain(query);
  if (!lines) return steps;
  for (const auto& line : *lines) {
    const auto text = line.find_first_not_of(' ');
    const bool step = text == 0 || (text != std::string::npos && line.substr(text).starts_with("->"));
    if (step) steps.push_back(line);
  }
  return steps;
}

// MariaDB: id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra. MySQL has partitions before
// type and filtered before Extra.
std::vector<std::string> of_mysql(Connector& session, const Query& query) {
  std::vector<std::string> steps;
  for (const auto& line : rows_of(session, "EXPLAIN FORMAT=TRADITIONAL ", query)) {
    if (line.size() < 10) continue;
    const std::size_t shift = line.size() >= 12 ? 1 : 0;
    const auto& key = line[5 + shift];
    const auto& rows = line[8 + shift];
    std::string step = line[2] + ": " + line[3 + shift] + ", " + (key.empty() ? "no index" : "index " + key);
    if (!rows.empty()) step += ", about " + rows + " rows";
    if (!line.back().empty()) step += ", " + line.back();
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace

std::vector<std::string> server_plan(Connector& session, Dialect dialect, const Query& query) {
  if (dialect == Dialect::postgres) return of_postgres(session, query);
  if (dialect == Dialect::mysql) return of_mysql(session, query);
  std::vector<std::string> steps;
  for (const auto& line : rows_of(session, "EXPLAIN QUERY PLAN ", query))
    if (line.size() >= 4) steps.push_back(line[3]);
  return steps;
}

}  // namespace vhookd
