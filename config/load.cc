#include "config/load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "config/assemble.h"
#include "config/keys.h"

namespace vhookd::config {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 1 << 20;

// The *.yaml files of a folder in name order. A .yml file is reported as ignored.
std::vector<std::string> files_in(const std::string& folder, Report& report) {
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    std::string name = entry->path().filename();
    if (name.starts_with('.')) continue;  // an editor's backup or swap file
    const std::string path = (fs::path(folder) / name).string();
    if (name.ends_with(".yml")) report.notice({report.add_file(path)}, "", "is ignored; rename it to end with .yaml");
    if (name.ends_with(".yaml")) names.push_back(path);
  }
  if (fault) report.error({report.add_file(folder)}, "", "cannot be read: " + fault.message());
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> files_of(const std::string& path, Report& report) {
  std::error_code fault;
  const bool folder = fs::is_directory(path, fault);
  std::vector<std::string> files = folder ? files_in(path, report) : std::vector{path};
  const fs::path conf_d = (folder ? fs::path(path) : fs::path(path).parent_path()) / "conf.d";
  if (fs::is_directory(conf_d, fault)) std::ranges::copy(files_in(conf_d.string(), report), std::back_inserter(files));
  if (files.empty() && !report.failed())
    report.error({report.add_file(path)}, "",
                 "contains no *.yaml file; put vhookd.yaml there, or give the path of a file");
  return files;
}

std::optional<std::string> read_file(const std::string& path, int number, Report& report) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  std::array<char, 16384> piece{};
  while (bytes.size() <= largest_file && file) {
    file.read(piece.data(), piece.size());
    bytes.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad() || !file.is_open() || (file.fail() && !file.eof())) {
    const int why = errno == 0 ? EIO : errno;
    std::string remedy;
    if (why == ENOENT) remedy = "; create it, or set another path with --config or VHOOKD_CONFIG";
    if (why == EACCES) remedy = "; make it and its parent folders readable for vhookd's user";
    report.error({number}, "", std::string("cannot be read: ") + std::strerror(why) + remedy);
    return std::nullopt;
  }
  if (bytes.size() <= largest_file) return bytes;
  report.error({number, 1, 1}, "yaml", "is larger than 1 MiB; split the webhooks into several files under conf.d");
  return std::nullopt;
}

// Reads the files one after another. A top-level key may be set only once in all of them.
class Loader {
 public:
  explicit Loader(Context& context) : context_(context) {}

  void read(const std::string& path) {
    const int number = context_.report.add_file(path);
    shared_->files = context_.report.files();  // files_in() may have added others
    const auto bytes = read_file(path, number, context_.report);
    auto tree = bytes ? parse_yaml(*bytes, number, context_.report) : std::nullopt;
    if (!tree) shared_->sections.complete = false;
    if (!tree) return;
    shared_->trees.push_back(std::move(*tree));
    Node& root = shared_->trees.back();
    if (root.location.line == 0) root.location = Location{number, 1, 1};
    if (root.type != Node::Type::map && root.type != Node::Type::null)
      return context_.report.error(root.location, "yaml", "must be a map of keys and values");
    read_top({&context_, &root, "", root.location});
  }

  Config take() {
    Config config{std::move(top_.state),
                  std::move(top_.api),
                  std::move(top_.log),
                  std::move(top_.egress),
                  top_.limits,
                  {},
                  {},
                  shared_};
    config.webhooks = assemble(shared_->sections, [this](const Node* list) { forget(list); });
    shared_->sections.webhooks.clear();
    return config;
  }

 private:
  void read_top(const Input& in) {
    TopDraft draft;
    const PresentKeys given = read_entries(in, infos_, [&](std::size_t index, const Input& value) {
      const std::string& name = keys_[index].name;
      if (name != "connections" && name != "webhooks") {
        const auto [known, fresh] = set_.emplace(name, value.key_location);
        if (!fresh)
          return context_.report.error(
              value.key_location, name,
              "is already set at " + context_.report.where(known->second) + "; set it in one file only");
      }
      keys_[index].read(value, name == "connections" || name == "webhooks" ? draft : top_);
    });
    FileSections& sections = shared_->sections;
    if (top_.defaults) sections.defaults = top_.defaults;
    if (draft.connections) sections.connections.push_back(*draft.connections);
    if (draft.webhooks) sections.webhooks.push_back(*draft.webhooks);
  }

  // Frees the tree of a list of webhooks: it takes more memory than the webhooks, and is not needed again.
  void forget(const Node* list) {
    for (Node& tree : shared_->trees)
      for (Entry& entry : tree.entries)
        if (&entry.value == list) entry.value = Node{.location = list->location};
  }

  Context& context_;
  const Keys<TopDraft>& keys_ = top_keys();
  const KeyTable infos_ = infos(keys_);
  std::shared_ptr<SharedSettings> shared_ = std::make_shared<SharedSettings>();
  TopDraft top_;
  std::map<std::string, Location> set_;
};

}  // namespace

std::expected<Config, Errors> load(const std::string& path, const SecretSources& secrets) {
  Report report;
  Context context{report, secrets};
  Loader loader(context);
  for (const std::string& file : files_of(path, report)) loader.read(file);
  Config config = loader.take();
  if (report.failed()) return std::unexpected(report.errors());
  if (config.webhooks.empty())
    report.notice({report.add_file(path)}, "", "no webhooks are configured; nothing will be polled");
  config.notices = report.notices();
  return config;
}

}  // namespace vhookd::config
