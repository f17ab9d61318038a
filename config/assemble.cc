#include "config/assemble.h"

#include "config/json_node.h"
#include "config/spelling.h"
#include "config/stored.h"
#include "config/url_parts.h"
#include "core/text.h"

namespace vhookd::config {

namespace {

// A connection as read. One with errors stays in the map without a database, so that webhooks that use it do not report
// the same errors again.
struct Connection {
  Location location;
  std::optional<Shared<Database>> database;
};
using Connections = std::map<std::string, Connection>;

// Combines db_url and db_type. If they contradict each other, reports an error at db_type and returns nullopt.
std::optional<Database> database_of(const Input& in, const PresentKeys& given, const DatabaseDraft& draft) {
  if (!draft.db_url) return std::nullopt;
  const DatabaseUrl& url = *draft.db_url;
  const auto location = [&](const char* key) {
    return given.contains(key) ? given.at(key)->location : in.node->location;
  };
  if (!draft.db_type && given.contains("db_type")) return std::nullopt;  // present but invalid
  const auto type = draft.db_type ? draft.db_type : db_type_of_scheme(url.scheme);
  if (!type) {
    in.context->report.error(location("db_url"), in.path + ".db_type",
                             "is missing, and db_url has no scheme to derive it from; set db_type: postgres");
    return std::nullopt;
  }
  if (!fits(url, *type)) {
    in.context->report.error(
        location("db_type"), in.path + ".db_type",
        std::string(name_of(*type)) + " does not match db_url" +
            (url.scheme.empty() ? ", which is a libpq keyword string" : ", which begins with " + url.scheme + "://") +
            "; a " + std::string(name_of(*type)) + " URL begins with " + schemes_of(*type));
    return std::nullopt;
  }
  return Database{*type, url.url, url.display, draft.db_schema};
}

Connections read_connections(const std::vector<Input>& maps) {
  const auto& keys = connection_keys();
  Connections connections;
  for (const Input& map : maps) {
    for (const auto& [name, entry] : named_entries(map, "names and databases")) {
      const auto [known, fresh] = connections.emplace(name, Connection{entry.key_location, {}});
      if (!fresh) {
        entry.context->report.error(
            entry.key_location, entry.path,
            "is already defined at " + entry.context->report.where(known->second.location) + "; keep one");
        continue;
      }
      if (name.empty())
        entry.context->report.error(entry.key_location, entry.path, "has an empty name; give it a name");
      DatabaseDraft draft;
      const PresentKeys given = read_map(entry, keys, draft);
      require_keys(entry, infos(keys), given);
      known->second.database = database_of(entry, given, draft);
    }
  }
  return connections;
}

// A webhook that is being assembled, with what error messages about it need.
struct Candidate {
  const Input& in;
  const PresentKeys& own;        // keys of the webhook itself
  const PresentKeys& inherited;  // keys of defaults
  WebhookDraft& draft;
  bool complete;  // FileSections::complete

  bool has(const char* key) const { return own.contains(key) || inherited.contains(key); }
  Location location(const char* key) const {
    return own.contains(key) ? own.find(key)->second->location : in.node->location;
  }
  // The value as written, in quotes: a resolved reference could be a secret.
  std::string written(const char* key) const {
    return in_quotes((own.contains(key) ? own : inherited).find(key)->second->text);
  }
  void wrong(const char* key, std::string_view what) const {
    std::string text(what);
    if (!own.contains(key) && inherited.contains(key))
      text +=
          " (the value comes from defaults, " + in.context->report.where(inherited.find(key)->second->location) + ")";
    in.context->report.error(location(key), in.path + "." + key, text);
  }
};

std::string unknown_connection(const std::string& name, const Connections& connections) {
  std::vector<std::string> names;
  for (const auto& [known, connection] : connections) names.push_back(known);
  const std::string near = nearest(name, names);
  if (!near.empty()) return "; did you mean " + near + "?";
  return names.empty() ? "; add one, or give the webhook its own db_url" : "; defined connections: " + joined(names);
}

// The database of the webhook's connection, with the webhook's own db_schema and db_type applied.
std::optional<Shared<Database>> inherited_database(const Candidate& entry, const Connections& connections) {
  const WebhookDraft& draft = entry.draft;
  if (draft.connection_id.empty()) return std::nullopt;  // missing or invalid: already reported
  const auto known = connections.find(draft.connection_id);
  if (known == connections.end()) {
    if (!entry.complete) return std::nullopt;
    entry.wrong("connection_id", entry.written("connection_id") + " is not defined under connections" +
                                     unknown_connection(draft.connection_id, connections));
    return std::nullopt;
  }
  auto database = known->second.database;
  if (!database) return std::nullopt;
  if (!draft.db_schema.empty()) database->edit().schema = draft.db_schema;
  if (!draft.db_type || *draft.db_type == (*database)->type) return database;
  if (url_family(*draft.db_type) != url_family((*database)->type)) {
    entry.wrong("db_type", std::string(name_of(*draft.db_type)) + " does not match connection " +
                               in_quotes(draft.connection_id) + ", which is a " +
                               std::string(name_of((*database)->type)) + " database; leave db_type out here");
    return std::nullopt;
  }
  database->edit().type = *draft.db_type;
  return database;
}

void set_database(const Candidate& entry, const Connections& connections) {
  PresentKeys given = entry.inherited;
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

// Reports settings that are valid alone and contradict each other.
void check_together(const Candidate& entry) {
  const WebhookDraft& draft = entry.draft;
  if (!draft.include_created && draft.event != Event::updated)
    entry.wrong("include_created", "false is valid only with event: updated; remove it, or set include_created: true");
  if (draft.detect == Detect::xid && !draft.database->url.empty() && !tells_transactions(draft.database->type))
    entry.wrong("detect", "xid works only with PostgreSQL, and this database is " +
                              std::string(name_of(draft.database->type)) + "; use auto, timestamp or snapshot");
  const bool misses_deletions = draft.detect == Detect::xid || draft.detect == Detect::timestamp;
  if (draft.event == Event::deleted && misses_deletions)
    entry.wrong("detect", std::string(name_of(draft.detect)) + " cannot detect deleted rows; use snapshot or auto");
  if (draft.event == Event::deleted && draft.include_all)
    entry.in.context->report.notice(entry.location("include_all"), entry.in.path + ".include_all",
                                    "has no effect with event: deleted, because there are no rows to send first");
}

class Assembler {
 public:
  explicit Assembler(const FileSections& sections)
      : connections_(read_connections(sections.connections)), complete_(sections.complete) {
    if (sections.defaults) inherited_ = read_map(*sections.defaults, default_keys(), defaults_);
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
    const PresentKeys own = read_map(in, keys_, draft);
    require_keys(in, infos_, own, inherited_);
    const Candidate entry{in, own, inherited_, draft, complete_};
    set_database(entry, connections_);
    check_together(entry);
    set_id(entry);
    draft.filters = std::move(draft.filter.conditions);
    draft.filters_json = std::move(draft.filter.json);
    if (draft.labels->integration_type.empty()) draft.labels.edit().integration_type = name_of(draft.database->type);
    share(draft);
    return std::move(static_cast<Webhook&>(draft));  // drops the members that only the draft has
  }

 private:
  void set_id(const Candidate& entry) {
    const std::string& id = entry.draft.id;
    if (id.empty()) return;
    const Location location = entry.location("id");
    const Report& report = entry.in.context->report;
    if (Shared<std::string> file(report.files().at(static_cast<std::size_t>(location.file))); origin_file_ != file)
      origin_file_ = file;
    entry.draft.origin = {origin_file_, location.line};
    const auto [known, fresh] = ids_.emplace(id, location);
    if (!fresh)
      entry.wrong("id", entry.written("id") + " is already used by the webhook at " + report.where(known->second) +
                            "; ids must be unique");
  }

  // Shares equal parts with the webhook before: webhooks with equal settings mostly follow each other.
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
  const bool complete_;
  WebhookDraft defaults_;
  PresentKeys inherited_;
  std::map<std::string, Location> ids_;
  Webhook last_;  // only its shared parts are set
  Shared<std::string> origin_file_;
  std::vector<Webhook> webhooks_;
};

// The connections and defaults of an earlier load, with `context` in place of that load's context.
FileSections in_context(FileSections sections, Context& context) {
  if (sections.defaults) sections.defaults->context = &context;
  for (Input& connections : sections.connections) connections.context = &context;
  sections.webhooks.clear();
  return sections;
}

}  // namespace

std::vector<Webhook> assemble(const FileSections& sections, const std::function<void(const Node* list)>& on_read) {
  Assembler assembler(sections);
  std::size_t count = 0;
  for (const Input& list : sections.webhooks) count += list.node->items.size();
  assembler.expect(count);
  for (const Input& list : sections.webhooks) {
    assembler.read(list);
    on_read(list.node);
  }
  return assembler.take();
}

struct StoredReader::Impl {
  Impl(std::shared_ptr<const SharedSettings> shared_settings, const SecretSources& sources)
      : shared(std::move(shared_settings)),
        secrets(sources),
        context{report, secrets},
        assembler(in_context(shared->sections, with_files(context))) {}

  Context& with_files(Context& of) const {
    add_files(of.report);
    return of;
  }
  void add_files(Report& to) const {
    for (const std::string& file : shared->files) to.add_file(file);
  }

  std::shared_ptr<const SharedSettings> shared;
  SecretSources secrets;
  Report report;  // errors in connections and defaults
  Context context;
  Assembler assembler;
};

StoredReader::StoredReader(std::shared_ptr<const SharedSettings> shared, const SecretSources& secrets)
    : impl_(std::make_unique<Impl>(std::move(shared), secrets)) {}
StoredReader::~StoredReader() = default;

StoredWebhook StoredReader::read(const std::string& json) {
  Report report;
  impl_->add_files(report);
  const Location location{report.add_file(""), 0, 0};
  Context context{report, impl_->secrets};
  const Node node = parse_json(json, location);
  StoredWebhook stored{impl_->assembler.webhook({&context, &node, "webhook", location}), impl_->report.errors()};
  stored.webhook.origin = {std::string("the API")};
  // A location without file name and line prints as "", which leaves ": " before the key.
  for (auto& error : report.errors()) stored.errors.push_back(error.starts_with(": ") ? error.substr(2) : error);
  return stored;
}

}  // namespace vhookd::config
