#include "tests/scheduler/detect/model_postgres.h"

#include <algorithm>
#include <sstream>

#include "connectors/postgres/change_sql.h"
#include "core/time_text.h"

namespace vhookd::testing {

namespace {

std::uint32_t low(std::uint64_t xid) {
  return static_cast<std::uint32_t>(xid);
}

// The value bound where `before`$n`after` stands; none: the statement does not ask that.
std::optional<std::string> bound(const Query& query, const std::string& before, const std::string& after = {}) {
  for (std::size_t i = query.params.size(); i > 0; --i)
    if (query.sql.find(before + "$" + std::to_string(i) + after) != std::string::npos) return query.params[i - 1].text;
  return std::nullopt;
}

std::set<std::uint32_t> xids_in(const std::string& list) {
  std::set<std::uint32_t> xids;
  std::istringstream numbers(list.substr(1));
  for (std::string number; std::getline(numbers, number, ',');)
    xids.insert(static_cast<std::uint32_t>(std::stoul(number)));
  return xids;
}

}  // namespace

int ModelPostgres::begin() {
  transactions_.emplace(next_handle_, Transaction{.began = clock, .assigned = {}});
  return next_handle_++;
}

void ModelPostgres::assign(Transaction& transaction) {
  // Parents get theirs first, so a subtransaction's xid is always the larger.
  if (transaction.xids.empty()) transaction.assigned = clock;
  for (auto& level : transaction.levels) {
    if (level.xid != 0) continue;
    level.xid = next_xid_++;
    transaction.xids.insert(level.xid);
  }
}

bool ModelPostgres::write(int handle, std::int64_t id, Change to) {
  for (const auto& [other, transaction] : transactions_)
    if (other != handle)
      for (const auto& level : transaction.levels)
        if (level.writes.contains(id)) return false;
  auto& transaction = transactions_.at(handle);
  assign(transaction);
  auto& level = transaction.levels.back();
  if (to) {
    to->xmin = level.xid;
    to->place = next_place_++;
  }
  level.writes.insert_or_assign(id, std::move(to));
  return true;
}

void ModelPostgres::savepoint(int handle) {
  transactions_.at(handle).levels.emplace_back();
}

void ModelPostgres::complete(std::uint64_t xid) {
  latest_completed_ = std::max(latest_completed_, xid);
}

void ModelPostgres::rollback_to_savepoint(int handle) {
  auto& transaction = transactions_.at(handle);
  if (const auto xid = transaction.levels.back().xid; xid != 0) {
    complete(xid);
    transaction.xids.erase(xid);
  }
  transaction.levels.pop_back();
}

void ModelPostgres::release(int handle) {
  auto& levels = transactions_.at(handle).levels;
  auto inner = std::move(levels.back());
  levels.pop_back();
  for (auto& [id, change] : inner.writes) levels.back().writes.insert_or_assign(id, std::move(change));
}

void ModelPostgres::commit(int handle) {
  auto node = transactions_.extract(handle);
  for (auto& level : node.mapped().levels) {
    for (auto& [id, change] : level.writes) {
      if (change) {
        if (!committed_.contains(id)) ++births_[id];
        committed_.insert_or_assign(id, *change);
      } else {
        committed_.erase(id);
      }
    }
  }
  for (const auto xid : node.mapped().xids) complete(xid);
}

void ModelPostgres::rollback(int handle) {
  for (const auto xid : transactions_.at(handle).xids) complete(xid);
  transactions_.erase(handle);
}

void ModelPostgres::burn(std::uint64_t count) {
  next_xid_ += count;
  if (count > 0) complete(next_xid_ - 1);
}

void ModelPostgres::vacuum_full() {
  ++file_;
  std::vector<ModelRow*> rows;
  for (auto& item : committed_) rows.push_back(&item.second);
  std::ranges::sort(rows, {}, [](const ModelRow* row) { return -row->place; });  // what was last comes first
  for (auto* row : rows) row->place = next_place_++;
}

std::vector<int> ModelPostgres::open() const {
  std::vector<int> handles;
  for (const auto& item : transactions_) handles.push_back(item.first);
  return handles;
}

std::uint64_t ModelPostgres::oldest_running() const {
  std::uint64_t oldest = latest_completed_ + 1;
  for (const auto& item : transactions_)
    if (!item.second.xids.empty()) oldest = std::min(oldest, *item.second.xids.begin());
  return oldest;
}

// xmin:xmax:xip, as pg_current_snapshot() has it.
std::string ModelPostgres::current_snapshot() const {
  std::set<std::uint64_t> running;  // subtransactions are not listed
  for (const auto& item : transactions_)
    if (const auto xid = item.second.levels.front().xid; xid != 0 && xid <= latest_completed_) running.insert(xid);
  std::string text = std::to_string(oldest_running()) + ":" + std::to_string(latest_completed_ + 1) + ":";
  for (const auto xid : running) text += (text.ends_with(':') ? "" : ",") + std::to_string(xid);
  return text;
}

Answers ModelPostgres::source() {
  return {.begin =
              [this] {
                view_ = committed_;
                snapshot_ = current_snapshot();
                view_next_ = next_xid_;
                view_xmax_ = latest_completed_ + 1;
              },
          .end = [] {},
          .read = [this](const Query& query, const OnRow& on_row) { return read(query, on_row); }};
}

// What a scan binds.
struct ModelPostgres::Scan {
  explicit Scan(const Query& query)
      : by_place(query.sql.find("ORDER BY ctid") != std::string::npos),
        gives_place(query.sql.find("ctid::text") != std::string::npos),
        gives_rows(query.sql.find("vhookd_rows") != std::string::npos),
        gives_match(query.sql.find("vhookd_matched") != std::string::npos),
        above_zero(query.sql.find("BETWEEN 0 AND") != std::string::npos),
        start(bound(query, R"("updated_at" >= )", " OR")),
        since(bound(query, R"("updated_at" >= )", " AND")),
        flag(bound(query, R"("flag" = )")) {
    if (const auto text = bound(query, "age(", "::xid)")) horizon = static_cast<std::uint32_t>(std::stoul(*text));
    if (const auto text = bound(query, "ALL(", "::text")) delivered = xids_in(*text);
    auto last = bound(query, by_place ? "ctid > " : R"("id" > )");
    if (last && by_place) last = last->substr(3, last->size() - 4);  // (0,17)
    if (last) after = std::stoll(*last);
  }
  bool by_place, gives_place, gives_rows, gives_match, above_zero;
  std::optional<std::string> start, since, flag;
  std::optional<std::uint32_t> horizon;
  std::set<std::uint32_t> delivered;
  std::optional<std::int64_t> after;
};

void ModelPostgres::read_keys(const OnRow& on_row) const {
  for (const auto& item : view_) {
    const auto id = std::to_string(item.first);
    const Value value{.kind = Kind::integer, .text = id};
    if (!on_row(Row(&value, 1))) return;
  }
}

// Its age is at most the horizon's, and its xmin not in K.
bool ModelPostgres::newer(const Scan& scan, const ModelRow& row) const {
  const auto age = [&](std::uint32_t xid) { return static_cast<std::int32_t>(low(view_next_) - xid); };
  if (scan.delivered.contains(low(row.xmin)) || (scan.since && row.updated_at < *scan.since)) return false;
  if (!scan.horizon) return true;
  const auto its = age(low(row.xmin));
  return (its <= age(*scan.horizon) && (!scan.above_zero || its >= 0)) || (scan.start && row.updated_at >= *scan.start);
}

std::string ModelPostgres::text(Instant at) const {
  auto text = rfc3339(at);
  text.pop_back();
  text[10] = ' ';
  return with_zone ? text + "+00" : text;
}

void ModelPostgres::read_position(const Query& query, const OnRow& on_row) const {
  std::vector<std::string> texts = {snapshot_, server_run};
  if (query.sql.find("pg_relation_filenode") != std::string::npos) texts.push_back(std::to_string(file_));
  if (query.sql.find("vhookd_ahead") != std::string::npos) {
    texts.push_back(text(clock));
    texts.push_back(std::to_string(view_next_ - view_xmax_));
  }
  if (query.sql.find("vhookd_newest") != std::string::npos) {
    auto newest = text(clock - std::chrono::hours(12));
    for (const auto& item : view_)
      if (item.second.updated_at <= text(clock)) newest = std::max(newest, item.second.updated_at);
    texts.push_back(newest);
  }
  std::vector<Value> values;
  for (const auto& one : texts) values.push_back({.text = one});
  on_row(values);
}

void ModelPostgres::read_count(const Query& query, const OnRow& on_row) const {
  const bool counts = query.sql.find("count(*)") != std::string::npos;
  const auto count = counts ? std::to_string(view_.size()) : std::string();
  const auto now = text(clock + scan_takes);
  const std::vector<Value> values = {
      {.null = !counts, .text = count}, {.text = rewritten_under_way ? "false" : "true"}, {.text = now}};
  on_row(Row(values.data(), query.sql.find("vhookd_now") == std::string::npos ? 2 : 3));
}

Result<void> ModelPostgres::read(const Query& query, const OnRow& on_row) const {
  if (query.sql.find("AS snapshot") != std::string::npos) {
    read_position(query, on_row);
    return {};
  }
  if (query.sql.find("vhookd_same") != std::string::npos) {
    read_count(query, on_row);
    return {};
  }
  if (query.sql.find("xmin") == std::string::npos) {
    read_keys(on_row);
    return {};
  }
  const Scan scan(query);
  std::map<std::int64_t, std::pair<std::int64_t, const ModelRow*>> sorted;
  for (const auto& [id, row] : view_) sorted.emplace(scan.by_place ? row.place : id, std::pair(id, &row));
  for (const auto& [order, item] : sorted) {
    if (scan.after && order <= *scan.after) continue;
    if (newer(scan, *item.second) && !give(scan, item.first, *item.second, on_row)) break;
  }
  return {};
}

bool ModelPostgres::give(const Scan& scan, std::int64_t id, const ModelRow& row, const OnRow& on_row) const {
  const bool matched = !scan.flag || std::to_string(row.flag) == *scan.flag;
  if (!scan.gives_match && !matched) return true;
  std::vector<std::string> texts = {std::to_string(id), std::to_string(row.version), std::to_string(row.flag),
                                    row.updated_at, std::to_string(low(row.xmin))};
  std::vector<Kind> kinds = {Kind::integer, Kind::integer, Kind::integer, Kind::timestamptz, Kind::text};
  if (scan.gives_place) texts.push_back("(0," + std::to_string(row.place) + ")");
  const auto rows = texts.size();
  if (scan.gives_rows) texts.push_back(scan.since ? "0" : std::to_string(view_.size()));
  if (scan.gives_match) texts.emplace_back(matched ? "1" : "0");
  kinds.resize(texts.size(), Kind::text);
  std::vector<Value> values;
  for (std::size_t i = 0; i < texts.size(); ++i) values.push_back({.kind = kinds[i], .text = texts[i]});
  values[3].null = row.updated_at.empty();
  if (scan.gives_rows) values[rows].null = rewritten_under_way;
  return on_row(values);
}

Table model_table(bool with_key) {
  Table table;
  table.name = {"public", "items"};
  const auto notes = std::make_shared<postgres::Notes>();
  notes->oid = 16384;
  table.notes = notes;
  table.estimated_rows = 10;
  table.columns = {column("id", Kind::integer), column("version", Kind::integer), column("flag", Kind::integer),
                   column("updated_at", Kind::timestamptz)};
  if (with_key) {
    table.primary_key = {"id"};
    table.indexes = {{.name = "items_pkey", .columns = {"id"}, .unique = true}};
  }
  return table;
}

Table large_model_table(bool with_zone) {
  auto table = model_table();
  table.estimated_rows = 5'000'000;
  table.columns[3] = column("updated_at", with_zone ? Kind::timestamptz : Kind::timestamp, true);
  table.indexes.push_back({.name = "items_moved", .columns = {"updated_at", "id"}});
  return table;
}

}  // namespace vhookd::testing
