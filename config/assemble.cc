#include "config/assemble.h"

#include <nlohmann/json.hpp>

#include "config/spelling.h"
#include "config/stored.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

// A connection as read; one with faults keeps its name taken, so that they are not reported again by each webhook.
struct Connection {
  Place place;
  std::optional<Shared<Database>> database;
};
using Connections = std::map<std::string, Connection>;

// The type a url and a db_type make together; nothing, and an error at the db_type, where they contradict each other.
std::optional<Database> database_of(const Input& in, const Given& given, const DatabaseDraft& draft) {
  if (!draft.db_url) return std::nullopt;
  const DatabaseUrl& url = *draft.db_url;
  const auto place = [&](const char* key) { return given.contains(key) ? given.at(key)->place : in.node->place; };
  if (!draft.db_type && given.contains("db_type")) return std::nullopt;  // given and wrong
  const auto type = draft.db_type ? draft.db_type : db_type_of_scheme(url.scheme);
  if (!type) {
    in.context->report.error(place("db_url"), in.path + ".db_type",
                             "is missing, and db_url has no scheme that says it; set db_type: postgres");
    return std::nullopt;
  }
  if (!fits(url, *type)) {
    in.context->report.error(place("db_type"), in.path + ".db_type",
                             std::string(name_of(*type)) + " does not fit db_url" +
                                 (url.scheme.empty() ? ", which is in libpq's form of keywords"
                                                     : ", which begins with " + url.scheme + "://") +
                                 "; a " + std::string(name_of(*type)) + " has " + schemes_of(*type));
    return std::nullopt;
  }
  return Database{*type, url.url, url.display, draft.db_schema};
}

Connections read_connections(const std::vector<Input>& maps) {
  const auto& keys = connection_keys();
  Connections connections;
  for (const Input& map : maps) {
    for (const auto& [name, entry] : entries_of(map, "names and databases")) {
      const auto [known, fresh] = connections.emplace(name, Connection{entry.key_place, {}});
      if (!fresh) {
        entry.context->report.error(
            entry.key_place, entry.path,
            "is already defined at " + entry.context->report.where(known->second.place) + "; keep one");
        continue;
      }
      if (name.empty()) entry.context->report.error(entry.key_place, entry.path, "has no name; give it one");
      DatabaseDraft draft;
      const Given given = read_map(entry, keys, draft);
      demand(entry, infos(keys), given);
      known->second.database = database_of(entry, given, draft);
    }
  }
  return connections;
}

// One webhook on its way, with what is needed to speak of it.
struct Candidate {
  const Input& in;
  const Given& own;  // its own keys
  const Given& inherited;
  WebhookDraft& draft;
  bool whole;  // as of Parts

  bool has(const char* key) const { return own.contains(key) || inherited.contains(key); }
  Place place(const char* key) const { return own.contains(key) ? own.find(key)->second->place : in.node->place; }
  // As written: a value may stand in for a secret, however odd that is here.
  std::string written(const char* key) const {
    return in_quotes((own.contains(key) ? own : inherited).find(key)->second->text);
  }
  void wrong(const char* key, std::string_view what) const {
    std::string text(what);
    if (!own.contains(key) && inherited.contains(key))
      text += " (the value is from defaults, " + in.context->report.where(inherited.find(key)->second->place) + ")";
    in.context->report.error(place(key), in.path + "." + key, text);
  }
};

std::string unknown_connection(const std::string& name, const Connections& connections) {
  std::vector<std::string> names;
  for (const auto& [known, connection] : connections) names.push_back(known);
  const std::string near = nearest(name, names);
  if (!near.empty()) return "; did you mean " + near + "?";
  return names.empty() ? "; add one, or give the webhook its own db_url" : "; known are " + joined(names);
}

// Takes a connection's database for a webhook that says nothing, or less, of its own.
std::optional<Shared<Database>> inherited_database(const Candidate& entry, const Connections& connections) {
  const WebhookDraft& draft = entry.draft;
  if (draft.connection_id.empty()) return std::nullopt;  // missing or wrong: reported
  const auto known = connections.find(draft.connection_id);
  if (known == connections.end()) {
    if (!entry.whole) return std::nullopt;
    entry.wrong("connection_id", entry.written("connection_id") + " names no entry under connections" +
                                     unknown_connection(draft.connection_id, connections));
    return std::nullopt;
  }
  auto database = known->second.database;
  if (!database) return std::nullopt;
  if (!draft.db_schema.empty()) database->edit().schema = draft.db_schema;
  if (!draft.db_type || *draft.db_type == (*database)->type) return database;
  if (dialect_of(*draft.db_type) != dialect_of((*database)->type)) {
    entry.wrong("db_type", std::string(name_of(*draft.db_type)) + " does not fit connection " +
                               in_quotes(draft.connection_id) + ", a " + std::string(name_of((*database)->type)) +
                               "; leave db_type out here");
    return std::nullopt;
  }
  database->edit().type = *draft.db_type;
  return database;
}

void find_database(const Candidate& entry, const Connections& connections) {
  Given given = entry.inherited;
  for (const auto& [key, value] : entry.inherited) given[key] = entry.in.node;
  for (const auto& [key, value] : entry.own) given[key] = value;
  std::optional<Shared<Database>> database;
  if (entry.has("db_url")) {
    database = database_of(entry.in, given, entry.draft);
  } else {
    database = inherited_database(entry, connections);
  }
  if (database) entry.draft.database = std::move(*database);
}

// Settings that are fine alone and make no sense together.
void check_together(const Candidate& entry) {
  const WebhookDraft& draft = entry.draft;
  if (!draft.include_created && draft.event != Event::updated)
    entry.wrong("include_created",
                "false makes sense with event: updated only; remove it, or set include_created: true");
  if (draft.detect == Detect::xid && !draft.database->url.empty() &&
      dialect_of(draft.database->type) != Dialect::postgres)
    entry.wrong("detect", "xid is PostgreSQL's own, and this is a " + std::string(name_of(draft.database->type)) +
                              "; use auto, timestamp or snapshot");
  const bool sees_rows_only = draft.detect == Detect::xid || draft.detect == Detect::timestamp;
  if (draft.event == Event::deleted && sees_rows_only)
    entry.wrong("detect", std::string(name_of(draft.detect)) + " cannot see rows that are gone; use snapshot or auto");
  if (draft.event == Event::deleted && draft.include_all)
    entry.in.context->report.notice(entry.place("include_all"), entry.in.path + ".include_all",
                                    "has no effect with event: deleted; there is nothing to send first");
}

class Assembler {
 public:
  explicit Assembler(const Parts& parts) : connections_(read_connections(parts.connections)), whole_(parts.whole) {
    if (parts.defaults) inherited_ = read_map(*parts.defaults, default_keys(), defaults_);
  }

  void expect(std::size_t webhooks) { webhooks_.reserve(webhooks); }

  void read(const Input& list) {
    if (list.node->type == Node::Type::null) return;
    if (list.node->type != Node::Type::list) return list.wrong("must be a list; begin each webhook with - id:");
    for (std::size_t i = 0; i < list.node->items.size(); ++i) {
      const Input in = list.item(i);
      if (in.node->type != Node::Type::map) {
        in.wrong("must be a map of keys and values; begin it with - id:");
      } else {
        webhooks_.push_back(webhook(in));
      }
    }
  }

  std::vector<Webhook> take() { return std::move(webhooks_); }

  Webhook webhook(const Input& in) {
    WebhookDraft draft = defaults_;
    const Given own = read_map(in, keys_, draft);
    demand(in, infos_, own, inherited_);
    const Candidate entry{in, own, inherited_, draft, whole_};
    find_database(entry, connections_);
    check_together(entry);
    take_id(entry);
    draft.filters = std::move(draft.filter.conditions);
    draft.filters_json = std::move(draft.filter.json);
    if (draft.labels->integration_type.empty()) draft.labels.edit().integration_type = name_of(draft.database->type);
    share(draft);
    return std::move(static_cast<Webhook&>(draft));  // what the decoder needed besides is left behind
  }

 private:
  void take_id(const Candidate& entry) {
    const std::string& id = entry.draft.id;
    if (id.empty()) return;
    const Place place = entry.place("id");
    const Report& report = entry.in.context->report;
    if (Shared<std::string> file(report.files().at(static_cast<std::size_t>(place.file))); origin_file_ != file)
      origin_file_ = file;
    entry.draft.origin = {origin_file_, place.line};
    const auto [known, fresh] = ids_.emplace(id, place);
    if (!fresh)
      entry.wrong("id", entry.written("id") + " is taken by the webhook at " + report.where(known->second) +
                            "; ids are unique");
  }

  // Webhooks that are written out alike stand mostly one after the other.
  void share(Webhook& webhook) {
    webhook.database.join(last_.database);
    webhook.delivery.join(last_.delivery);
    webhook.labels.join(last_.labels);
    webhook.columns.join(last_.columns);
    last_ = {.database = webhook.database,
             .delivery = webhook.delivery,
             .labels = webhook.labels,
             .columns = webhook.columns};
  }

  const Keys<WebhookDraft>& keys_ = webhook_keys();
  const KeyTable infos_ = infos(keys_);
  const Connections connections_;
  const bool whole_;
  WebhookDraft defaults_;
  Given inherited_;
  std::map<std::string, Place> ids_;
  Webhook last_;  // its shared parts only
  Shared<std::string> origin_file_;
  std::vector<Webhook> webhooks_;
};

// The tree YAML would make of the same value. Strings are quoted, so that none is taken for something else.
Node tree_of(const nlohmann::ordered_json& json, Place place) {
  Node node{.place = place};
  if (json.is_array()) {
    node.type = Node::Type::list;
    for (const auto& item : json) node.items.push_back(tree_of(item, place));
  } else if (json.is_object()) {
    node.type = Node::Type::map;
    for (const auto& [name, value] : json.items())
      node.entries.push_back({Node{Node::Type::quoted, place, name, {}, {}}, tree_of(value, place)});
  } else if (json.is_string()) {
    node.type = Node::Type::quoted;
    node.text = json.get<std::string>();
  } else if (!json.is_null()) {
    node.type = Node::Type::plain;
    node.text = json.dump();
  }
  return node;
}

// Parts of a former load as those of this one.
Parts in_context(Parts parts, Context& context) {
  if (parts.defaults) parts.defaults->context = &context;
  for (Input& connections : parts.connections) connections.context = &context;
  parts.webhooks.clear();
  return parts;
}

}  // namespace

std::vector<Webhook> assemble(const Parts& parts, const std::function<void(const Node* list)>& read) {
  Assembler assembler(parts);
  std::size_t count = 0;
  for (const Input& list : parts.webhooks) count += list.node->items.size();
  assembler.expect(count);
  for (const Input& list : parts.webhooks) {
    assembler.read(list);
    read(list.node);
  }
  return assembler.take();
}

struct StoredReader::Impl {
  Impl(std::shared_ptr<const Base> of, const SecretSources& sources)
      : base(std::move(of)),
        secrets(sources),
        context{report, secrets},
        assembler(in_context(base->parts, named(context))) {}

  Context& named(Context& of) const {
    name_files(of.report);
    return of;
  }
  void name_files(Report& of) const {
    for (const std::string& file : base->files) of.add_file(file);
  }

  std::shared_ptr<const Base> base;
  SecretSources secrets;
  Report report;  // of connections and defaults
  Context context;
  Assembler assembler;
};

StoredReader::StoredReader(std::shared_ptr<const Base> base, const SecretSources& secrets)
    : impl_(std::make_unique<Impl>(std::move(base), secrets)) {}
StoredReader::~StoredReader() = default;

StoredWebhook StoredReader::read(const std::string& json) {
  Report report;
  impl_->name_files(report);
  const Place place{report.add_file(""), 0, 0};
  Context context{report, impl_->secrets};
  const Node node = tree_of(nlohmann::ordered_json::parse(json, nullptr, false), place);
  StoredWebhook stored{impl_->assembler.webhook({&context, &node, "webhook", place}), impl_->report.errors()};
  stored.webhook.origin = {std::string("the API")};
  // A place without file or line leaves ": " before the key.
  for (auto& error : report.errors()) stored.errors.push_back(error.starts_with(": ") ? error.substr(2) : error);
  return stored;
}

}  // namespace vhookd::config
