#include "daemon/cli/init_file.h"

#include <simdjson.h>

#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "config/database_url.h"
#include "connectors/connector.h"
#include "core/crypto.h"
#include "core/text.h"
#include "daemon/explain/explanation_print.h"
#include "daemon/output/terminal.h"
#include "scheduler/detect/index_advice.h"
#include "scheduler/detect/plan.h"

namespace vhookd {

namespace {

using config::Event;

constexpr std::size_t longest_id = 64;
constexpr std::size_t longest_name = 1000;  // the limit of config::load

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

// Whether a configuration can contain the name.
bool can_be_written(std::string_view name) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !name.empty() && name.size() <= longest_name && is_utf8(name) && std::ranges::none_of(name, control);
}

// `text` for use in a comment: without line breaks and invalid UTF-8.
std::string remark(std::string_view text) {
  std::string out = printable(text);
  if (!is_utf8(out))
    for (char& c : out) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  // YAML 1.1 parsers treat these as line breaks.
  return replaced(replaced(std::move(out), "\u2028", " "), "\u2029", " ");
}

// A YAML scalar: plain if every parser reads it as this text, otherwise quoted as in JSON, which is valid YAML.
std::string scalar(const std::string& text) {
  static const std::set<std::string> words = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  const std::string low = lower(text);
  const bool plain =
      !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 && !text.ends_with(':') &&
      std::ranges::all_of(low, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("_-./:?=&@%~+,${}").contains(c);
      });
  if (plain && !words.contains(low)) return text;
  // Escape characters that terminals interpret or that other YAML parsers treat as line breaks.
  std::string quoted = replaced(replaced(nlohmann::json(text).dump(), "\u2028", "\\u2028"), "\u2029", "\\u2029");
  for (char c = '\x80'; c < '\xA0'; ++c)
    quoted = replaced(quoted, std::string("\xC2") + c, "\\x" + hex_lower(std::string(1, c)));
  return quoted;
}

// A name from the database as a scalar, with ${ escaped.
std::string name_scalar(const std::string& name) {
  return scalar(replaced(name, "${", "$${"));
}

class Ids {
 public:
  // Returns a unique id that ends with `suffix`.
  std::string make(const std::string& name, const std::string& suffix) {
    std::string base;
    for (const char c : name) {
      const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
      if (fits || !base.ends_with('-')) base += fits ? c : '-';
    }
    base = base.substr(base.find_first_not_of('-') == std::string::npos ? base.size() : base.find_first_not_of('-'));
    while (base.ends_with('-')) base.pop_back();
    if (base.empty()) base = "table";
    for (int number = 1;; ++number) {
      const std::string end = (number == 1 ? "" : "-" + std::to_string(number)) + suffix;
      std::string id = base.substr(0, longest_id - end.size()) + end;
      if (taken_.insert(id).second) return id;
    }
  }

 private:
  std::set<std::string> taken_;
};

// The column that marks soft-deleted rows, guessed by name; empty: none.
std::string soft_deletion(const Table& table) {
  for (const auto& column : table.columns) {
    std::string plain = lower(column.name);
    std::erase(plain, '_');
    if ((plain == "deletedat" || plain == "isdeleted" || plain == "deletedon") && can_be_written(column.name))
      return column.name;
  }
  return {};
}

class File {
 public:
  File(const InitSource& source, const SourceTraits& traits, const std::string& server)
      : source_(source), traits_(traits), roles_(traits.capabilities().roles) {
    const auto& database = source.database;
    out_ = "# From `vhookd init`: " + remark(server) + ", " + remark(database.display) +
           "\n"
           "# Review it, set each hook_url, then run: vhookd check --probe. vhookd explain ID shows the details of a "
           "webhook.\n"
           "\n"
           "connections:\n"
           "  source:\n"
           "    db_type: " +
           std::string(name_of(database.type)) + "\n";
    for (const auto& variable : source.variables)
      out_ += "    # Set " + variable + " in vhookd's environment to the password," +
              " not percent-encoded. ${file:/path} and ${credential:NAME} work as well.\n";
    if (source.variables.empty() && roles_)
      out_ += "    # No password. If one is needed, write reader:${env:NAME}@host to keep it out of this file.\n";
    out_ += "    db_url: " + scalar(source.url) + "\n";
  }

  void schema(const std::string& schema) {
    schema_ = schema;
    if (schema.empty() || !roles_) return;
    if (can_be_written(schema)) out_ += "    db_schema: " + name_scalar(schema) + "\n";
  }

  void begin_webhooks(bool may_write, bool any) {
    if (may_write && roles_)  // the owner of a file may always write
      out_ += "    # This role may write to the tables. vhookd needs only SELECT: use a separate role.\n";
    out_ +=
        "\n"
        "# Settings of all webhooks; a webhook can override them.\n"
        "defaults:\n"
        "  interval: 1m\n"
        "  # secret: ${credential:hook-secret}   # signs each POST; `vhookd secret` prints a new one\n"
        "\n";
    out_ += any ? "webhooks:\n" : "webhooks: []\n";
  }

  void table(const InitTable& found) {
    out_ += "\n";
    if (!found.table) return comment(found.name.name + ": left out, " + found.table.error().message);
    const Table& table = *found.table;
    webhook_.database = source_.database;
    webhook_.object_type = table.name.name;
    const auto updated = plan(Event::updated, table);
    const std::string count =
        table.estimated_rows < 0 ? "" : ", about " + std::to_string(table.estimated_rows) + " rows";
    const bool elsewhere = table.name.schema != schema_;
    const std::string full = (elsewhere ? table.name.schema + "." : "") + table.name.name;
    db_schema_ = elsewhere ? "    db_schema: " + name_scalar(table.name.schema) + "\n" : "";
    comment(full + ", " + std::string(relation_name(table.relation)) + count);
    if (updated) add_details(*updated);
    const bool writable = can_be_written(table.name.name) && (!elsewhere || can_be_written(table.name.schema));
    if (!writable)
      return comment(
          "left out: a configuration cannot contain this name, which has control characters, invalid UTF-8 or too many "
          "bytes");
    if (!updated) comment("left out: " + reason(updated.error()));
    name_ = elsewhere ? table.name.schema + "-" + table.name.name : table.name.name;
    write(Event::updated, ids_.make(name_, ""), updated.has_value(), updated ? "" : no_key(table));
    if (updated) variants(table);
  }

  std::string take() { return std::move(out_); }

 private:
  void comment(const std::string& text) { out_ += "  # " + remark(text) + "\n"; }

  Result<Plan> plan(Event event, const Table& table) {
    webhook_.event = event;
    return make_plan(webhook_, table, traits_, std::nullopt);
  }

  // An error of make_plan() begins with the webhook's id, which is still empty here.
  static std::string reason(const Error& error) {
    return error.message.starts_with(": ") ? error.message.substr(2) : error.message;
  }

  static std::string no_key(const Table& table) {
    return table.primary_key.empty() ? "    key: COLUMNS that identify a row, such as id\n" : "";
  }

  void add_details(const Plan& plan) {
    comment("detected by " + std::string(name_of(plan.strategy)) + ": " + plan.reason);
    comment("key: " + key_text(plan) + "; updated: " + (plan.updated.empty() ? "none" : plan.updated) +
            "; created: " + (plan.created.empty() ? "none" : plan.created));
    const auto index = index_advice(plan);
    comment("cost: " + index.cost);
    if (!index.missing.empty()) comment("index missing: " + index.missing);
  }

  void variants(const Table& table) {
    for (const auto event : {Event::created, Event::deleted}) {
      const auto how = plan(event, table);
      const std::string name(config::name_of(event));
      if (!how) {
        comment(name + ": " + reason(how.error()));
        continue;
      }
      comment(name + " rows only, detected by " + std::string(name_of(how->strategy)) + ": " + how->reason);
      const auto soft = event == Event::deleted ? soft_deletion(table) : "";
      write(event, ids_.make(name_, "-" + name), false,
            soft.empty() ? "" : "    deleted_column: " + name_scalar(soft) + "\n");
    }
  }

  // Writes a webhook, commented out unless `live`. `more`: additional lines.
  void write(Event event, const std::string& id, bool live, const std::string& more) {
    const std::string text = "  - id: " + scalar(id) + "\n    connection_id: source\n" + db_schema_ +
                             "    object_type: " + name_scalar(webhook_.object_type) +
                             "\n    event: " + std::string(config::name_of(event)) + "\n" + more +
                             "    hook_url: https://example.invalid/hooks/" + id + "   # the receiver of the changes\n";
    out_ += live ? text : "  # " + replaced(text.substr(2, text.size() - 3), "\n  ", "\n  # ") + "\n";
  }

  const InitSource& source_;
  const SourceTraits& traits_;
  bool roles_;               // the database has logins with passwords and rights of their own
  config::Webhook webhook_;  // of the current plan
  std::string schema_;       // the connection's schema
  std::string db_schema_;    // the db_schema line of a table in another schema
  std::string name_;         // the base of the webhook ids
  Ids ids_;
  std::string out_;
};

}  // namespace

std::expected<InitSource, std::string> init_source(const std::string& url) {
  if (url.contains("${"))
    return std::unexpected(
        "contains ${…}, which is only valid in a configuration; give the URL itself, or write $ as %24");
  const auto read = config::read_database_url({.written = url, .pieces = {{.text = url, .written = {}}}});
  if (!read) return std::unexpected(read.error());
  const auto type = config::db_type_of(*read);
  InitSource source{.database = {.type = type, .url = read->url, .display = read->display, .schema = {}},
                    .url = read->display,
                    .variables = {},
                    .schema = {}};
  if (!traits_of(type).capabilities().roles) return source;  // no password
  constexpr std::string_view hidden = "***";
  for (auto at = source.url.find(hidden); at != std::string::npos; at = source.url.find(hidden, at)) {
    const auto number = source.variables.size() + 1;
    source.variables.push_back("VHOOKD_DB_PASSWORD" + (number == 1 ? "" : "_" + std::to_string(number)));
    const auto reference = "${env:" + source.variables.back() + "}";
    source.url.replace(at, hidden.size(), reference);
    at += reference.size();
  }
  return source;
}

std::string init_file(const InitSource& source, const SourceTraits& traits, const std::string& server,
                      const std::vector<InitTable>& tables) {
  File file(source, traits, server);
  bool may_write = false;
  for (const auto& found : tables) may_write = may_write || (found.table && found.table->may_write);
  file.schema(!source.schema.empty() || tables.empty() ? source.schema : tables.front().name.schema);
  file.begin_webhooks(may_write, !tables.empty());
  for (const auto& found : tables) file.table(found);
  return file.take();
}

}  // namespace vhookd
