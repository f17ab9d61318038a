#include "tests/fuzz/sql_scene.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "connectors/postgres/change_sql.h"
#include "core/key.h"
#include "core/time_text.h"
#include "scheduler/detect/checkpoint.h"

namespace vhookd::fuzz {

namespace {

using config::Op;

std::string any_text(FuzzedDataProvider& given, std::size_t longest) {
  static constexpr const char* hostile[] = {"\"",
                                            "`",
                                            "'",
                                            "\\",
                                            "?",
                                            "$1",
                                            "--",
                                            "/*",
                                            "*/",
                                            ";",
                                            "{}",
                                            "\"; DROP TABLE t; --",
                                            "`; DROP TABLE t; #",
                                            "' OR 1=1 --",
                                            "a\"b`c'd",
                                            "\\\"",
                                            "\\`",
                                            "\x01\n\r\t\x7f",
                                            "\xc3\xa9",
                                            "\xff",
                                            "$$",
                                            "::regclass",
                                            " ",
                                            "a.b",
                                            "id",
                                            "rowid",
                                            "updated_at",
                                            "created_at",
                                            "vhookd",
                                            "vhookd_row",
                                            "vhookd_matched",
                                            "VhookD_Hash"};
  std::string text = given.ConsumeBool() ? given.PickValueInArray(hostile) : "";
  text += given.ConsumeRandomLengthString(longest);
  std::erase(text, '\0');  // no catalogue has it, and no YAML
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// Unlike all before it, as databases compare names.
std::string any_name(FuzzedDataProvider& given, std::set<std::string>& taken) {
  std::string name = any_text(given, 16);
  while (name.empty() || !taken.insert(lower(name)).second) name += "x";
  return name;
}

const std::string& any_of(FuzzedDataProvider& given, const std::vector<std::string>& names) {
  return names[given.ConsumeIntegralInRange<std::size_t>(0, names.size() - 1)];
}

std::vector<std::string> some_of(FuzzedDataProvider& given, const std::vector<std::string>& names, std::size_t most) {
  std::vector<std::string> some;
  for (auto left = given.ConsumeIntegralInRange<std::size_t>(0, most); left > 0; --left) {
    const auto& one = any_of(given, names);
    if (std::ranges::find(some, one) == some.end()) some.push_back(one);
  }
  return some;
}

Column any_column(FuzzedDataProvider& given, std::string name, DbType type) {
  static constexpr Kind kinds[] = {Kind::integer, Kind::text,       Kind::timestamp, Kind::timestamptz,
                                   Kind::decimal, Kind::real,       Kind::boolean,   Kind::binary,
                                   Kind::json,    Kind::loose_json, Kind::hex,       Kind::array};
  static constexpr const char* types[] = {"text",        "uuid",         "character varying(10)",
                                          "varchar(10)", "int zerofill", "enum('a')"};
  static constexpr const char* forms[] = {"", "", "{}+0e0", "LPAD(BIN({}),8,'0')", "ST_AsWKB({})"};
  Column column;
  column.name = std::move(name);
  column.kind = given.PickValueInArray(kinds);
  column.declared = given.PickValueInArray(types);
  column.nullable = given.ConsumeBool();
  column.touched_on_update = given.ConsumeBool();
  if (type == DbType::mysql) column.select_as = given.PickValueInArray(forms);
  return column;
}

Table any_table(FuzzedDataProvider& given, DbType type) {
  static constexpr Relation relations[] = {
      Relation::table,        Relation::table, Relation::partitioned_table, Relation::view, Relation::materialized_view,
      Relation::foreign_table};
  Table table;
  std::set<std::string> taken;
  table.name = {type == DbType::sqlite ? "main" : any_text(given, 12), any_name(given, taken)};
  table.relation = given.PickValueInArray(relations);
  taken.clear();
  std::vector<std::string> names;
  // More than a function takes arguments, now and then.
  const int more = given.ConsumeIntegralInRange(0, 20) == 20 ? 95 : 0;
  for (int left = given.ConsumeIntegralInRange(1, 5) + more; left > 0; --left) {
    const bool plain = left > 6;
    names.push_back(plain ? "column" + std::to_string(left) : any_name(given, taken));
    table.columns.push_back(any_column(given, names.back(), type));
  }
  table.primary_key = some_of(given, names, 3);
  for (int left = given.ConsumeIntegralInRange(0, 2); left > 0; --left)
    table.indexes.push_back({.name = "i", .columns = some_of(given, names, 3), .unique = given.ConsumeBool()});
  const auto notes = std::make_shared<postgres::Notes>();
  notes->oid = 16384;
  table.notes = notes;
  table.estimated_rows = given.PickValueInArray({-1, 0, 1000000});
  table.foreign_parts = given.ConsumeIntegralInRange(0, 7) == 7;
  table.has_heirs = given.ConsumeIntegralInRange(0, 3) == 3;
  return table;
}

config::Filter any_filter(FuzzedDataProvider& given, const std::vector<std::string>& names) {
  static constexpr Op ops[] = {Op::eq,  Op::ne, Op::gt,     Op::gte,  Op::lt,
                               Op::lte, Op::in, Op::not_in, Op::like, Op::is_null};
  config::Filter filter{any_of(given, names), given.PickValueInArray(ops), {}};
  if (filter.op == Op::is_null) {
    filter.values = {{Kind::boolean, false, given.ConsumeBool() ? "t" : "f"}};
    return filter;
  }
  const bool several = filter.op == Op::in || filter.op == Op::not_in;
  for (int left = several ? given.ConsumeIntegralInRange(1, 3) : 1; left > 0; --left)
    filter.values.push_back({Kind::text, false, any_text(given, 20)});
  return filter;
}

config::Webhook any_webhook(FuzzedDataProvider& given, DbType type, const std::vector<std::string>& names) {
  config::Webhook webhook;
  webhook.id = "hook";
  webhook.database.edit().type = type;
  webhook.event = given.PickValueInArray({config::Event::created, config::Event::updated, config::Event::deleted});
  webhook.detect = given.PickValueInArray(
      {config::Detect::automatic, config::Detect::xid, config::Detect::timestamp, config::Detect::snapshot});
  webhook.include_all = given.ConsumeBool();
  webhook.include_created = webhook.event != config::Event::updated || given.ConsumeBool();
  webhook.fields = some_of(given, names, 2);
  auto& columns = webhook.columns.edit();
  columns.key = some_of(given, names, 2);
  if (given.ConsumeBool()) columns.updated = any_of(given, names);
  if (given.ConsumeBool()) columns.created = any_of(given, names);
  if (given.ConsumeBool()) columns.deleted = any_of(given, names);
  for (int left = given.ConsumeIntegralInRange(0, 3); left > 0; --left)
    webhook.filters.push_back(any_filter(given, names));
  if (given.ConsumeIntegralInRange(0, 3) == 3) webhook.checked_at = Instant(std::chrono::hours(24 * 365 * 56));
  if (given.ConsumeBool()) webhook.lookback = std::chrono::seconds(given.ConsumeIntegralInRange(0, 600));
  return webhook;
}

// The values of one row's key: `text` where the column takes it, `number` elsewhere.
std::vector<Param> key_values(const Plan& plan, const std::string& text, int number) {
  std::vector<Param> values;
  for (const auto& key : plan.selection.key) {
    const Column* column = plan.table->find(key.name);
    if (column == nullptr || column->kind == Kind::integer) {
      values.push_back({Kind::integer, false, std::to_string(number)});
    } else {
      values.push_back({column->kind == Kind::hex ? Kind::text : column->kind, false, text});
    }
  }
  return values;
}

// Of letters alone: names by which columns are found are such, and our own, from which others' are kept apart.
bool means_something(const std::string& name) {
  return std::ranges::all_of(name, [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

Scene any_scene(FuzzedDataProvider& given) {
  static constexpr std::optional<Strategy> strategies[] = {std::nullopt, Strategy::xid, Strategy::timestamp,
                                                           Strategy::snapshot};
  Scene scene;
  const auto type = given.PickValueInArray({DbType::postgres, DbType::mysql, DbType::sqlite});
  scene.table = any_table(given, type);
  std::vector<std::string> names;
  for (const auto& column : scene.table.columns) names.push_back(column.name);
  scene.webhook = any_webhook(given, type, names);
  scene.webhook.object_type = scene.table.name.name;
  scene.before = given.PickValueInArray(strategies);
  if (given.ConsumeBool()) scene.range_rows = given.ConsumeIntegralInRange(1, 3);
  // The digit before each keeps them in order, and apart.
  for (int i = 0; i < 4; ++i) scene.values.push_back(std::to_string(i) + any_text(given, 16));
  scene.known_rows = given.ConsumeIntegralInRange(0, 3);
  scene.counted = given.ConsumeIntegralInRange(0, 3);
  scene.swept = given.ConsumeBool();
  scene.state = given.ConsumeIntegralInRange(0, 7);
  return scene;
}

Renaming plain_names(const Scene& scene) {
  Renaming names;
  for (const auto& column : scene.table.columns)
    names[column.name] = means_something(column.name) ? column.name : "column " + std::to_string(names.size());
  return names;
}

Renaming plain_values(const Scene& scene) {
  Renaming values;
  for (const auto& value : scene.values) values[value] = value.substr(0, 1) + "plain";
  for (const auto& filter : scene.webhook.filters)
    for (const auto& value : filter.values)
      if (value.kind == Kind::text)
        values.emplace(value.text, parse_time(value.text) ? value.text : "value " + std::to_string(values.size()));
  return values;
}

Scene renamed(Scene scene, const Renaming& names, const Renaming& values) {
  const auto rename = [&](std::string& name) { name = names.at(name); };
  const auto rename_all = [&](std::vector<std::string>& list) { std::ranges::for_each(list, rename); };
  if (!scene.table.name.schema.empty() && scene.table.name.schema != "main") scene.table.name.schema = "schema s";
  if (!means_something(scene.table.name.name)) scene.table.name.name = "table t";
  for (auto& column : scene.table.columns) rename(column.name);
  rename_all(scene.table.primary_key);
  for (auto& index : scene.table.indexes) rename_all(index.columns);
  rename_all(scene.webhook.fields);
  auto& columns = scene.webhook.columns.edit();
  rename_all(columns.key);
  for (auto* name : {&columns.updated, &columns.created, &columns.deleted})
    if (!name->empty()) rename(*name);
  for (auto& filter : scene.webhook.filters) {
    rename(filter.column);
    for (auto& value : filter.values)
      if (value.kind == Kind::text) value.text = values.at(value.text);
  }
  for (auto& value : scene.values) value = values.at(value);
  return scene;
}

KnownRows known_of(const Scene& scene, const Plan& plan) {
  std::vector<KnownRow> rows;
  for (int i = 0; i < scene.known_rows && !plan.selection.key.empty(); ++i) {
    std::string key;
    bool whole = true;
    for (const auto& param : key_values(plan, scene.values[static_cast<std::size_t>(i)], i))
      whole = append_key(key, {.kind = param.kind, .text = param.text}) && whole;
    if (whole) rows.push_back({.key = key, .digest = std::string(16, 'd'), .mark = 0, .matched = true});
  }
  std::vector<KnownRange> ranges;
  if (!rows.empty()) ranges.push_back({.first = {}, .rows = 1, .fingerprint = "1,2"});
  for (std::size_t i = 1; i < rows.size(); ++i)
    ranges.push_back({.first = rows[i].key, .rows = 1, .fingerprint = "1,2"});
  KnownRows known;
  known.find = [rows](const std::string& key) -> Result<std::optional<KnownRow>> {
    const auto found = std::ranges::find(rows, key, &KnownRow::key);
    return found == rows.end() ? std::nullopt : std::optional(*found);
  };
  known.after = [rows](const std::string& after, int) -> Result<std::vector<KnownRow>> {
    std::vector<KnownRow> rest;
    std::ranges::copy_if(rows, std::back_inserter(rest), [&](const KnownRow& row) { return row.key > after; });
    return rest;
  };
  known.count = [count = scene.counted]() -> Result<std::int64_t> { return count; };
  known.ranges = [ranges]() -> Result<std::vector<KnownRange>> { return ranges; };
  return known;
}

std::string checkpoint_of(const Scene& scene, const Plan& plan) {
  if (scene.state == 0) return {};
  nlohmann::json state = {{"strategy", name_of(plan.strategy)}};
  const bool odd = (scene.state & 1) != 0;
  if ((scene.state & 2) != 0) state["first"] = true;
  auto after = key_values(plan, scene.values.back(), 3);
  if (plan.strategy == Strategy::xid) {
    state.update(
        {{"horizon", 50}, {"delivered", {60, {70, 75}}}, {"noted", odd}, {"parts", {1, 2}}, {"server", "1 2"}});
    if ((scene.state & 4) != 0) state["everything"] = true;
    const bool by_place = !plan.firm_key;
    if (by_place) after = {{Kind::text, false, "(0,1)"}};
    if (by_place && (plan.table->relation == Relation::partitioned_table || plan.table->has_heirs))
      after.insert(after.begin(), {Kind::text, false, "17"});
    if (scene.swept) {
      state["sweep"] = {{"horizon", 55}, {"seen", {61}}, {"after", write_params(after)}, {"parts", {1, 3}}};
      if (by_place) state["sweep"]["place"] = "1234";
    }
  } else if (plan.strategy == Strategy::timestamp) {
    const std::int64_t micros = 1'700'000'000'000'000;
    state.update({{"form", scene.state % 7}, {"newest", micros}});
    if (odd) state["bound"] = micros - 60'000'000;
    if (odd) after.insert(after.begin(), {Kind::text, false, "2026-11-23 09:00:00"});
    if (scene.swept) state["sweep"] = {{"bound", micros}, {"after", write_params(after)}, {"by_key", !odd}};
  }
  return state.dump();
}

}  // namespace vhookd::fuzz
