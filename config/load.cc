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

// The *.yaml of a folder in name order. A .yml is not read, and said not to be.
std::vector<std::string> files_in(const std::string& folder, Report& report) {
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
    std::string name = entry->path().filename();
    if (name.starts_with('.')) continue;  // an editor's
    const std::string path = (fs::path(folder) / name).string();
    if (name.ends_with(".yml"))
      report.notice({report.add_file(path)}, "", "is not read; give it a name that ends with .yaml");
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
  const fs::path beside = (folder ? fs::path(path) : fs::path(path).parent_path()) / "conf.d";
  if (fs::is_directory(beside, fault)) std::ranges::copy(files_in(beside.string(), report), std::back_inserter(files));
  if (files.empty() && !report.failed())
    report.error({report.add_file(path)}, "", "holds no *.yaml; put vhookd.yaml there, or name a file");
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
    std::string mend;
    if (why == ENOENT) mend = "; make it, or name another with --config or VHOOKD_CONFIG";
    if (why == EACCES) mend = "; make it, and the folders on the way, readable for vhookd's user";
    report.error({number}, "", std::string("cannot be read: ") + std::strerror(why) + mend);
    return std::nullopt;
  }
  if (bytes.size() <= largest_file) return bytes;
  report.error({number, 1, 1}, "yaml", "is larger than 1 MiB; put webhooks into several files under conf.d");
  return std::nullopt;
}

// Reads file after file; what may be said only once is said once among all of them.
class Loader {
 public:
  explicit Loader(Context& context) : context_(context) {}

  void read(const std::string& path) {
    const int number = context_.report.add_file(path);
    base_->files = context_.report.files();  // others were numbered meanwhile
    const auto bytes = read_file(path, number, context_.report);
    auto tree = bytes ? parse_yaml(*bytes, number, context_.report) : std::nullopt;
    if (!tree) base_->parts.whole = false;
    if (!tree) return;
    base_->trees.push_back(std::move(*tree));
    Node& root = base_->trees.back();
    if (root.place.line == 0) root.place = Place{number, 1, 1};
    if (root.type != Node::Type::map && root.type != Node::Type::null)
      return context_.report.error(root.place, "yaml", "must be a map of keys and values");
    read_top({&context_, &root, "", root.place});
  }

  Config take() {
    Config config{std::move(top_.state),
                  std::move(top_.api),
                  std::move(top_.log),
                  std::move(top_.egress),
                  top_.limits,
                  {},
                  {},
                  base_};
    config.webhooks = assemble(base_->parts, [this](const Node* list) { forget(list); });
    base_->parts.webhooks.clear();
    return config;
  }

 private:
  void read_top(const Input& in) {
    TopDraft draft;
    const Given given = walk(in, infos_, [&](std::size_t index, const Input& value) {
      const std::string& name = keys_[index].name;
      if (name != "connections" && name != "webhooks") {
        const auto [known, fresh] = set_.emplace(name, value.key_place);
        if (!fresh)
          return context_.report.error(
              value.key_place, name,
              "is already set at " + context_.report.where(known->second) + "; set it in one file only");
      }
      keys_[index].read(value, name == "connections" || name == "webhooks" ? draft : top_);
    });
    Parts& parts = base_->parts;
    if (top_.defaults) parts.defaults = top_.defaults;
    if (draft.connections) parts.connections.push_back(*draft.connections);
    if (draft.webhooks) parts.webhooks.push_back(*draft.webhooks);
  }

  // The tree of a list of webhooks takes more room than what was made of it, and nobody asks for it again.
  void forget(const Node* list) {
    for (Node& tree : base_->trees)
      for (Entry& entry : tree.entries)
        if (&entry.value == list) entry.value = Node{.place = list->place};
  }

  Context& context_;
  const Keys<TopDraft>& keys_ = top_keys();
  const KeyTable infos_ = infos(keys_);
  std::shared_ptr<Base> base_ = std::make_shared<Base>();
  TopDraft top_;
  std::map<std::string, Place> set_;
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
