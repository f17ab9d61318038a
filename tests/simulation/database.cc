#include "tests/simulation/database.h"

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/postgres/dialect.h"
#include "connectors/sql/sql_source.h"
#include "core/range_hash.h"

namespace vhookd::simulation {

namespace {

using testing::ModelRow;

constexpr std::int64_t most_ids = 14;
constexpr std::size_t most_transactions = 5;

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Reads what connectors/sql/range_sql.cc writes.
class Reader {
 public:
  explicit Reader(const Query& query) : query_(&query), sql_(query.sql) {}

  bool has(std::string_view text) const { return sql_.contains(text); }

  // The leaf of "CASE WHEN "id" < $1 THEN … ELSE … END" for this id, from after SELECT.
  std::int64_t leaf(std::int64_t id) {
    at_ = sql_.find("SELECT ") + 7;
    return expression(id);
  }

  // The WHERE's stretches hold this id.
  bool within(std::int64_t id) const {
    const auto begin = sql_.find(" WHERE ");
    auto rest = sql_.substr(begin, sql_.rfind(has(" ORDER BY ") ? " ORDER BY " : " GROUP BY ") - begin);
    while (true) {
      const auto end = rest.find(" OR ");
      const auto one = rest.substr(0, end);
      const auto from = bound(one, "\"id\" >= $");
      const auto before = bound(one, "\"id\" < $");
      if ((!from || id >= *from) && (!before || id < *before)) return true;
      if (end == std::string_view::npos) return false;
      rest.remove_prefix(end + 4);
    }
  }

  bool asks_for(std::int64_t id) const {
    for (const auto& param : query_->params)
      if (param.text == std::to_string(id)) return true;
    return false;
  }

 private:
  std::int64_t number() {
    std::int64_t value = 0;
    const auto read = std::from_chars(sql_.data() + at_, sql_.data() + sql_.size(), value);
    at_ = static_cast<std::size_t>(read.ptr - sql_.data());
    return value;
  }
  std::int64_t param(std::size_t index) const { return std::stoll(query_->params.at(index - 1).text); }

  std::int64_t expression(std::int64_t id) {
    constexpr std::string_view when = "CASE WHEN \"id\" < $";
    if (!sql_.substr(at_).starts_with(when)) return number();
    at_ += when.size();
    const bool below = id < param(static_cast<std::size_t>(number()));
    at_ += 6;  // " THEN "
    const auto first = expression(id);
    at_ += 6;  // " ELSE "
    const auto second = expression(id);
    at_ += 4;  // " END"
    return below ? first : second;
  }

  std::optional<std::int64_t> bound(std::string_view part, std::string_view before) const {
    const auto at = part.find(before);
    if (at == std::string_view::npos) return std::nullopt;
    std::size_t index = 0;
    std::from_chars(part.data() + at + before.size(), part.data() + part.size(), index);
    return param(index);
  }

  const Query* query_;
  std::string_view sql_;
  std::size_t at_ = 0;
};

}  // namespace

class Database::Session final : public SqlSession {
 public:
  explicit Session(Database& home) : home_(home) {}

  Result<Table> describe(const TableName&) override {
    if (const auto lives = strained(); !lives) return std::unexpected(lives.error());
    return testing::large_model_table();
  }
  Result<std::vector<TableName>> tables(const std::string&) override { return std::vector<TableName>(); }
  Result<void> begin() override {
    if (auto lives = strained(); !lives) return lives;
    source_.begin();
    in_view_ = true;
    home_.begun_with_.clear();
    for (const auto& [id, row] : home_.model_.view()) home_.begun_with_.insert(id);
    return {};
  }
  void end() override { in_view_ = false; }
  std::string server() const override { return "a model"; }

  Result<void> read(const Query& query, const OnRow& on_row) override {
    if (auto lives = strained(); !lives) return lives;
    if (!in_view_) source_.begin();
    Result<void> torn;
    bool wanted = true;
    const auto give = [&](Row row) {
      home_.meanwhile();
      torn = strained();
      wanted = torn && on_row(row);
      return wanted;
    };
    const Reader reader(query);
    auto done = reader.has("vhookd_token")            ? token(give)
                : reader.has("vhookd_fingerprint")    ? fingerprints(reader, give)
                : reader.has("AS vhookd_hash")        ? stretches(reader, give)
                : reader.has("AS vhookd_gone")        ? look_up(reader, give)
                : reader.has("pg_current_snapshot()") ? position(query, give)
                                                      : source_.read(query, give);
    return torn ? done : torn;
  }

 private:
  // Anything may go wrong at any call and any row; a lost connection stays lost.
  Result<void> strained() {
    if (lost_) return fail(Recourse::reconnect, "the connection is gone");
    if (!chance(home_.dice_, home_.faults)) return {};
    lost_ = chance(home_.dice_, 50);
    return fail(lost_ ? Recourse::reconnect : Recourse::retry, "a fault of the simulation");
  }

  // What lets polls be left out (scheduler/detect/idle.h).
  Result<void> token(const OnRow& on_row) const {
    const auto text = home_.model_.current_snapshot() + " " + home_.model_.server_run;
    const Value value{.text = text};
    on_row(Row(&value, 1));
    return {};
  }

  Result<void> position(const Query& query, const OnRow& on_row) {
    return source_.read(query, [&](Row row) {
      std::string text(row[0].text);
      if (home_.hides_running) {  // xmin:xmax: as if nothing below xmax could still commit
        const auto xmax = text.substr(text.find(':') + 1);
        text = xmax.substr(0, xmax.find(':')) + ":" + xmax;
      }
      std::vector<Value> values(row.begin(), row.end());
      values[0].text = text;
      return on_row(values);
    });
  }

  static void add(RangeHash& sums, std::int64_t id, const ModelRow& row, bool key_only) {
    auto hash = mixed(static_cast<std::uint64_t>(id));
    if (!key_only) hash = mixed(hash ^ static_cast<std::uint64_t>(row.version * 2 + row.flag));
    sums.add(static_cast<Int128>(hash), static_cast<Int128>(mixed(hash)));
  }

  Result<void> fingerprints(Reader reader, const OnRow& on_row) const {
    std::map<std::int64_t, std::pair<std::int64_t, RangeHash>> groups;
    const bool key_only = reader.has(R"(concat_ws(',', "id") AS)");
    for (const auto& [id, row] : home_.model_.view()) {
      if (!reader.within(id)) continue;
      auto& [rows, sums] = groups[reader.leaf(id)];
      ++rows;
      add(sums, id, row, key_only);
    }
    for (const auto& [range, group] : groups)
      if (!give({std::to_string(range), std::to_string(group.first), group.second.text()}, on_row)) break;
    return {};
  }

  Result<void> stretches(const Reader& reader, const OnRow& on_row) const {
    const bool key_only = reader.has(R"(concat_ws(',', "id") AS)");
    const auto view = home_.model_.view();  // other sessions begin theirs between two rows
    for (const auto& [id, row] : view) {
      if (!reader.within(id)) continue;
      RangeHash sums;
      add(sums, id, row, key_only);
      auto texts = columns(id, row);
      texts.emplace_back("1");
      texts.push_back(sums.text());
      if (!give(texts, on_row)) break;
    }
    return {};
  }

  Result<void> look_up(const Reader& reader, const OnRow& on_row) const {
    const auto view = home_.model_.view();
    for (const auto& [id, row] : view) {
      if (!reader.asks_for(id)) continue;
      auto texts = columns(id, row);
      texts.emplace_back("0");
      if (!give(texts, on_row)) break;
    }
    return {};
  }

  static std::vector<std::string> columns(std::int64_t id, const ModelRow& row) {
    return {std::to_string(id), std::to_string(row.version), std::to_string(row.flag), row.updated_at};
  }

  // The first column and those that follow it but for updated_at are integers.
  static bool give(const std::vector<std::string>& texts, const OnRow& on_row) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < texts.size(); ++i)
      values.push_back({.kind = i < 3 ? Kind::integer : Kind::text, .text = texts[i]});
    return on_row(values);
  }

  Database& home_;
  testing::Answers source_ = home_.model_.source();
  bool in_view_ = false;
  bool lost_ = false;
};

std::unique_ptr<Source> Database::connect() {
  return std::make_unique<SqlSource>(postgres_dialect(), std::make_unique<Session>(*this));
}

void Database::commit(int transaction) {
  const auto before = model_.rows();
  model_.commit(transaction);
  for (const auto& [id, row] : before) {
    if (!model_.rows().contains(id)) ++died[id];
    if (!model_.rows().contains(id) || model_.rows().at(id).version != row.version) touched.insert(id);
  }
  for (const auto& [id, row] : model_.rows())
    if (!before.contains(id)) touched.insert(id);
}

// now(), clock_timestamp(), or whatever somebody put there.
std::string Database::stamp(int transaction) {
  const auto what = static_cast<int>(dice_() % 10);
  if (what < 3) return model_.text(model_.began(transaction));
  if (what < 8) return model_.text(model_.clock);
  return model_.text(model_.clock + std::chrono::hours(what == 8 ? 50 : -50));
}

void Database::write() {
  const auto open = model_.open();
  if (open.empty() || (open.size() < most_transactions && chance(dice_, 25))) {
    model_.begin();
    return;
  }
  const int transaction = open[dice_() % open.size()];
  const auto what = static_cast<int>(dice_() % 100);
  if (what < 60) {
    const auto id = 1 + static_cast<std::int64_t>(dice_() % most_ids);
    const bool deletes = chance(dice_, 25);
    if (deletes) {
      if (model_.rows().contains(id)) model_.write(transaction, id, std::nullopt);
    } else {
      ModelRow row;
      row.version = ++version_;
      row.flag = version_ % 2;
      row.updated_at = stamp(transaction);
      model_.write(transaction, id, row);
    }
  } else if (what < 66) {
    model_.savepoint(transaction);
  } else if (what < 72 && model_.has_savepoint(transaction)) {
    chance(dice_, 50) ? model_.release(transaction) : model_.rollback_to_savepoint(transaction);
  } else if (what >= 94) {
    model_.rollback(transaction);
  } else if (what >= 76) {
    commit(transaction);
  }
}

void Database::finish() {
  for (const int transaction : model_.open()) chance(dice_, 80) ? commit(transaction) : model_.rollback(transaction);
}

}  // namespace vhookd::simulation
